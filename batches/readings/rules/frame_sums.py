"""A digest of a set of frames that grows with each frame: the sum of what their digests expand to.

The sum does not depend on the order in which frames came, and a frame is added without reading the others again. It is
AdHash (Bellare and Micciancio 1997) at 2048 bits, where the generalised birthday attack costs about 2^90.
"""

import hashlib
from collections.abc import Iterable

_BYTES = 256
_MODULUS = 1 << (8 * _BYTES)


def with_frames(total: bytes, digests: Iterable[str]) -> bytes:
    """Return the sum with further frames, each named by its digest and added once; ``b""`` is the sum of none."""
    number = int.from_bytes(total)
    for one in digests:
        number += int.from_bytes(hashlib.shake_256(one.encode()).digest(_BYTES))
    return (number % _MODULUS).to_bytes(_BYTES)


def together(totals: Iterable[bytes]) -> bytes:
    """Return the sum of sets that have no frame in common."""
    return (sum(int.from_bytes(total) for total in totals) % _MODULUS).to_bytes(_BYTES)
