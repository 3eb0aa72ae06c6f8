"""integrity.md 5: what looks for loss after the dust has finished finds each damage, and nothing in a whole state."""

from types import SimpleNamespace

import psycopg
import pytest

from batches.models import Phase
from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.models import Job
from tests import running
from tests.excursions.making import PH, SECOND, START, frame, make_plant, rules_toml, standing_clock
from tests.faults import dust
from tests.faults.skids import Sent

pytestmark = pytest.mark.fault
STEP, USUAL, PEAK = 60, 7.2, 9.2
SPIKES = (5, 14)  # places of the samples at PEAK
LIMITS = {"alert": 7.8, "action": 8.0}
FRAMES = [
    frame(number, range(at, at + 7 * STEP, STEP), lambda at: PEAK if at // STEP in SPIKES else USUAL, tag="AI101")
    for number, at in enumerate(range(0, 21 * STEP, 7 * STEP), 1)
]


def finish():
    """A phase whose pH left its limits twice: three frames, judged, and no message waits."""
    with standing_clock() as clock:
        plant = make_plant(rules_toml(PH))
        clock.after(21 * STEP)
        for frame in FRAMES:
            plant.send(frame)
            plant.detect()
        while jobs.run_due() + plant.detect():
            pass
    assert not Job.objects.filter(done_at=None).exists()


@pytest.fixture(scope="module")
def finished_template(servers, begun_template, django_db_blocker):
    with running.prepared(servers, begun_template, finish, django_db_blocker) as name:
        yield name


@pytest.fixture
def finished(servers, finished_template, django_db_blocker):
    """The addresses of a copy of it, to be damaged."""
    with (
        running.cloned(servers, finished_template) as urls,
        django_db_blocker.unblock(),
        running.pointed_at(urls),
        standing_clock() as clock,
    ):
        clock.after(21 * STEP)
        yield urls


@pytest.fixture
def skid(finished):
    """What its gateway knows: what it sent, how it was answered, and what was planted in it."""
    phase = Phase.objects.get(code="L10").pk
    digests = {frame.sequence: frame.sha256() for frame in FRAMES}
    sent = Sent(digests, dict(digests))
    for place in SPIKES:
        for level, limit in LIMITS.items():
            crossed = (place - 1) * STEP + STEP * (limit - USUAL) / (PEAK - USUAL)
            sent.planted[phase, "ph", level, round((START.timestamp() + crossed) * SECOND)] = 0.0
    return SimpleNamespace(source="TFF01", sent=sent)


TABLES = (
    "readings_frame", "readings_frameconflict", "readings_segment", "excursions_excursion",
    "excursions_evaluation", "batches_deviation", "jobs_job",
)  # fmt: skip


def damage(urls, *statements):
    """As a superuser, past every trigger and every constraint that is one."""
    with psycopg.connect(urls.admin) as dba:
        for table in TABLES:
            dba.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            assert dba.execute(statement).rowcount, statement


def faults(skid, urls):
    return list(dust.faults_of([skid], urls.admin))


def test_a_whole_state_has_no_fault(skid, finished):
    assert faults(skid, finished) == []


def again(table, changes, where):
    """A row of the table once more, but for these changes."""
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(one) || "
        f"jsonb_build_object({changes}))).* FROM (SELECT * FROM {table} WHERE {where} ORDER BY id LIMIT 1) one"
    )


def of_first(table, where):
    return f"id = (SELECT min(id) FROM {table} WHERE {where})"


LAST_FRAME = "frame_id = (SELECT max(id) FROM readings_frame)"
FRAME, EXCURSION, EVALUATION = "readings_frame", "excursions_excursion", "excursions_evaluation"
AN_ALERT, AN_ACTION = (of_first(EXCURSION, f"level = '{level}'") for level in LIMITS)
ACTIONS = "level = 'action'"
LAST_JOB = "id = (SELECT max(id) FROM jobs_job)"
LAST_VERDICT = "version = (SELECT max(version) FROM excursions_evaluation)"
# How the sentence of each check begins, or what only it says.
ALTERED, ANEW, AGAIN = "ALTERED", "says something else now", "judgements before and after judging again"
UNPLANTED, UNOPENED = "planted and found: 1 not expected", "deviations and their excursions: 1 not expected"
DAMAGES = {
    "a sample is changed": (
        [f"UPDATE readings_segment SET values = overlay(values PLACING '\\x00'::bytea FROM 7) WHERE {LAST_FRAME}"],
        ["is not what its digest says", ALTERED, ANEW, AGAIN],
    ),
    "a frame is lost": (
        [f"DELETE FROM readings_segment WHERE {LAST_FRAME}", "DELETE FROM readings_frame WHERE sequence = 3"],
        ["acknowledged and stored: 1 missing", ALTERED, ANEW, AGAIN],
    ),
    "a frame is stored twice": (
        [again(FRAME, "'id', 9000, 'boot_id', 'boot-2'", "sequence = 3")],
        ["boot-2/3 is not what its digest says", "stored more than once", ALTERED],
    ),
    "a frame is in conflict": (
        [
            "INSERT INTO readings_frameconflict SELECT 9000, repeat('0', 64), '', received_at, id, received_by_id "
            "FROM readings_frame WHERE sequence = 3"
        ],
        ["1 frames are held in conflict", ALTERED, ANEW, AGAIN],
    ),
    "an excursion is missed": (
        [f"DELETE FROM excursions_excursion WHERE {AN_ALERT}"],
        ["planted and found: 1 missing", ALTERED],
    ),
    "an excursion is withdrawn": (
        [f"UPDATE excursions_excursion SET withdrawn_at = now() WHERE {AN_ALERT}"],
        ["planted and found: 1 missing", ALTERED],
    ),
    "an excursion is invented": (
        [again(EXCURSION, "'id', 9000, 'key', 'other', 'started_at', started_at + interval '1 s'", AN_ALERT)],
        [UNPLANTED, ALTERED],
    ),
    "an excursion is doubled": (
        [again(EXCURSION, "'id', 9000, 'key', 'other'", AN_ALERT)],
        ["found more than once", ALTERED],
    ),
    "an excursion opened nothing": (
        [f"UPDATE excursions_excursion SET deviation_id = NULL WHERE {AN_ACTION}"],
        ["1 excursions of action level have no deviation", UNOPENED, ALTERED],
    ),
    "two excursions share a deviation": (
        [f"UPDATE excursions_excursion SET deviation_id = (SELECT min(id) FROM batches_deviation) WHERE {ACTIONS}"],
        ["deviations that stand for more than one excursion", UNOPENED, ALTERED],
    ),
    "a deviation is doubled": (
        [again("batches_deviation", "'id', 9000, 'number', 'DEV-9', 'origin_key', 'other'", "origin = 'excursion'")],
        [UNOPENED, ALTERED],
    ),
    "a verdict is given twice": (
        [again(EVALUATION, "'id', 9000, 'version', version + 1", LAST_VERDICT)],
        ["3 says what the version before says", ALTERED],
    ),
    "a verdict is lost": (
        ["DELETE FROM excursions_evaluation WHERE version = 1"],
        ["2 does not follow version None", ALTERED],
    ),
    "the last verdict is lost": ([f"DELETE FROM excursions_evaluation WHERE {LAST_VERDICT}"], [ALTERED, ANEW, AGAIN]),
    "a verdict is changed": (
        [f"UPDATE excursions_evaluation SET state = 'normal' WHERE {LAST_VERDICT}"],
        [ALTERED, ANEW],
    ),
    "a message is left open": (
        [f"UPDATE jobs_job SET done_at = NULL WHERE {LAST_JOB}"],
        ["(readings_judged) waits after 1 attempts"],
    ),
    "a message is given up": (
        [f"UPDATE jobs_job SET done_at = NULL, dead_at = now() WHERE {LAST_JOB}"],
        ["(readings_judged) was given up after 1 attempts"],
    ),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_what_is_damaged_is_named_and_nothing_else(skid, finished, what):
    statements, expected = DAMAGES[what]
    damage(finished, *statements)
    assert_named(faults(skid, finished), expected)


EXPECTED_FAULTS = {
    "was never answered": (lambda sent: sent.faults.append("TFF01/9 was never answered"), ["was never answered"]),
    "was sent and not acknowledged": (
        lambda sent: sent.sha256.update({9: "0" * 64}),
        ["sent and acknowledged: 1 missing"],
    ),
    "was acknowledged and not stored": (
        lambda sent: (sent.sha256.update({9: "0" * 64}), sent.answered.update({9: "0" * 64})),
        ["acknowledged and stored: 1 missing"],
    ),
    "was stored and not acknowledged": (
        lambda sent: (sent.sha256.pop(3), sent.answered.pop(3)),
        ["acknowledged and stored: 1 not expected"],
    ),
    "was acknowledged as something else": (
        lambda sent: sent.answered.update({3: "0" * 64}),
        [
            *("sent and acknowledged: 1 missing", "sent and acknowledged: 1 not expected"),
            *("acknowledged and stored: 1 missing", "acknowledged and stored: 1 not expected"),
        ],
    ),
    "was planted and not found": (
        lambda sent: sent.planted.update({(1, "ph", "alert", 0): 0.0}),
        ["planted and found: 1 missing"],
    ),
    "was found and not planted": (lambda sent: sent.planted.popitem(), [UNPLANTED]),
}


@pytest.mark.parametrize("what", EXPECTED_FAULTS)
def test_what_the_gateway_knows_otherwise_is_named_and_nothing_else(skid, finished, what):
    change, expected = EXPECTED_FAULTS[what]
    change(skid.sent)
    assert_named(faults(skid, finished), expected)


def assert_named(faults, expected):
    """Every fault is one of those, and each of them is there."""
    assert [text for text in expected if not any(text in fault for fault in faults)] == []
    assert [fault for fault in faults if not any(text in fault for text in expected)] == []
