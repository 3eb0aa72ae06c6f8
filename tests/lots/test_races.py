"""1.5: what is left of a lot never falls below zero, however many hands take from it at the same moment."""

import threading

from django.db import connections
from django.db.models import Sum

from gatekeeper.core.refusal import Refusal
from gatekeeper.lots.models import Lot, Use
from tests.lots.making import make_lot, take


def at_once(*takings):
    """Let each taking happen in a thread and a connection of its own, all at one moment; return what came of each."""
    start, outcomes = threading.Barrier(len(takings)), []

    def run(taking):
        try:
            start.wait(20)
            outcomes.append(taking() and "taken")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(taking,)) for taking in takings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(outcomes)


def test_eight_hands_take_no_more_than_there_is(committed_people, sealer):
    parent, children = make_lot(committed_people, "B-0"), [make_lot(committed_people, f"B-{n}") for n in range(1, 9)]
    outcomes = at_once(*(lambda child=child: bool(take(committed_people, parent, child, "30")) for child in children))
    assert outcomes == ["more_than_is_left"] * 5 + ["taken"] * 3
    parent.refresh_from_db()
    assert parent.quantity_left == 10
    assert Use.objects.filter(parent=parent).aggregate(Sum("quantity"))["quantity__sum"] == 90


def test_two_lots_taken_in_opposite_order_close_no_circle_and_no_dead_lock(committed_people, sealer):
    a, b = make_lot(committed_people, "B-1"), make_lot(committed_people, "B-2")
    outcomes = at_once(lambda: bool(take(committed_people, a, b, "1")), lambda: bool(take(committed_people, b, a, "1")))
    assert outcomes == ["taken", "would_make_a_circle"]
    assert sum(100 - lot.quantity_left for lot in Lot.objects.all()) == 1
