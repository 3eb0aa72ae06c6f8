"""The digest of a signal's samples, of which the older may be let go: a chain of blocks of one length.

Blocks are counted from the first sample in order of time, so where the samples were cut into frames, or when the older
ones were let go, cannot show in the digest.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from batches.readings.rules.signals import Signal

BLOCK = 256  # samples
_ROW = np.dtype([("at", "<i8"), ("value", "<f8"), ("good", "?"), ("mark", "i1")])


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is known of samples that were let go: how many, the time of the first (µs), and the chain's newest link."""

    count: int = 0
    first_us: int | None = None
    last_us: int | None = None
    chain: bytes = b""


NOTHING = Sealed()


def sealed_with(sealed: Sealed, ordered: Signal) -> Sealed:
    """The seal after further whole blocks of samples, which are in order of time, each time once."""
    if len(ordered.times) == 0:
        return sealed
    first = int(ordered.times[0]) if sealed.first_us is None else sealed.first_us
    chain, _rest = _linked(sealed.chain, _rows(ordered))
    return Sealed(sealed.count + len(ordered.times), first, int(ordered.times[-1]), chain)


def samples_content(ordered: Signal, sealed: Sealed = NOTHING) -> dict[str, object]:
    """How many samples there are, from when to when, and their digest; those of the signal follow the sealed ones."""
    chain, rest = _linked(sealed.chain, _rows(ordered))
    some = len(ordered.times) > 0
    return {
        "samples": sealed.count + len(ordered.times),
        "first_us": int(ordered.times[0]) if some and sealed.first_us is None else sealed.first_us,
        "last_us": int(ordered.times[-1]) if some else sealed.last_us,
        "sha256": hashlib.sha256(chain + rest).hexdigest(),
    }


def _rows(ordered: Signal) -> bytes:
    rows = np.empty(len(ordered.times), dtype=_ROW)
    rows["at"], rows["good"], rows["mark"] = ordered.times, ordered.good, ordered.marks
    rows["value"] = np.where(np.isnan(ordered.values), np.nan, ordered.values + 0.0)  # one spelling of none and of zero
    return rows.tobytes()


def _linked(chain: bytes, rows: bytes) -> tuple[bytes, bytes]:
    """The newest link after all whole blocks, and what is no whole block."""
    size = BLOCK * _ROW.itemsize
    whole = len(rows) - len(rows) % size
    for start in range(0, whole, size):
        chain = hashlib.sha256(chain + rows[start : start + size]).digest()
    return chain, rows[whole:]
