"""E-a: whoever changes something is told soon whether it still holds: the tests that a change touches are named."""

import grimp
import pytest

from tests import changed


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*changed.PACKAGES)


CHANGES = {
    "docs/glossary.md": {"tests/architecture"},
    "gatekeeper/core/limits.py": {"tests/core", "tests/release", "tests/batches"},
    "release/rules/titre.py": {"tests/release"},
    "release/views/gate.py": {"tests/release", "tests/journeys"},
    "tests/batches/making.py": {"tests/batches/test_deviations.py", "tests/release/test_api.py"},
    "tests/release/conftest.py": {"tests/release"},
    "templates/release/gate_findings.html": {"tests/release", "tests/journeys"},
    "templates/base.html": {"tests/journeys"},
    "static/js/plots.js": {"tests/journeys"},
    "release/data/markets.toml": {"tests/release"},
    "pyproject.toml": {"tests"},
}
UNTOUCHED = {
    "docs/glossary.md": {"tests/release", "tests/core", "tests/journeys"},
    "release/rules/titre.py": {"tests/accounts", "tests/core", "tests/journeys", "tests/batches"},
    "release/data/markets.toml": {"tests/journeys", "tests/batches"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_change_touches_is_tested(name, graph):
    tests = changed.touched([name], graph)
    missed = [test for test in CHANGES[name] if not any(test == at or test.startswith(f"{at}/") for at in tests)]
    assert missed == [], tests
    assert UNTOUCHED.get(name, set()) & set(tests) == set()


def test_a_test_that_changed_is_run_itself(graph):
    assert "tests/lots/test_actions.py" in changed.touched(["tests/lots/test_actions.py"], graph)


def test_several_changes_are_named_once(graph):
    tests = changed.touched(["release/rules/titre.py", "tests/release/test_api.py", "docs/glossary.md"], graph)
    assert tests == ["tests/architecture", "tests/release"]


def test_files_that_are_not_committed_count(tmp_path, monkeypatch):
    monkeypatch.setattr(
        changed, "_git", lambda *arguments: {"merge-base": ["a"], "diff": ["b.py"]}.get(arguments[0], ["c.py"])
    )
    assert changed.changed_files() == ["b.py", "c.py"]
