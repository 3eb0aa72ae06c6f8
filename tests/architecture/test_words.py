"""E-a: nothing in the sources ties the system to one machine or one download address, and no word is left open."""

import functools
import re

import pytest

from tests.architecture import sources

TEXT = (
    ".py", ".md", ".toml", ".txt", ".in", ".html", ".js", ".css", ".sql", ".yaml", ".yml", ".cfg", ".typ", ".po",
    ".sh", "Makefile", "Dockerfile", "LICENSE",
)  # fmt: skip
FORBIDDEN = {
    "an absolute path of one machine": re.compile(r"/(?:work|root|Users)/[\w.]|/home/(?!app\b|gatekeeper\b)\w+/"),
    "a download address or a mirror": re.compile(
        r"--(?:extra-)?index-url|--trusted-host|--find-links|pypi\.org/simple|files\.pythonhosted|/artifactory/|"
        r"registry\.npmjs|https?://[\w.-]*(?:mirror|proxy)",
        re.IGNORECASE,
    ),
    "a promise instead of the thing": re.compile(r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b"),
    "a check that is switched off without a reason": re.compile(r"#\s*(?:noqa|type:\s*ignore)\s*(?:$|[^:\[\s-])"),
    "a test that is switched off": re.compile(r"@pytest\.mark\.(?:skip|xfail)\b|pytest\.xfail\("),
    "a secret": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{30,}"),
    "a merge that was not finished": re.compile(r"^(?:<{7}|>{7}|={7})(?: |$)", re.MULTILINE),
}
# Where the words themselves are named, or speak of somebody else's files.
EXEMPT = {"tests/architecture/test_words.py", "static/vendor"}


@functools.cache
def texts():
    return {
        name: sources.text(name)
        for name in sources.files()
        if (name.endswith(TEXT) or name.startswith(".ci/")) and not name.startswith(tuple(EXEMPT))
    }


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in texts().items()
        for match in FORBIDDEN[what].finditer(text)
    ]
    assert not found, "\n".join(found)


def test_every_check_that_is_switched_off_in_a_line_says_why():
    unexplained = [
        f"{name}:{number}"
        for name in (*sources.python(), *sources.python(tests=True))
        for number, line in enumerate(sources.text(name).splitlines(), 1)
        if name not in EXEMPT
        and re.search(r"#\s*(?:noqa|type:\s*ignore)", line)
        and not re.search(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z-]+\]) +(?:-{1,2}|#) \S", line)
    ]
    assert not unexplained, "\n".join(unexplained)


def test_every_module_and_every_public_function_says_what_it_is():
    # ruff's D100 to D103 leave out what they call private; a module of ours always opens with a sentence.
    silent = [
        name
        for name in (*sources.python(), *sources.python(tests=True))
        if sources.tree(name).body and not _docstring(name)
    ]
    assert not silent, "\n".join(silent)


def _docstring(name):
    first = sources.tree(name).body[0]
    return getattr(getattr(first, "value", None), "value", None)


def test_every_file_is_text_that_ends_with_a_new_line():
    wrong = [name for name, text in texts().items() if text and (not text.endswith("\n") or "\r" in text)]
    assert not wrong, "\n".join(wrong)
