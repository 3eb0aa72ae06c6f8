"""A rule change before it is approved: what was said of a phase beside what would be said of it.

Domain reference 2.5: a rule change never re-judges a finished lot; a what-if run is labelled as such.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batches.excursions.rules.excursions import State, worst_state


@dataclass(frozen=True, slots=True)
class Said:
    """What one version says of one rule of a phase: its state, and how many excursions of each level."""

    state: State
    alerts: int = 0
    actions: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One rule of a phase: as recorded and as it would be; None where that version has no such rule."""

    rule: str
    before: Said | None
    after: Said | None

    @property
    def flips(self) -> bool:
        """Whether the state differs; a rule that is not there says nothing against a lot."""
        return _state(self.before) is not _state(self.after)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rules of a phase, those that flip first."""

    changes: tuple[Change, ...]

    @property
    def flips(self) -> bool:
        """Whether any rule would say something else of the phase."""
        return any(one.flips for one in self.changes)

    @property
    def before(self) -> State:
        """The worst state that is recorded."""
        return worst_state(_state(one.before) for one in self.changes)

    @property
    def after(self) -> State:
        """The worst state that there would be."""
        return worst_state(_state(one.after) for one in self.changes)


def comparison(before: Mapping[str, Said], after: Mapping[str, Said]) -> Comparison:
    """Return each rule of either version, by name, in the order of the new one."""
    names = [*after, *(name for name in before if name not in after)]
    found = [Change(name, before.get(name), after.get(name)) for name in names]
    return Comparison(tuple(sorted(found, key=lambda one: not one.flips)))


def said_in(content: Mapping[str, object]) -> Said:
    """Return what the content of an evaluation (``verdicts.Verdict``) says."""
    excursions = content["excursions"]
    assert isinstance(excursions, list)
    levels = [one["level"] for one in excursions]
    return Said(State(str(content["state"])), levels.count("alert"), levels.count("action"))


def comparison_content(compared: Comparison) -> dict[str, object]:
    """Return a comparison as plain text and numbers; ``comparison_from`` reads it back."""
    return {
        "what_if": True,
        "before": compared.before.value,
        "after": compared.after.value,
        "rules": [
            {"rule": one.rule, "before": _content(one.before), "after": _content(one.after), "flips": one.flips}
            for one in compared.changes
        ],
    }


def comparison_from(content: Mapping[str, object]) -> Comparison:
    """Return the comparison that was recorded."""
    rows = content["rules"]
    assert isinstance(rows, list)
    return Comparison(tuple(Change(row["rule"], _said(row["before"]), _said(row["after"])) for row in rows))


def lots_that_flip(compared: Iterable[tuple[str, Comparison]]) -> tuple[str, ...]:
    """Return the numbers of the lots of which any phase would be judged differently, in their order."""
    return tuple(dict.fromkeys(lot for lot, one in compared if one.flips))


def _state(said: Said | None) -> State:
    return State.NORMAL if said is None else said.state


def _content(said: Said | None) -> dict[str, object] | None:
    return None if said is None else {"state": said.state.value, "alerts": said.alerts, "actions": said.actions}


def _said(content: Mapping[str, object] | None) -> Said | None:
    if content is None:
        return None
    return Said(State(str(content["state"])), int(str(content["alerts"])), int(str(content["actions"])))
