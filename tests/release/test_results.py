"""B-12: a result is kept as reported, fits its test, is reviewed by a second person and never overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.clock import now
from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.people import credentials
from gatekeeper.ledger.models import Signature
from release import queries
from release.actions.results import correct_result, invalidate_result, record_result, review_result, review_results
from release.models import Result
from release.rules.gate import findings
from tests.release import making


def codes(function, **arguments):
    with pytest.raises(Refusal) as refusal, transaction.atomic():
        function(**arguments)
    return [row.code for row in refusal.value.all]


def good(record, test="ph", **changes):
    return making.result_command(record.lot.number, test, **changes)


def of(record, test="ph"):
    return Result.objects.get(lot=record.lot, test=test, superseded_by__isnull=True)


@pytest.mark.parametrize(
    ("test", "changes", "expected"),
    [
        ("ph", {"unit": "furlong"}, ["unknown_unit"]),
        ("ph", {"unit": "mosm/kg"}, ["units_differ_in_kind"]),
        ("ph", {"unit": ""}, ["blank_value"]),
        ("ph", {"reported": " "}, ["blank_value"]),
        ("ph", {"reported": "7,31"}, ["not_a_number"]),
        ("ph", {"reported": "ND"}, ["ambiguous_result"]),
        ("ph", {"test": "colour"}, ["unknown_test"]),
        ("ph", {"lot": "NONE"}, ["lot_unknown"]),
        ("ph", {"analyst": "", "sample": " ", "method": "", "test": ""}, ["blank_value"] * 4),
        ("infectious_titre", {"unit": "{vg}/mL"}, ["units_differ_in_kind"]),
        ("infectious_titre", {"replicates": ("2.4e8", "x")}, ["not_a_number"]),
    ],
)
def test_a_result_that_does_not_fit_is_refused_with_every_fault(reviewable, test, changes, expected):
    house, record = reviewable
    before = Result.objects.count()
    assert codes(record_result, by=house.hana, command=replace(good(record, test), **changes)) == expected
    assert Result.objects.count() == before


def test_a_result_of_tomorrow_is_refused(reviewable):
    house, record = reviewable
    tomorrow = good(record, measured_at=now() + timedelta(days=1))
    assert codes(record_result, by=house.hana, command=tomorrow) == ["measured_in_the_future"]


def test_only_who_may_record_at_the_site_records(reviewable):
    house, record = reviewable
    for person in (house.sol, house.rafael):
        assert codes(record_result, by=person, command=good(record)) == ["not_authorised"]
    assert record_result(by=house.lims, command=good(record, analyst="Hana Sato")).entered_by == house.lims


def test_a_correction_stands_in_the_place_of_the_former_result_and_is_reviewed_anew(reviewable):
    house, record = reviewable
    former = of(record)
    command = good(record, reported="7.40")
    assert codes(correct_result, by=house.hana, result=former, command=command, reason="n/a") == ["reason_missing"]
    other = replace(command, test="osmolality")
    assert codes(correct_result, by=house.hana, result=former, command=other, reason="x y") == ["not_the_same_test"]
    corrected = correct_result(by=house.hana, result=former, command=command, reason="read the wrong line")
    assert corrected.supersedes == former
    assert codes(correct_result, by=house.hana, result=former, command=command, reason="again") == [
        "result_does_not_count"
    ]
    blocking = findings(queries.dossier(record.lot, queries.market_named("SG")))
    assert "result_not_reviewed" in [row.code for row in blocking]
    dossier = queries.dossier(record.lot, queries.market_named("SG"))
    assert [(change.former, change.present) for change in dossier.changes] == [("7.31 [pH]", "7.40 [pH]")]


def test_nobody_reviews_or_invalidates_their_own_result(reviewable):
    house, record = reviewable
    own = record_result(by=house.lims, command=good(record, analyst="Jonas Berg"))
    signed = {"by": house.jonas, "credentials": credentials(house.jonas)}
    assert codes(review_result, **signed, result=own) == ["tester_reviews"]
    assert codes(invalidate_result, by=house.jonas, result=own, reason="it was mine") == ["tester_invalidates"]
    assert codes(review_results, **signed, results=[]) == ["nothing_to_review"]
    assert codes(review_result, **signed, result=of_reviewed(record)) == ["transition_not_allowed"]


def of_reviewed(record):
    return Result.objects.filter(lot=record.lot, status="reviewed").first()


def test_each_reviewed_result_carries_a_signature_over_what_was_reviewed(reviewable):
    _house, record = reviewable
    result = of_reviewed(record)
    signature = Signature.objects.get(subject_type="release.result", subject_key=str(result.pk))
    assert signature.printed_name == "Jonas Berg"
    assert f'"reported":"{result.reported}"' in signature.content


def test_an_invalidated_result_stays_and_counts_no_more(reviewable):
    house, record = reviewable
    result = invalidate_result(by=house.jonas, result=of(record), reason="electrode was broken, log 17")
    assert result.status == "invalidated"
    blocking = findings(queries.dossier(record.lot, queries.market_named("SG")))
    assert "result_missing" in [row.code for row in blocking]
    assert codes(invalidate_result, by=house.jonas, result=result, reason="again") == ["transition_not_allowed"]


def test_the_database_refuses_a_reviewer_who_tested(reviewable):
    house, record = reviewable
    result = record_result(by=house.hana, command=good(record))
    with (
        pytest.raises(DatabaseError, match="result_reviewer_is_not_tester"),
        transaction.atomic(),
        acting_as(house.hana),
    ):
        Result.objects.filter(pk=result.pk).update(status="reviewed", reviewed_at=now(), reviewed_by=house.hana)
