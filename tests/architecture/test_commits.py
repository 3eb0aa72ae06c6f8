"""E-a: the history can be read: each commit says in one short line what it changes."""

import re
import subprocess

import pytest

from tests.architecture.sources import ROOT

SINCE = "8a39aa7ae66a6fef31ae3498571af18cbccdd0b2"  # earlier subjects are as they are
LONGEST = 71
UNFINISHED = re.compile(r"(?:fixup|squash|amend)!|wip\b", re.IGNORECASE)
VAGUE = re.compile(r"(?:fix(?:es)?|updates?|changes?|misc|tmp|temp|stuff|more)\W*", re.IGNORECASE)


def fault_of(subject):
    """Return what is wrong with a commit's subject, "" when nothing is."""
    if not subject.strip():
        return "empty"
    if len(subject) > LONGEST:
        return f"{len(subject)} characters: {LONGEST} at most"
    if subject.endswith((".", "…")):
        return "ends with a full stop"
    if UNFINISHED.match(subject):
        return "unfinished"
    if VAGUE.fullmatch(subject):
        return "does not name what changed"
    return ""


def _git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_subject_since_the_guard_is_short_and_says_what_changed():
    is_complete = _git("merge-base", "--is-ancestor", SINCE, "HEAD").returncode == 0
    chosen = [f"{SINCE}..HEAD"] if is_complete else ["--max-count=1", "HEAD"]  # a shallow clone has no more
    log = _git("log", "--no-merges", "--format=%h %s", *chosen)
    assert log.returncode == 0, log.stderr
    faults = {line: fault for line in log.stdout.splitlines() if (fault := fault_of(line.partition(" ")[2]))}
    assert faults == {}


PLANTED = {
    "": "empty",
    "Refuse what nobody may sign": "",
    "Refuse what nobody may sign.": "ends with a full stop",
    "x" * 72: "72 characters: 71 at most",
    "x" * 71: "",
    "wip": "unfinished",
    "wip: the gate": "unfinished",
    "fixup! Refuse": "unfinished",
    "Fix": "does not name what changed",
    "Fix the gate's order": "",
}


@pytest.mark.parametrize("subject", PLANTED)
def test_a_subject_that_says_nothing_is_found(subject):
    assert fault_of(subject) == PLANTED[subject]
