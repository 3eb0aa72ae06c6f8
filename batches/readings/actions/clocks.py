"""Correct the clock of a source by a signed offset; what was sent stays as it is."""

from dataclasses import dataclass

from django.conf import settings

from batches.readings.models import ClockCorrection, Source
from batches.readings.queries.assignments import covered_frames
from batches.readings.queries.corrections import correction_content
from batches.readings.rules.clocks import correction_faults
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.quantity import fitting, number
from gatekeeper.core.reasons import missing_reason
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.jobs.actions import jobs
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action

MEANING = "Clock corrected: these readings are read at the corrected times"
_DIGITS, _PLACES = 12, 6  # of the column: microseconds


@dataclass(frozen=True, slots=True)
class CorrectClock:
    """A signed offset in seconds, as written, for the frames of a boot id; no last sequence: from the first on."""

    boot_id: str
    first_sequence: int
    last_sequence: int | None
    offset_s: str
    reason: str


@signed_action
def correct_clock(*, by: Person, proof: Proof, source: Source, command: CorrectClock) -> ClockCorrection:
    """Record a correction and have every phase judged anew that its frames belong to; a later one supersedes it.

    :raises Refusal: ``not_authorised``, ``not_a_number``, ``number_out_of_range``; every fault at once:
        ``sequence_out_of_range``, ``offset_zero``, ``offset_too_large``, ``reason_missing``; ``unknown_frames``.
    """
    # Two corrections of a source queue here: which of them counts is their order.
    locked = Source.objects.select_for_update(of=("self",)).select_related("site").get(pk=source.pk)
    check_authority(by, "readings.correct", locked.site)
    offset = fitting(number(command.offset_s, field="offset_s"), digits=_DIGITS, places=_PLACES, field="offset_s")
    row = ClockCorrection(
        source=locked,
        boot_id=command.boot_id,
        first_sequence=command.first_sequence,
        last_sequence=command.last_sequence,
        offset_s=offset,
        reason=command.reason.strip(),
        corrected_at=now(),
        corrected_by=by,
    )
    faults = correction_faults(
        first_sequence=row.first_sequence,
        last_sequence=row.last_sequence,
        offset=offset,
        longest_s=settings.READINGS_OFFSET_MAX_SECONDS,
        corrected_before=locked.clock_corrections.filter(boot_id=row.boot_id).exists(),
    )
    refuse_all([*faults, *([missing] if (missing := missing_reason(command.reason)) else [])])
    if not covered_frames(row).exists():
        raise Refusal(
            "unknown_frames",
            "{source} has sent no such frame under the boot id “{boot}”.",
            field="boot_id",
            source=locked.code,
            boot=row.boot_id,
        )
    row.save(force_insert=True)
    content = correction_content(row)
    sign(by=by, proof=proof, act="clock.correct", meaning=MEANING, subject=row, content=content)
    jobs.enqueue("clock_corrected", {"correction": row.pk})
    return row
