"""Several bodies under the identity of one frame: which of them counts, and where they differ.

Domain reference 2.2, point 9: both are kept and nothing of them is known until a signed resolution says which is true.
Bodies are named by the digest of their columns. Nothing here depends on the order in which they came.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from batches.readings.rules.arrow_frames import MEDIA_TYPE, decoded_arrow
from batches.readings.rules.frames import GOOD, Column, Frame, decoded
from batches.readings.rules.signals import Flags, Floats, Times
from gatekeeper.core.refusal import Kind, Refusal

NEITHER = "neither"  # what a resolution chooses when no body is true
_ARROW = f"data:{MEDIA_TYPE};base64,"


@dataclass(frozen=True, slots=True)
class Decision:
    """A signed resolution: between which bodies it was taken, and the one that it chose, or ``NEITHER``."""

    bodies: frozenset[str]
    chosen: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A frame with the other bodies that came under its identity, and what was decided, oldest first."""

    stored: str
    others: frozenset[str]
    decisions: tuple[Decision, ...] = ()

    @property
    def bodies(self) -> frozenset[str]:
        """All bodies that are known."""
        return self.others | {self.stored}

    @property
    def counts(self) -> str | None:
        """The body that counts, ``NEITHER``, or None while it is open: the last decision did not know every body."""
        last = self.decisions[-1] if self.decisions else None
        return last.chosen if last is not None and self.bodies <= last.bodies else None

    @property
    def is_trusted(self) -> bool:
        """Whether one of the bodies counts."""
        return self.counts not in {None, NEITHER}

    @property
    def is_replaced(self) -> bool:
        """Whether another body counts than the one that is stored as readings."""
        return self.is_trusted and self.counts != self.stored

    @property
    def said(self) -> str:
        """What the digest of an evaluation's inputs covers of it."""
        return f"{self.stored}: {self.counts or 'open'}"


def resolution_faults(dispute: Dispute, *, chosen: str) -> list[Refusal]:
    """Return what is wrong with a choice: ``not_disputed``, ``unknown_body``, ``resolution_unchanged``."""
    if not dispute.others:
        return [Refusal("not_disputed", "No other body came under the identity of this frame.", kind=Kind.CONFLICT)]
    if chosen != NEITHER and chosen not in dispute.bodies:
        return [
            Refusal(
                "unknown_body",
                "Choose one of the bodies of this frame by its digest, or “{neither}”.",
                field="chosen",
                neither=NEITHER,
            )
        ]
    if chosen == dispute.counts:
        return [Refusal("resolution_unchanged", "That is what counts already.", field="chosen", kind=Kind.CONFLICT)]
    return []


def body_from(text: str, *, source: str, boot_id: str, sequence: int) -> Frame:
    """Return the frame that a kept body (``Frame.text``) holds.

    :raises Refusal: as ``decoded`` and ``decoded_arrow``.
    """
    if not text.startswith(_ARROW):
        return decoded(text.encode())
    body = base64.b64decode(text.removeprefix(_ARROW))
    return decoded_arrow(body, source=source, boot_id=boot_id, sequence=sequence)


@dataclass(frozen=True, slots=True)
class Cell:
    """A sample of one body: its value (not a number: none was given) and its OPC quality."""

    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A time (µs) of a tag at which bodies differ: the sample of each, None where it has none."""

    tag: str
    at_us: int
    cells: tuple[Cell | None, ...]


def differences(bodies: Sequence[Frame], *, most: int) -> tuple[int, list[Difference]]:
    """Return at how many times of all tags the bodies differ, and the first ``most`` of these in order of time."""
    columns = [{column.tag: column for column in body.columns} for body in bodies]
    tags = sorted({tag for one in columns for tag in one})
    found = [_differing(tag, [one.get(tag) for one in columns], most) for tag in tags]
    rows = sorted(chain.from_iterable(rows for _count, rows in found), key=lambda one: (one.at_us, one.tag))
    return sum(count for count, _rows in found), rows[:most]


type _Aligned = tuple[Flags, Floats, npt.NDArray[np.int64]]  # whether there is a sample, its value, its quality


def _differing(tag: str, columns: Sequence[Column | None], most: int) -> tuple[int, list[Difference]]:
    times = np.unique(np.concatenate([one.times for one in columns if one is not None]))
    aligned = [_aligned(one, times) for one in columns]
    differs = np.zeros(len(times), dtype=np.bool_)
    for one in aligned[1:]:
        differs |= _unlike(aligned[0], one)
    places = np.flatnonzero(differs)
    rows = [Difference(tag, int(times[at]), tuple(_cells(aligned, int(at)))) for at in places[:most]]
    return len(places), rows


def _aligned(column: Column | None, times: Times) -> _Aligned:
    count = len(times)
    if column is None:
        return np.zeros(count, dtype=np.bool_), np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    own, first = np.unique(column.times, return_index=True)
    place = np.minimum(np.searchsorted(own, times), len(own) - 1)
    quality = np.full(len(column), GOOD) if column.quality is None else column.quality.astype(np.int64)
    return own[place] == times, column.values[first][place], quality[first][place]


def _unlike(one: _Aligned, other: _Aligned) -> Flags:
    (here, values, quality), (there, others, qualities) = one, other
    same = ((values == others) | (np.isnan(values) & np.isnan(others))) & (quality == qualities)
    unlike: Flags = (here != there) | (here & there & ~same)
    return unlike


def _cells(aligned: Sequence[_Aligned], at: int) -> Iterator[Cell | None]:
    for here, values, quality in aligned:
        yield Cell(float(values[at]), int(quality[at])) if here[at] else None
