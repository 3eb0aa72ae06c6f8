"""Issue 2, main job: readings of the simulated UF/DF, judged by the shipped rules, give the planted excursion alone."""

import pytest

from batches.excursions.models import Excursion
from batches.excursions.queries.states import states_of
from batches.models import Deviation
from batches.readings.models import Frame
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.frames import decoded, frame_from
from gatekeeper.demo.process import Fault, FaultKind, simulate_phase
from tests.excursions import making


@pytest.fixture
def plant(time, db, monkeypatch):
    """A running L10 watched by the shipped lentiviral rules, with the simulated skid and its 100 fibres."""
    monkeypatch.setattr(making, "MASTER", making.MASTER.replace("UFDF-RULES", "LV-PROCESS"))
    monkeypatch.setattr(making, "make_skid", making.make_simulated_skid)
    return making.make_plant((making.SHIPPED_RULES / "lv_rules.toml").read_bytes())


def run(plant, time, faults=()):
    for sent in simulate_phase("uf_df", making.START, 7, faults):
        frame = frame_from(sent.source, sent.boot_id, sent.sequence, sent.tags)
        last = frame.last_us
        time.after(max((time.at - making.START).total_seconds(), last / making.SECOND - making.START.timestamp()))
        plant.send(decoded(frame.body))
    plant.end()
    plant.detect()
    return states_of(plant.phase)


def test_a_good_run_has_no_deviation(plant, time):
    states = run(plant, time)
    assert {rule.rule: rule.state.value for rule in states.rules if rule.state.value != "normal"} == {}
    assert states.complete
    assert not Deviation.objects.exists()
    assert all(verify_frame(frame) for frame in Frame.objects.all())


def test_a_planted_surge_is_found_and_nothing_else(plant, time):
    states = run(plant, time, [Fault(FaultKind.SHEAR)])
    assert {rule.rule for rule in states.rules if rule.state.value == "action"} == {"lv-wall-shear"}
    (found,) = Excursion.objects.filter(level="action", withdrawn_at__isnull=True)
    assert round(float(found.peak), 2) == 13058.87
    assert Deviation.objects.count() == 1
