"""integrity.md 5: two workers, or two gateways, at once leave what one alone leaves."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Evaluation, Excursion
from batches.models import Deviation
from batches.readings.actions.frames import Conflicting, Recorded, Replayed
from batches.readings.models import Frame, FrameConflict
from tests.excursions.making import frame, make_plant
from tests.excursions.test_evaluation import frames, surging


def at_once(*calls):
    """Run the calls in threads of their own, begun together, and return their answers."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_evaluations_and_two_gateways_at_once(committed_db, sealer, time):
    plant = make_plant()
    time.after(120)
    for row in frames():
        plant.send(row)
    monitor = plant.people["monitor"]
    first, second = at_once(*[lambda: evaluate_phase(by=monitor, phase=plant.phase)] * 2)
    assert first == second
    assert Evaluation.objects.count() == 1
    assert (Excursion.objects.count(), Deviation.objects.count()) == (2, 1)

    same = frame(50, range(10), surging)
    answers = at_once(*[lambda: plant.send(same)] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["Recorded", "Replayed", "Replayed", "Replayed"]

    bodies = [frame(51, range(10), lambda at, k=k: k / 10) for k in range(3)]
    answers = at_once(*[lambda body=body: plant.send(body) for body in bodies])
    assert {type(answer) for answer in answers} == {Recorded, Conflicting}
    assert Replayed not in {type(answer) for answer in answers}
    assert (Frame.objects.filter(sequence=51).count(), FrameConflict.objects.count()) == (1, 2)
