"""2.2.8, G-3, E-a: what needs readings that lie in files says so; nothing is ever judged or shown on fewer samples."""

import contextlib
import json
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse

from batches.excursions.actions.evaluation import evaluate_phase
from batches.excursions.models import Excursion, Progress
from batches.excursions.queries.evaluation_context import contexts_of
from batches.excursions.queries.evaluation_inputs import Scope, inputs_of
from batches.excursions.queries.incremental_evaluation import judgement_of_new_frames
from batches.excursions.queries.live import followed, frames_between, tail
from batches.excursions.queries.states import states_of
from batches.excursions.queries.traces import envelope, raw_readings
from batches.excursions.queries.what_ifs import compared
from batches.excursions.rules.excursions import State
from batches.queries.records import record_view
from batches.readings import models
from batches.readings.actions.frames import Conflicting, Replayed
from batches.readings.queries.archived import check_not_away
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.arrow_frames import MEDIA_TYPE
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from release.queries.evaluations import evaluations_of
from tests.documents.making import draft
from tests.doors import machine, signed_in
from tests.excursions.making import PH, START, frame, rules_toml
from tests.readings import archiving
from tests.readings.archiving import mixed, said, stored

WHERE = "Readings of TFF01 in 2026-03 are archived in "


@contextlib.contextmanager
def refused():
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == "readings_archived"
    assert caught.value.message.startswith(WHERE)


def evaluate(away):
    return evaluate_phase(by=away.people["monitor"], phase=away.plant.phase)


def ledger_findings():
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("verify_ledger", "--json", stdout=out)
    return json.loads(out.getvalue())["findings"]


def minutes():
    return list(models.Envelope.objects.order_by("tag", "minute").values_list())


def test_an_evaluation_stays_as_it_is_recorded_whoever_asks_for_another(away):
    recorded = said()
    Progress.objects.update(inputs_sha256="")  # as after a change of what an evaluation says
    assert {row.version for row in evaluate(away)} == {row[1] for row in recorded if isinstance(row[1], int)}
    assert said() == recorded


def test_the_inputs_of_a_phase_are_refused_and_never_read_from_what_is_left(away):
    away.plant.send(mixed(7, 250))  # late: some readings of the phase are there
    for ask in (
        lambda: inputs_of(away.plant.phase),
        lambda: inputs_of(away.plant.phase, scope=Scope.ALL),
        lambda: envelope(away.plant.record, parameter="flow", start=None, end=None, points=10),
        lambda: raw_readings(away.plant.record, parameter="flow", start=None, end=None, limit=1000),
        lambda: verify_frame(models.Frame.objects.order_by("pk").first()),
    ):
        with refused():
            ask()


def test_a_running_phase_is_not_begun_anew_on_fewer_readings(away):
    (context,) = contexts_of([away.plant.phase.pk])
    with refused(), transaction.atomic():
        judgement_of_new_frames(context)


def test_the_states_of_a_phase_are_unknown_and_keep_the_gate_closed(away):
    states = states_of(away.plant.phase)
    assert (states.problem, states.state, states.complete) == ("readings_archived", State.UNKNOWN, False)
    assert states.evaluated_to == away.plant.phase.performed_at
    (fact,) = evaluations_of(record_view(away.plant.record, now()))
    assert (fact.state, fact.up_to_date) == ("unknown", False)
    assert "archived" in fact.title


def test_a_phase_that_was_left_running_is_not_followed_on_what_is_left(away):
    with psycopg.connect(away.urls.admin) as dba:
        dba.execute("ALTER TABLE batches_phase DISABLE TRIGGER ALL")
        dba.execute("UPDATE batches_phase SET state = 'running'")
    (one,) = followed(away.plant.record)
    with refused():
        tail([one], since=None, start=START)
    with refused():
        frames_between(one, START, away.plant.phase.performed_at)
    assert tail([one], since=0, start=START).frames


def test_a_draft_of_rules_finds_every_rule_unknown(away):
    written = draft(away.people["mei"], "rule_set", rules_toml(PH, version=2))
    found = compared(away.plant.phase, written)
    assert {one.after.state for one in found.changes} == {State.UNKNOWN}
    assert {one.rule for one in found.changes} == {"ph", "shear"}


def test_the_endpoints_answer_409_and_say_where_the_files_are(away):
    client = machine(away.people, "readings.view")
    address = "/api/v1/batch-records/BR-1/readings/"
    for accept in ("application/json", MEDIA_TYPE):
        answer = client.get(address, {"parameter": "flow"}, headers={"Accept": accept})
        problem = json.loads(answer.content)
        assert answer.status_code == 409
        assert problem["errors"][0]["code"] == "readings_archived"
        assert "2026-03" in problem["errors"][0]["detail"]


def test_the_pages_show_what_is_recorded_and_say_that_the_readings_are_archived(away):
    client = signed_in(away.people["quinn"])
    page = client.get(reverse("excursions:phase_signals", args=["BR-1", "L10"]))
    assert page.status_code == 200
    assert WHERE in page.content.decode()
    assert "No readings yet" not in page.content.decode()
    page = client.get(reverse("readings:source_detail", args=["TFF01"]))
    assert page.content.decode().count("archived") == 7
    excursion = Excursion.objects.first()
    page = client.get(reverse("excursions:excursion_detail", args=[excursion.pk]))
    assert page.status_code == 200
    assert WHERE in page.content.decode()


def test_a_frame_is_still_known_when_it_comes_again(away):
    assert isinstance(away.plant.send(mixed(3, 150)), Replayed)
    assert isinstance(away.plant.send(mixed(3, 151)), Conflicting)
    recorded, envelopes = said(), minutes()
    assert archiving.work_due() == 2
    assert (said(), minutes()) == (recorded, envelopes)
    away.run("restore_readings")
    archiving.work_due()
    assert said() != recorded
    assert minutes() != envelopes


def test_a_late_frame_is_kept_and_judged_when_the_month_is_back(away):
    recorded, envelopes = said(), minutes()
    late = away.plant.send(frame(7, range(250, 300), lambda _at: 9.0)).frame
    assert verify_frame(late)
    assert archiving.work_due() == 2
    assert said() == recorded
    assert minutes() == envelopes  # it shares each of its minutes with readings that are away
    assert "part 2: 1 frames" in away.run("archive_readings")
    assert len(stored()) == 1
    away.run("restore_readings")
    assert len(stored()) == 25
    archiving.work_due()
    assert said() != recorded
    assert minutes() != envelopes
    assert ledger_findings() == []


def test_a_late_frame_beside_what_is_away_has_its_minutes(away):
    before = len(minutes())
    away.plant.send(mixed(8, 86_400, size=60))
    archiving.work_due()
    assert len(minutes()) == before + 3


def test_a_time_or_a_source_without_archived_readings_is_read_as_ever(away):
    check_not_away([], START, None)
    (late,) = models.Frame.objects.filter(first_at__gte="2026-04-01T00:00Z")
    assert verify_frame(late)
    check_not_away([late.source_id], late.last_at, None)


def test_the_ledger_is_intact_without_them_and_says_when_more_is_missing(away):
    assert ledger_findings() == []
    late = away.plant.send(mixed(8, 86_400)).frame
    assert ledger_findings() == []
    with psycopg.connect(away.urls.admin) as dba:
        dba.execute("DELETE FROM readings_segment WHERE frame_id = %s", [late.pk])
    (found,) = ledger_findings()
    assert (found["code"], found["table"]) == ("readings_altered", "public.readings_archivedmonth")
    with psycopg.connect(away.urls.admin) as dba:
        dba.execute("DELETE FROM readings_segment")
    assert {one["table"] for one in ledger_findings()} == {
        "public.readings_archivedmonth", "public.readings_frame",
    }  # fmt: skip


def test_nothing_comes_back_from_a_file_that_was_altered(away):
    content = away.parquet().read_bytes()
    away.parquet().write_bytes(content[:-300] + bytes([content[-300] ^ 1]) + content[-299:])
    with pytest.raises(CommandError, match="was altered"):
        away.run("restore_readings")
    assert stored() == []
