"""E-f: the same step asked for twice at the same moment is done once."""

import threading

from django.db import connection

from batches.actions import execution
from batches.actions.commands import EnterResult, StartPhase
from batches.models import InProcessResult, Phase
from gatekeeper.core.refusal import Refusal
from tests.batches.making import make_batch_record, make_house


def test_the_same_entry_sent_twice_at_once_is_recorded_once(sealer):
    house = make_house()
    record = make_batch_record(house, at="running:L1")
    codes = twice(
        lambda phase: execution.enter_result(by=house.olivia, phase=phase, command=EnterResult("temperature", "37.0")),
        record.phases.get(code="L1").pk,
    )
    assert sorted(codes) == ["already_entered", "done"]
    assert InProcessResult.objects.count() == 1


def test_a_phase_started_twice_at_once_runs_once(sealer):
    house = make_house()
    record = make_batch_record(house)
    codes = twice(
        lambda phase: execution.start_phase(by=house.olivia, phase=phase, command=StartPhase(("INCUBATOR",))),
        record.phases.get(code="L1").pk,
    )
    assert sorted(codes) == ["done", "phase_already_started"]
    assert record.phases.get(code="L1").equipment_uses.count() == 1


def twice(attempt, phase_id):
    codes, gate = [], threading.Barrier(2)

    def run():
        phase = Phase.objects.select_related("batch_record").get(pk=phase_id)
        gate.wait()
        try:
            attempt(phase)
            codes.append("done")
        except Refusal as refusal:
            codes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes
