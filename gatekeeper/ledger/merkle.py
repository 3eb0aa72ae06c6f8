"""The Merkle tree of RFC 9162 section 2: hashes, roots and both kinds of proof. Pure: no database, no clock.

A tree is given as ``node(level, index) -> 32 bytes``, the stored hash of a complete subtree of ``2**level`` leaves.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

type Node = Callable[[int, int], bytes]
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """Return the leaf hash, RFC 9162 2.1.1."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, RFC 9162 2.1.1."""
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def root(node: Node, low: int, high: int) -> bytes:
    """Return the root over the leaves ``low`` to ``high - 1``."""
    count = high - low
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0 and low % count == 0:
        return node(count.bit_length() - 1, low // count)
    middle = low + _split(count)
    return node_hash(root(node, low, middle), root(node, middle, high))


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of ``size`` leaves, RFC 9162 2.1.3.1.

    :raises ValueError: when there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    return _inclusion(node, index, 0, size)


def _inclusion(node: Node, index: int, low: int, high: int) -> list[bytes]:
    if high - low == 1:
        return []
    middle = low + _split(high - low)
    if index < middle:
        return [*_inclusion(node, index, low, middle), root(node, middle, high)]
    return [*_inclusion(node, index, middle, high), root(node, low, middle)]


def consistency_path(node: Node, earlier: int, later: int) -> list[bytes]:
    """Return the proof that the tree of ``later`` leaves begins with the tree of ``earlier``, RFC 9162 2.1.4.1.

    :raises ValueError: when ``earlier`` is not below or at ``later``.
    """
    if not 0 <= earlier <= later:
        raise ValueError(f"a tree of {later} does not come after one of {earlier}")
    if earlier in {0, later}:
        return []
    return _consistency(node, earlier, 0, later, whole=True)


def _consistency(node: Node, earlier: int, low: int, high: int, *, whole: bool) -> list[bytes]:
    if earlier == high:
        return [] if whole else [root(node, low, high)]
    middle = low + _split(high - low)
    if earlier <= middle:
        return [*_consistency(node, earlier, low, middle, whole=whole), root(node, middle, high)]
    return [*_consistency(node, earlier, middle, high, whole=False), root(node, low, middle)]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root that the path leads to, RFC 9162 2.1.3.2; the caller compares it with a signed one.

    :raises ValueError: when the index or the length of the path cannot belong to such a tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    position, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return found


def is_consistent(earlier: int, later: int, earlier_root: bytes, later_root: bytes, path: Sequence[bytes]) -> bool:
    """Return whether the path proves that the later tree begins with the earlier one, RFC 9162 2.1.4.2."""
    if earlier > later:
        return False
    if earlier == later:
        return earlier_root == later_root and not path
    if earlier == 0:
        return earlier_root == EMPTY_ROOT and not path
    steps = [earlier_root, *path] if earlier & (earlier - 1) == 0 else list(path)
    position, last = earlier - 1, later - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    if not steps:
        return False
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return old == earlier_root and new == later_root and last == 0


class Frontier:
    """A tree that only grows: holds the roots of its complete subtrees, O(log n) of them."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf and return the nodes it completes as (level, index, hash), the leaf itself first."""
        level, index, found = 0, self.size, leaf
        made = [(level, index, found)]
        while self._peaks and self._peaks[-1][0] == level:
            found = node_hash(self._peaks.pop()[1], found)
            level, index = level + 1, index >> 1
            made.append((level, index, found))
        self._peaks.append((level, found))
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1][1]
        for _level, peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found
