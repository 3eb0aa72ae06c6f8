"""A finding: one thing that stands in the way of a lot, as a value."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from release.rules.dossier import Dossier


class State(StrEnum):
    """The kind of a finding: outside its limits, not known, or missing."""

    ACTION = "action"
    UNKNOWN = "unknown"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the finding is about: its kind and natural key, from which the page or endpoint makes the link."""

    kind: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the way: ``template`` and ``clears`` are English sentences with ``{named}`` parameters."""

    code: str
    state: State
    template: str
    subject: Subject
    clears: str
    params: tuple[tuple[str, str], ...] = ()
    check: str = ""

    @property
    def message(self) -> str:
        """The sentence in English."""
        return self.template.format(**dict(self.params))


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the gate: a permanent code (domain.md 4.2), its title, and the function that lists findings."""

    code: str
    title: str
    function: Callable[[Dossier], Iterable[Finding]]


def finding(code: str, state: State, template: str, /, subject: Subject, clears: str, **params: object) -> Finding:
    """Return a finding; parameters become text."""
    return Finding(code, state, template, subject, clears, tuple((key, str(value)) for key, value in params.items()))
