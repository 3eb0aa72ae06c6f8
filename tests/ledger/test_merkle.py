"""E-a: altered records are detected; the proofs of RFC 9162 hold for every tree and reject every other place."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.ledger import merkle

# The reference leaves of certificate-transparency's own tests, and the root over all eight.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
LARGEST = 64


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1 as it is written, from the leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def tree_of(leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    frontier = merkle.Frontier()
    made = [node for leaf in leaves for node in frontier.append(merkle.leaf_hash(leaf))]
    return {(level, index): found for level, index, found in made}


BODIES = [f"entry {number}".encode() for number in range(LARGEST)]
NODES = tree_of(BODIES)
ROOTS = [naive_root(BODIES[:size]) for size in range(LARGEST + 1)]


def node(level: int, index: int) -> bytes:
    return NODES[level, index]


def test_the_known_root_of_certificate_transparency_comes_out():
    nodes = tree_of(CT_LEAVES)
    assert merkle.root(lambda level, index: nodes[level, index], 0, 8).hex() == CT_ROOT


def test_root_and_frontier_agree_with_the_definition_at_every_size():
    frontier = merkle.Frontier()
    assert frontier.root() == ROOTS[0]
    for size, body in enumerate(BODIES, 1):
        frontier.append(merkle.leaf_hash(body))
        assert frontier.root() == ROOTS[size] == merkle.root(node, 0, size)


def test_every_leaf_of_every_tree_is_proven_and_at_no_other_place_or_size():
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = merkle.inclusion_path(node, index, size)
            leaf = merkle.leaf_hash(BODIES[index])
            assert merkle.root_from_inclusion(index, size, leaf, path) == ROOTS[size]
            for other in {(index + 1) % size, size - 1 - index, 0} - {index}:
                assert not leads_to(other, size, leaf, path, ROOTS[size])
            assert not leads_to(index, size, merkle.leaf_hash(b"another"), path, ROOTS[size])
            assert not leads_to(index, size, leaf, [*path, leaf], ROOTS[size])
            assert not path or not leads_to(index, size, leaf, path[:-1], ROOTS[size])


def leads_to(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> bool:
    try:
        return merkle.root_from_inclusion(index, size, leaf, path) == root
    except ValueError:
        return False


def test_every_tree_is_the_beginning_of_every_later_one_and_of_no_other():
    for later in range(LARGEST + 1):
        for earlier in range(later + 1):
            path = merkle.consistency_path(node, earlier, later)
            assert merkle.is_consistent(earlier, later, ROOTS[earlier], ROOTS[later], path)
            wrong = hashlib.sha256(ROOTS[earlier]).digest()
            assert not merkle.is_consistent(earlier, later, wrong, ROOTS[later], path)
            if earlier:  # every tree begins with the empty one
                assert not merkle.is_consistent(earlier, later, ROOTS[earlier], wrong, path)
            assert not merkle.is_consistent(earlier, later, ROOTS[earlier], ROOTS[later], [*path, wrong])
            if path:
                assert not merkle.is_consistent(earlier, later, ROOTS[earlier], ROOTS[later], path[1:])
                assert not merkle.is_consistent(earlier, later, ROOTS[earlier], ROOTS[later], path[:-1])


def test_a_tree_that_shrinks_is_never_consistent():
    assert not merkle.is_consistent(5, 4, ROOTS[5], ROOTS[4], [])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_path(node, index, size)
    with pytest.raises(ValueError, match="no leaf"):
        merkle.root_from_inclusion(index, size, ROOTS[1], [])


def test_an_earlier_tree_cannot_be_the_larger_one():
    with pytest.raises(ValueError, match="does not come after"):
        merkle.consistency_path(node, 5, 4)


@given(st.integers(1, LARGEST), st.data())
def test_a_changed_bit_anywhere_in_a_proof_is_rejected(size, data):
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(node, index, size)
    leaf = merkle.leaf_hash(BODIES[index])
    steps = [leaf, *path]
    step = data.draw(st.integers(0, len(steps) - 1))
    byte, bit = data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7))
    changed = bytearray(steps[step])
    changed[byte] ^= 1 << bit
    steps[step] = bytes(changed)
    assert not leads_to(index, size, steps[0], steps[1:], ROOTS[size])


def test_a_frontier_holds_only_as_many_hashes_as_the_tree_is_high():
    frontier = merkle.Frontier()
    for number in range(1000):
        frontier.append(merkle.leaf_hash(json.dumps(number).encode()))
    assert len(frontier._peaks) == bin(1000).count("1")
