"""Criteria that depend on other results: tests that fall due, and alternatives of which one suffices."""

from collections.abc import Iterable
from dataclasses import dataclass

from gatekeeper.core.criteria import Criterion, Outcome, assess
from gatekeeper.core.quantity import Reported


@dataclass(frozen=True, slots=True)
class Condition:
    """A test is due when the result of another attribute meets ``trigger`` ("if residual DNA is above 10")."""

    attribute: str
    trigger: Criterion


def is_due(condition: Condition, reported: Reported | None, unit_code: str) -> bool:
    """Return whether the conditional test must be done: always, unless the other result clearly misses the trigger.

    A missing result, and one that cannot be told from the trigger, make the test due.

    :raises Refusal: ``unknown_unit``, ``units_differ_in_kind``.
    """
    if reported is None:
        return True
    return assess(condition.trigger, reported, unit_code).outcome is not Outcome.FAIL


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of alternatives: pass when one passes, else invalid when one is, else fail.

    Without any outcome it is invalid: no alternative was tested.
    """
    distinct = frozenset(outcomes)
    if Outcome.PASS in distinct:
        return Outcome.PASS
    return Outcome.FAIL if distinct == {Outcome.FAIL} else Outcome.INVALID
