"""domain.md 2.5: rules and skids are controlled master data; every fault is named at its place."""

import pytest

from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from batches.readings.models import Source
from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import PASSWORD
from gatekeeper.documents.models import Document
from gatekeeper.ledger.queries import signatures_of
from tests.documents.making import approve, draft
from tests.excursions.making import PH, SHEAR, SHIPPED_RULES, make_skid, rules_toml

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def site(people):
    return Site.objects.get(code="SG01")


@pytest.mark.parametrize("name", ["lv_rules.toml", "aav_rules.toml", "adv_rules.toml", "plasmid_rules.toml"])
def test_the_shipped_rules_are_imported_by_one_person_and_approved_by_another(people, site, name):
    written = draft(people["mei"], "rule_set", (SHIPPED_RULES / name).read_bytes())
    assert (written.status, written.version) == ("draft", 1)
    arun = people["arun"]
    approved = approve(arun, written)
    assert (approved.status, approved.approved_by) == ("approved", arun)
    assert signatures_of(approved)[0].meaning == "Approved for use"


def test_the_masters_name_rule_sets_that_exist():
    from tests.batches.making import SHIPPED

    named = {line for path in SHIPPED.glob("*.toml") for line in path.read_text().splitlines() if "rule_set" in line}
    codes = {path.read_text().split('code = "')[1].split('"')[0] for path in SHIPPED_RULES.glob("*.toml")}
    assert {line.split('"')[1] for line in named} <= codes


def test_every_fault_of_every_rule_is_named_at_its_place(people, site):
    bad = PH.replace('"[pH]"', '"pH"') + SHEAR.replace('"4000"', '"7000"').replace('"200"', "0.5").replace(
        '"ph"', '"x"'
    )
    with pytest.raises(Refusal) as caught:
        draft(people["mei"], "rule_set", rules_toml(bad, SHEAR.replace('"wall_shear"\nunit', '"mood"\nunit')))
    assert {(row.code, row.field) for row in caught.value.all} == {
        ("unknown_unit", "rule.0.unit"),
        ("number_not_text", "rule.1.deadband"),
        ("unknown_parameter", "rule.2.parameter"),
    }
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("toml", "code"),
    [
        (b"\xff", "not_toml"),
        (b"a = ", "not_toml"),
        (b"a = 1", "table_missing"),
        (rules_toml(), "rule_set_empty"),
        (rules_toml(PH, PH), "rule_twice"),
    ],
)
def test_a_file_that_is_no_rule_set_is_refused(people, site, toml, code):
    with pytest.raises(Refusal) as caught:
        draft(people["mei"], "rule_set", toml)
    assert caught.value.code == code


def test_the_author_cannot_approve_and_a_version_is_approved_once(people, site):
    written = draft(people["mei"], "rule_set", rules_toml(PH))
    with pytest.raises(Refusal):
        approve(people["mei"], written)
    arun = people["arun"]
    approve(arun, written)
    with pytest.raises(Refusal) as caught:
        approve(arun, written)
    assert caught.value.code == "transition_not_allowed"
    with pytest.raises(Refusal) as caught:
        draft(people["mei"], "rule_set", rules_toml(PH))
    assert caught.value.code == "already_registered"


def test_a_skid_is_registered_once_with_every_fault_named(people, site):
    source = make_skid(people)
    assert (source.site, source.tags.count()) == (site, 4)
    tags = (
        DescribeTag("A", "ph", "pH"),
        DescribeTag("A", "wall_shear", "1/s"),
        DescribeTag("B", "mood", "1"),
        DescribeTag("", "flow", "bar"),
        DescribeTag("D", "temperature", "Cel", "9", "2"),
        DescribeTag("E", "temperature", "Cel", "cold"),
    )
    with pytest.raises(Refusal) as caught:
        register_source(by=people["mei"], command=RegisterSource("tff01", " ", "TFF-1", tags))
    assert {(row.code, row.field) for row in caught.value.all} == {
        ("blank_value", "name"),
        ("already_registered", "code"),
        ("tag_twice", "tags"),
        ("parameter_twice", "tags"),
        ("unknown_unit", "tags.0.unit"),
        ("parameter_is_derived", "tags.1.parameter"),
        ("unknown_parameter", "tags.2.parameter"),
        ("blank_value", "tags.3.code"),
        ("units_differ_in_kind", "tags.3.unit"),
        ("range_upside_down", "tags.4.range_high"),
        ("not_a_number", "tags.5.range_low"),
    }
    assert Source.objects.count() == 1


def test_only_who_configures_registers_a_skid(people, site):
    make_skid(people)
    with pytest.raises(Refusal) as caught:
        register_source(
            by=people["olivia"],
            command=RegisterSource("X", "X", "TFF-1", (DescribeTag("A", "ph", "[pH]"),)),
        )
    assert caught.value.code == "not_authorised"


def test_rules_are_recorded_and_approved_by_two_people_over_rest(people, client):
    toml = (SHIPPED_RULES / "lv_rules.toml").read_bytes()
    client.force_login(people["mei"], backend=BACKEND)
    draft = client.post("/api/v1/rule-sets/", toml, content_type="application/toml")
    assert (draft.status_code, draft.json()["status"], draft.json()["authored_by"]) == (201, "draft", "mei")
    again = client.post("/api/v1/rule-sets/", toml, content_type="application/toml")
    assert (again.status_code, again.json()["code"]) == (409, "already_registered")
    address = "/api/v1/rule-sets/LV-PROCESS/versions/1/"
    signed = {"password": PASSWORD}
    own = client.post(f"{address}approve/", signed | {"username": "mei"}, content_type="application/json")
    assert (own.status_code, own.json()["code"]) == (403, "not_authorised")
    client.force_login(people["arun"], backend=BACKEND)
    approved = client.post(f"{address}approve/", signed | {"username": "arun"}, content_type="application/json")
    assert (approved.status_code, approved.json()["approved_by"]) == (201, "arun")
    shown = client.get(address).json()
    assert (shown["status"], shown["content"]["rules"][0]["code"]) == ("approved", "lv-wall-shear")
    assert [row["code"] for row in client.get("/api/v1/rule-sets/").json()["results"]] == ["LV-PROCESS"]
