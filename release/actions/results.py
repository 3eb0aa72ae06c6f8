"""Record, correct, review and invalidate test results; the gate judges them, nobody here does."""

from collections.abc import Callable, Sequence
from functools import partial

from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.quantity import Reported, convert, number, unit
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.models import Lot
from release import queries
from release.actions.commands import RecordResult
from release.models import Result
from release.rules import statuses

_TEXTS = ("test", "method", "sample", "analyst")
_REVIEW = transition(statuses.RESULT, source="entered", verb="review")


@action
def record_result(*, by: Person, command: RecordResult) -> Result:
    """Record a test result of a lot as reported; another person reviews it.

    :raises Refusal: ``lot_unknown``, ``not_authorised``; every fault at once: ``blank_value``, ``not_a_number``,
        ``ambiguous_result``, ``unknown_test``, ``no_approved_specification``, ``unknown_unit``,
        ``units_differ_in_kind``, ``measured_in_the_future``.
    """
    lot = Lot.objects.select_related("site", "material").filter(number=command.lot).first()
    if lot is None:
        raise Refusal("lot_unknown", "There is no lot “{number}”.", field="lot", kind=Kind.MISSING, number=command.lot)
    check_authority(by, "release.record_result", lot.site)
    check_result(lot, command)
    return _create(by, lot, command)


@action
def correct_result(*, by: Person, result: Result, command: RecordResult, reason: str) -> Result:
    """Record a corrected result in the place of another, which stays on record; it is reviewed anew.

    :raises Refusal: ``not_authorised``, ``reason_missing``, ``result_does_not_count``, ``not_the_same_test`` and those
        of ``record_result``.
    """
    locked = _locked(result)
    check_authority(by, "release.record_result", locked.lot.site)
    stripped_reason = checked_reason(reason)
    _check_counts(locked)
    if (command.lot, command.test) != (locked.lot.number, locked.test):
        raise Refusal("not_the_same_test", "A correction is of the same test of the same lot.", field="test")
    check_result(locked.lot, command)
    return _create(by, locked.lot, command, supersedes=locked, reason=stripped_reason)


@signed_action
def review_result(*, by: Person, proof: Proof, result: Result) -> Result:
    """Review one result with a signature, see :func:`review_results`."""
    return review_results(by=by, proof=proof, results=[result])[0]


@signed_action
def review_results(*, by: Person, proof: Proof, results: Sequence[Result]) -> list[Result]:
    """Review results with a signature under each; never one's own. 21 CFR 211.194(a)(8).

    :raises Refusal: ``nothing_to_review``, ``not_authorised``; for each: ``tester_reviews``,
        ``transition_not_allowed``, ``result_does_not_count``.
    """
    if not results:
        raise Refusal("nothing_to_review", "Choose what you have reviewed.", field="results")
    reviewed = [_locked(result) for result in sorted(results, key=lambda row: row.pk)]
    for row in reviewed:
        check_authority(by, _REVIEW.permission, row.lot.site)
        transition(statuses.RESULT, source=row.status, verb=_REVIEW.verb)
        _check_counts(row)
    tested = [row.test for row in reviewed if _tested(by, row)]
    sentence = "Who tested {test} cannot review its result."
    refuse_all([Refusal("tester_reviews", sentence, kind=Kind.FORBIDDEN, test=test) for test in tested])
    for row in reviewed:
        row.status, row.reviewed_at, row.reviewed_by, row.updated_at = _REVIEW.target, now(), by, now()
        row.save(update_fields=["status", "reviewed_at", "reviewed_by", "updated_at"])
        sign(
            by=by,
            proof=proof,
            act="result.review",
            meaning=_REVIEW.meaning,
            subject=row,
            content=queries.result_content(row),
        )
    return reviewed


@action
def invalidate_result(*, by: Person, result: Result, reason: str) -> Result:
    """Take a result out with the proven reason; it stays on record and no longer counts. domain.md 4.4.

    :raises Refusal: ``not_authorised``, ``reason_missing``, ``tester_invalidates``, ``transition_not_allowed``,
        ``result_does_not_count``.
    """
    locked = _locked(result)
    row = transition(statuses.RESULT, source=locked.status, verb="invalidate")
    check_authority(by, row.permission, locked.lot.site)
    stripped_reason = checked_reason(reason)
    _check_counts(locked)
    if _tested(by, locked):
        raise Refusal("tester_invalidates", "Who tested cannot invalidate the result.", kind=Kind.FORBIDDEN)
    locked.status, locked.reason, locked.updated_at = row.target, stripped_reason, now()
    locked.save(update_fields=["status", "reason", "updated_at"])
    return locked


def check_result(lot: Lot, command: RecordResult) -> None:
    """Return when the result can be recorded: nothing is blank, its unit fits the test, it is not from the future.

    :raises Refusal: every fault at once, see :func:`record_result`.
    """
    faults = [
        Refusal("blank_value", "Enter a value.", field=name) for name in _TEXTS if not getattr(command, name).strip()
    ]
    if command.measured_at > now():
        faults.append(
            Refusal(
                "measured_in_the_future",
                "{at} is in the future.",
                field="measured_at",
                at=command.measured_at.isoformat(),
            )
        )
    reported = _collected(faults, lambda: Reported.parse(command.reported, field="reported"))
    for index, text in enumerate(command.replicates):
        _collected(faults, partial(number, text, field=f"replicates.{index}"))
    if command.test.strip():
        _collected(faults, lambda: _check_unit(lot, command, reported))
    refuse_all(faults)


def _check_unit(lot: Lot, command: RecordResult, reported: Reported | None) -> None:
    lines = queries.lines_in_force(lot, command.test)
    if not lines:
        raise Refusal(
            "unknown_test",
            "No approved specification of {material} asks for “{test}”.",
            field="test",
            material=lot.material.code,
            test=command.test,
        )
    if command.unit:
        unit(command.unit)
    if reported is None or reported.value is None:
        return
    units = {line.unit for line in lines if line.unit}
    if units and not command.unit:
        raise Refusal("blank_value", "Enter a value.", field="unit")
    for code in sorted(units):
        convert(reported.value, command.unit, code)


def _collected[T](faults: list[Refusal], check: Callable[[], T]) -> T | None:
    try:
        return check()
    except Refusal as refusal:
        faults.extend(refusal.all)
        return None


def _create(
    by: Person, lot: Lot, command: RecordResult, *, supersedes: Result | None = None, reason: str = ""
) -> Result:
    at = now()
    return Result.objects.create(
        lot=lot,
        test=command.test.strip(),
        method=command.method.strip(),
        sample=command.sample.strip(),
        reported=command.reported.strip(),
        unit=command.unit,
        replicates=[text.strip() for text in command.replicates],
        measured_at=command.measured_at,
        analyst=command.analyst.strip(),
        instrument_file=command.instrument_file,
        locator=command.locator,
        entered_at=at,
        entered_by=by,
        supersedes=supersedes,
        reason=reason,
        updated_at=at,
    )


def _locked(result: Result) -> Result:
    related = ("lot__site", "lot__material", "entered_by", "instrument_file")
    rows = Result.objects.select_related(*related).defer("instrument_file__content")
    return rows.select_for_update(of=("self",)).get(pk=result.pk)


def _check_counts(result: Result) -> None:
    if result.status == "invalidated" or hasattr(result, "superseded_by"):
        raise Refusal(
            "result_does_not_count",
            "This result of {test} was corrected or invalidated.",
            kind=Kind.CONFLICT,
            test=result.test,
        )


def _tested(person: Person, result: Result) -> bool:
    analyst = result.analyst.casefold()
    return result.entered_by_id == person.pk or analyst in {person.full_name.casefold(), person.username.casefold()}
