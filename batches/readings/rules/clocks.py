"""Clocks of skids: signed corrections of event times, and which samples a clock that is ahead puts in quarantine.

Domain reference 2.2, point 10. Times are µs since 1970 (UTC). Nothing here reads the present time: a sample is compared
with when its frame was received, so that the same data are read in the same way for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from gatekeeper.core.refusal import Refusal

type Times = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]

_SECOND = 1_000_000
LARGEST_SEQUENCE = 2**53  # see rules.frames


@dataclass(frozen=True, slots=True)
class Correction:
    """What is added to the event times of the frames of one boot id, from one sequence to another (None: for good)."""

    boot_id: str
    first_sequence: int
    last_sequence: int | None
    offset_us: int

    def covers(self, boot_id: str, sequence: int) -> bool:
        """Return whether a frame is one of those."""
        last = self.last_sequence
        return boot_id == self.boot_id and self.first_sequence <= sequence and (last is None or sequence <= last)


def offset_us(corrections: Sequence[Correction], boot_id: str, sequence: int) -> int:
    """Return the offset of a frame in µs: that of the last correction that covers it, 0 without one."""
    return next((one.offset_us for one in reversed(corrections) if one.covers(boot_id, sequence)), 0)


def offset_in_us(seconds: Decimal) -> int:
    """Return a signed offset in whole µs."""
    return int(seconds * _SECOND)


def ahead(times: Times, *, received_us: int, tolerance_us: int) -> Flags:
    """Return which of these times lie further after their frame was received than the tolerance."""
    return times > received_us + tolerance_us


def correction_faults(
    *, first_sequence: int, last_sequence: int | None, offset: Decimal, longest_s: int, corrected_before: bool
) -> list[Refusal]:
    """Return what is wrong with a correction: ``sequence_out_of_range``, ``offset_zero``, ``offset_too_large``.

    An offset of zero takes an earlier correction back; without one it says nothing.
    """
    faults = []
    if not 0 <= first_sequence < LARGEST_SEQUENCE:
        faults.append(_sequence("first_sequence"))
    if last_sequence is not None and not first_sequence <= last_sequence < LARGEST_SEQUENCE:
        faults.append(_sequence("last_sequence"))
    if not offset_in_us(offset) and not corrected_before:
        faults.append(
            Refusal("offset_zero", "An offset of zero corrects nothing: none of these is corrected.", field="offset_s")
        )
    if abs(offset) > longest_s:
        faults.append(
            Refusal(
                "offset_too_large",
                "A clock is corrected by at most {longest} seconds.",
                field="offset_s",
                longest=longest_s,
            )
        )
    return faults


def _sequence(field: str) -> Refusal:
    return Refusal(
        "sequence_out_of_range",
        "A sequence is a whole number from 0 to 2^53, the last not before the first.",
        field=field,
    )
