"""E-a: what cannot be reviewed in one sitting cannot be validated: files and functions have a budget."""

import functools
import sys

import pytest

from tests.architecture import sources

BUDGETS = {"a source file": 400, "a test file": 500, "a template": 120, "a function": 50}


def _lines(name):
    return len(sources.text(name).splitlines())


def _measured():
    """Yield (kind, lines, where) of everything that has a budget."""
    for name in sources.python():
        yield "a source file", _lines(name), name
    for name in sources.python(tests=True):
        yield "a test file", _lines(name), name
    for name in sources.files():
        if name.endswith((".html", ".txt")) and "templates/" in name:
            yield "a template", _lines(name), name
    for name in (*sources.python(), *sources.python(tests=True)):
        for function in sources.functions(name):
            yield "a function", function.end_lineno - function.lineno + 1, f"{name}:{function.lineno} {function.name}"


@functools.cache
def measured():
    return sorted(_measured(), key=lambda row: (row[0], -row[1]))


@pytest.mark.parametrize("kind", BUDGETS)
def test_nothing_exceeds_its_budget(kind):
    over = [f"{lines} lines: {place}" for one, lines, place in measured() if one == kind and lines > BUDGETS[kind]]
    assert not over, "\n".join(over)


def test_the_ten_largest_of_each_are_shown(capsys):
    lines = [""]
    for kind, budget in BUDGETS.items():
        lines.append(f"  {kind} (at most {budget} lines)")
        lines += [f"    {count:4}  {place}" for one, count, place in measured() if one == kind][:10]
    with capsys.disabled():
        sys.stdout.write("\n".join(lines) + "\n")
