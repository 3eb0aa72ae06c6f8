"""A rule change before it is approved: what was concluded of a phase beside what would be.

Domain reference 2.5: a rule change never re-judges a finished lot; a what-if run is labelled as such.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batches.excursions.rules.excursions import State, worst_state


@dataclass(frozen=True, slots=True)
class RuleJudgement:
    """What one version says of one rule of a phase: its state, and how many excursions of each level."""

    state: State
    alerts: int = 0
    actions: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One rule of a phase: as recorded and as it would be; None where that version has no such rule."""

    rule: str
    before: RuleJudgement | None
    after: RuleJudgement | None

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
        return any(change.flips for change in self.changes)

    @property
    def before(self) -> State:
        """The worst state that is recorded."""
        return worst_state(_state(change.before) for change in self.changes)

    @property
    def after(self) -> State:
        """The worst state that there would be."""
        return worst_state(_state(change.after) for change in self.changes)


def comparison(before: Mapping[str, RuleJudgement], after: Mapping[str, RuleJudgement]) -> Comparison:
    """Return each rule of either version, by name, in the order of the new one."""
    names = [*after, *(name for name in before if name not in after)]
    changes = [Change(name, before.get(name), after.get(name)) for name in names]
    return Comparison(tuple(sorted(changes, key=lambda row: not row.flips)))


def judgement_in(content: Mapping[str, object]) -> RuleJudgement:
    """Return what the content of an evaluation (``verdicts.Verdict``) says."""
    excursions = content["excursions"]
    assert isinstance(excursions, list)
    levels = [excursion["level"] for excursion in excursions]
    return RuleJudgement(State(str(content["state"])), levels.count("alert"), levels.count("action"))


def comparison_content(compared: Comparison) -> dict[str, object]:
    """Return a comparison as plain text and numbers; ``comparison_from`` reads it back."""
    return {
        "what_if": True,
        "before": compared.before.value,
        "after": compared.after.value,
        "rules": [
            {
                "rule": change.rule,
                "before": _content(change.before),
                "after": _content(change.after),
                "flips": change.flips,
            }
            for change in compared.changes
        ],
    }


def comparison_from(content: Mapping[str, object]) -> Comparison:
    """Return the comparison that was recorded."""
    rows = content["rules"]
    assert isinstance(rows, list)
    return Comparison(
        tuple(Change(row["rule"], _judgement_from(row["before"]), _judgement_from(row["after"])) for row in rows)
    )


def lots_that_flip(compared: Iterable[tuple[str, Comparison]]) -> tuple[str, ...]:
    """Return the numbers of the lots of which any phase would be judged differently, in their order."""
    return tuple(dict.fromkeys(lot for lot, row in compared if row.flips))


def _state(judgement: RuleJudgement | None) -> State:
    return State.NORMAL if judgement is None else judgement.state


def _content(judgement: RuleJudgement | None) -> dict[str, object] | None:
    return (
        None
        if judgement is None
        else {"state": judgement.state.value, "alerts": judgement.alerts, "actions": judgement.actions}
    )


def _judgement_from(content: Mapping[str, object] | None) -> RuleJudgement | None:
    if content is None:
        return None
    return RuleJudgement(State(str(content["state"])), int(str(content["alerts"])), int(str(content["actions"])))
