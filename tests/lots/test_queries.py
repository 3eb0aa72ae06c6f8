"""1.5: the family of a lot is complete both ways: pools, splits and rework, as a walk by hand finds it."""

import random
from collections import defaultdict

import pytest

from gatekeeper.accounts.queries import sites_of
from gatekeeper.lots import queries
from gatekeeper.lots.graph import picture
from tests.lots.making import make_lot, take


def _by_hand(start, steps):
    seen, ready = {start}, [start]
    while ready:
        for following in steps[ready.pop()] - seen:
            seen.add(following)
            ready.append(following)
    return seen


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_family_equals_a_walk_by_hand_on_a_random_graph(people, seed):
    chance = random.Random(seed)
    lots = [make_lot(people, f"G-{seed}-{n:02}") for n in range(14)]
    up, down = defaultdict(set), defaultdict(set)
    edges = set()
    for child in range(1, len(lots)):
        for parent in chance.sample(range(child), k=min(child, chance.randint(0, 4))):  # pools and splits
            take(people, lots[parent], lots[child])
            down[lots[parent].number].add(lots[child].number)
            up[lots[child].number].add(lots[parent].number)
            edges.add((lots[parent].number, lots[child].number))
    for lot in lots:
        for direction, steps in (("backward", up), ("forward", down)):
            family = queries.family(lot, direction)
            expected = _by_hand(lot.number, steps)
            assert {node.number for node in family.nodes} == expected
            inside = {(a, b) for a, b in edges if a in expected and b in expected}
            assert {(edge.source, edge.target) for edge in family.edges} == inside


def test_two_uses_of_one_lot_in_another_are_two_edges(people):
    a, b = make_lot(people, "B-1"), make_lot(people, "B-2")
    take(people, a, b, "1")
    take(people, a, b, "2")
    assert [edge.quantity for edge in queries.family(b, "backward").edges] == [1, 2]


def test_the_picture_draws_every_lot_once_and_names_every_quantity(people):
    a, b, c = (make_lot(people, f"B-{n}") for n in "123")
    take(people, a, b, "1.5")
    take(people, b, c, "2")
    drawn = picture(b, queries.family(b, "backward"), queries.family(b, "forward"))
    assert sorted(node.number for node in drawn.nodes) == ["B-1", "B-2", "B-3"]
    assert [node.number for node in drawn.nodes if node.current] == ["B-2"]
    assert drawn.rows == (("B-1", "B-2", "1.5 mg"), ("B-2", "B-3", "2 mg"))
    assert len({(node.x, node.y) for node in drawn.nodes}) == 3


def test_sol_at_another_site_sees_no_lot(people):
    make_lot(people, "B-1")
    assert not queries.listed_lots(sites_of(people["sol"], "lots.view")).exists()
    assert queries.listed_lots(sites_of(people["olivia"], "lots.view")).count() == 1
