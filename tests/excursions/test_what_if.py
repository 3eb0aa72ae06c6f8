"""domain.md 2.5: a rule change is replayed over past batches before it is approved, as what-if, changing nothing."""

import pytest

from batches.excursions import models
from batches.excursions.actions.what_ifs import replay_next, start_replay
from batches.excursions.queries.what_ifs import replay_of
from batches.models import Deviation
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.jobs.actions import jobs
from gatekeeper.jobs.models import Job
from gatekeeper.ledger.models import Signature
from gatekeeper.ledger.queries import signatures_of
from tests.documents.making import approve, draft
from tests.doors import post, signature, signed_in
from tests.excursions import making
from tests.excursions.making import PH, SHEAR, frame, rules_toml

STRICT = SHEAR.replace('action_high = "6000"', 'action_high = "4300"').replace("version = 1", "version = 2")
PAGE = "/documents/rule-sets/UFDF-RULES/2/"
REPLAYS = "/excursions/rule-sets/UFDF-RULES/2/replays/"
REST = "/api/v1/rule-sets/UFDF-RULES/versions/2/replays/"


@pytest.fixture
def past(plant, time):
    """A phase that is over: 4 500 1/s for a minute, alert by the rules that were in force."""
    time.after(240)
    plant.send(frame(1, range(0, 241), lambda at: 0.345 if 60 <= at < 120 else 0.2))
    plant.end()
    plant.detect()
    return plant


def drafted(plant, *tables, version=2):
    toml = rules_toml(*(tables or (STRICT,)), version=version)
    return draft(plant.people["mei"], "rule_set", toml)


def replayed(plant, draft):
    what_if = start_replay(by=plant.people["mei"], site=plant.site, rule_set=draft)
    jobs.run_due()
    return what_if


def approved(plant, draft):
    arun = plant.people["arun"]
    return approve(arun, draft)


def code_of(caught):
    return caught.value.code


def judgements():
    judged = (models.Evaluation, models.Excursion, models.Progress, Deviation)
    return [list(model.objects.order_by("pk").values()) for model in judged]


def test_a_replay_says_which_lots_would_flip_and_changes_no_judgement(past):
    before = judgements()
    assert models.Evaluation.objects.get().state == "alert"
    what_if = replayed(past, drafted(past, STRICT, PH))
    row = what_if.rows.get()
    assert (row.flips, row.content["before"], row.content["after"]) == (True, "alert", "action")
    assert row.content["what_if"] is True
    shear, ph = row.content["rules"]
    assert (shear["before"], shear["after"]) == (
        {"state": "alert", "alerts": 1, "actions": 0},
        {"state": "action", "alerts": 1, "actions": 1},
    )
    assert (ph["rule"], ph["before"], ph["after"]["state"]) == ("ph", None, "action")
    assert judgements() == before


def test_a_draft_that_changes_nothing_flips_nothing(past):
    what_if = replayed(past, drafted(past, SHEAR.replace("version = 1", "version = 2")))
    assert (what_if.rows.get().flips, replay_of(what_if.rule_set).flips) == (False, 0)


def test_a_draft_is_approved_only_after_its_own_replay_is_finished(past):
    draft = drafted(past)
    with pytest.raises(Refusal) as caught:
        approved(past, draft)
    assert code_of(caught) == "replay_missing"
    start_replay(by=past.people["mei"], site=past.site, rule_set=draft)
    with pytest.raises(Refusal) as caught:
        approved(past, draft)
    assert code_of(caught) == "replay_missing"
    jobs.run_due()
    assert approved(past, draft).status == "approved"
    with pytest.raises(Refusal) as caught:
        approved(past, drafted(past, PH, version=3))  # the replay of another draft says nothing of this one
    assert code_of(caught) == "replay_missing"


def test_the_approver_signs_the_digest_of_what_the_replay_found(past):
    draft = drafted(past)
    replayed(past, draft)
    found = replay_of(draft).sha256
    approved(past, draft)
    assert f'"what_if":"{found}"' in Signature.objects.get(act="rule_set.approve", subject_key=str(draft.pk)).content
    page = signed_in(past.people["arun"]).get(PAGE)
    assert [row.valid for row in page.context["signatures"]] == [True]
    assert signatures_of(past.rule_set)[0].meaning == "Approved for use"


def test_only_a_draft_is_replayed_and_only_by_who_configures(past):
    for person, rule_set, code in (
        ("mei", past.rule_set, "replay_of_drafts_only"),
        ("olivia", drafted(past), "not_authorised"),
    ):
        with pytest.raises(Refusal) as caught:
            start_replay(by=past.people[person], site=past.site, rule_set=rule_set)
        assert code_of(caught) == code


def test_a_replay_goes_on_phase_by_phase_and_ends_when_a_newer_one_begins(past):
    draft, mei = drafted(past), past.people["mei"]
    first = start_replay(by=mei, site=past.site, rule_set=draft)
    second = start_replay(by=mei, site=past.site, rule_set=draft)
    assert replay_next(by=past.people["monitor"], what_if=first) is None
    assert replay_next(by=past.people["monitor"], what_if=second).phase == past.phase
    assert replay_next(by=past.people["monitor"], what_if=second) is None
    assert replay_of(draft).what_if == second
    queues = Job.objects.filter(kind="replay_started").values_list("queue", flat=True)
    assert set(queues) == {"general"}


def test_without_a_past_batch_there_is_nothing_to_wait_for(people):
    site = Site.objects.get(code="SG01")
    written = draft(people["mei"], "rule_set", rules_toml(SHEAR))
    what_if = start_replay(by=people["mei"], site=site, rule_set=written)
    assert (what_if.phases, replay_of(written).finished, Job.objects.count()) == ([], True, 0)


def test_the_page_starts_a_replay_and_shows_its_progress_and_what_flips(past):
    drafted(past)
    mei = signed_in(past.people["mei"])
    page = mei.get(PAGE).content.decode()
    assert "Start replay" in page
    assert "1 phase is over" in page
    assert mei.post(REPLAYS).url == f"{PAGE}#what-would-change"
    running = mei.get(PAGE).content.decode()
    assert "<progress" in running
    assert 'data-refresh-seconds="2"' in running
    jobs.run_due()
    found = " ".join(mei.get(PAGE).content.decode().split())
    for text in ("1 lot would be judged differently", "LOT-1", "Replay again", "1 → 2 excursions"):
        assert text in found
    assert "<progress" not in found
    assert mei.get(REPLAYS).url == PAGE


def test_phases_of_other_sites_are_counted_and_not_shown(past):
    draft = drafted(past)
    replayed(past, draft)
    page = " ".join(signed_in(past.people["sol"]).get(PAGE).content.decode().split())
    assert "1 phase of other sites is not shown" in page
    assert "LOT-1" not in page
    (shown,) = signed_in(past.people["sol"]).get(REST).json()["results"]
    assert (shown["done"], shown["phases"]) == (1, [])


def test_both_doors_refuse_a_replay_of_what_is_in_use_and_an_approval_without_one(past):
    mei, arun = signed_in(past.people["mei"]), signed_in(past.people["arun"])
    used, address = "/excursions/rule-sets/UFDF-RULES/1/replays/", REST.replace("/2/", "/1/")
    page, answer = mei.post(used), post(mei, address, {})
    assert (page.status_code, answer.status_code, answer.json()["code"]) == (409, 409, "replay_of_drafts_only")
    assert "Only a draft is replayed" in page.content.decode()
    drafted(past)
    signed = signature(past.people["arun"])
    page, answer = arun.post(f"{PAGE}approve/", signed), post(arun, f"{REST.removesuffix('replays/')}approve/", signed)
    assert (page.status_code, answer.status_code, answer.json()["code"]) == (409, 409, "replay_missing")
    assert "Replay this draft over the past batches first" in page.content.decode()


def test_the_endpoint_starts_a_replay_and_shows_it_labelled_what_if(past):
    drafted(past)
    mei = signed_in(past.people["mei"])
    answer = post(mei, REST, {})
    assert (answer.status_code, answer.json()["finished"], answer.json()["sha256"]) == (201, False, "")
    jobs.run_due()
    (found,) = mei.get(REST).json()["results"]
    assert (found["what_if"], found["finished"], found["flips"], len(found["sha256"])) == (True, True, 1, 64)
    (phase,) = found["phases"]
    assert (phase["lot"], phase["phase"], phase["before"], phase["after"]) == ("LOT-1", "L10", "alert", "action")


def test_a_phase_that_ends_later_is_named_and_voids_nothing(past, time):
    draft = drafted(past)
    replayed(past, draft)
    time.after(3600)
    later = making.make_run(past, "BR-2", "LOT-2")
    time.after(3840)
    later.send(frame(2, range(3600, 3841), lambda at: 0.2))
    later.end()
    later.detect()
    page = signed_in(past.people["arun"]).get(PAGE)
    assert page.context["content"]["what_if"]["later"] == 1
    assert "1 phase has ended since and is not in it" in " ".join(page.content.decode().split())
    assert approved(past, draft).status == "approved"
