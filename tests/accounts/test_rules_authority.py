"""E-g, E-i: authority is by action, site and day; training that expired blocks."""

from datetime import date

import pytest

from gatekeeper.accounts.rules import authority, permissions
from gatekeeper.accounts.rules.authority import Held, Qualified
from gatekeeper.core.refusal import Kind, Refusal

DAY = date(2026, 11, 14)
OPERATOR = frozenset({"batches.perform", "lots.view"})


def held(**over) -> Held:
    return Held(**{"role": "operator", "site": "SG1", "permissions": OPERATOR, "from_date": DAY, **over})


@pytest.mark.parametrize(
    ("from_date", "until_date", "counts"),
    [
        (date(2026, 11, 14), None, True),
        (date(2026, 11, 15), None, False),
        (date(2026, 11, 1), date(2026, 11, 14), True),
        (date(2026, 11, 1), date(2026, 11, 13), False),
    ],
)
def test_an_assignment_counts_from_its_first_to_its_last_day(from_date, until_date, counts):
    row = held(from_date=from_date, until_date=until_date)
    assert bool(authority.permissions_on([row], site="SG1", day=DAY)) is counts


def test_a_role_at_one_site_gives_nothing_at_another():
    assert authority.permissions_on([held()], site="KR1", day=DAY) == frozenset()


def test_a_permission_outside_the_closed_table_gives_nothing():
    row = held(permissions=OPERATOR | {"invented.power"})
    assert authority.permissions_on([row], site="SG1", day=DAY) == OPERATOR


def test_two_roles_add_up():
    rows = [held(), held(role="receiver", permissions=frozenset({"lots.receive"}))]
    assert authority.permissions_on(rows, site="SG1", day=DAY) == OPERATOR | {"lots.receive"}


def test_a_missing_permission_is_refused_by_name_and_place():
    with pytest.raises(Refusal) as refusal:
        authority.check_may(OPERATOR, "lots.release", name="Olivia", place="Singapore")
    assert (refusal.value.code, refusal.value.kind) == ("not_authorised", Kind.FORBIDDEN)
    assert "Olivia" in refusal.value.message


@pytest.mark.parametrize(
    ("training", "code"),
    [
        ([], "qualification_missing"),
        ([Qualified("SOP-2", date(2020, 1, 1), date(2030, 1, 1))], "qualification_missing"),
        ([Qualified("SOP-1", date(2026, 11, 15), date(2030, 1, 1))], "qualification_missing"),
        ([Qualified("SOP-1", date(2020, 1, 1), date(2026, 11, 13))], "qualification_expired"),
    ],
)
def test_no_training_in_force_blocks(training, code):
    with pytest.raises(Refusal) as refusal:
        authority.check_qualified_on(training, "SOP-1", day=DAY, name="Olivia")
    assert refusal.value.code == code


def test_training_counts_on_its_last_day_and_a_newer_one_replaces_an_expired_one():
    old = Qualified("SOP-1", date(2020, 1, 1), date(2021, 1, 1))
    authority.check_qualified_on([old, Qualified("SOP-1", date(2026, 1, 1), DAY)], "SOP-1", day=DAY, name="Olivia")


def test_nobody_checks_their_own_work_whatever_the_case_of_the_name():
    with pytest.raises(Refusal) as refusal:
        authority.check_different_people("olivia", "Olivia", code="verifier_performed", field="username")
    assert (refusal.value.code, refusal.value.field) == ("verifier_performed", "username")
    authority.check_different_people("olivia", "vera")


def test_administration_and_signing_are_separate_duties():
    authority.check_duties_separated(frozenset({"accounts.manage", "ledger.view"}), name="Ada")
    with pytest.raises(Refusal) as refusal:
        authority.check_duties_separated(frozenset({"accounts.manage", "lots.release"}), name="Ada")
    assert refusal.value.code == "duties_not_separated"


@pytest.mark.parametrize("code", sorted(permissions.PEOPLE_ONLY))
def test_no_machine_holds_what_only_a_person_decides(code):
    with pytest.raises(Refusal) as refusal:
        authority.check_machine_may(frozenset({code}), field="scopes")
    assert refusal.value.code == "machine_cannot_hold"


def test_every_permission_is_listed_once_with_a_sentence():
    codes = [row.code for row in permissions.PERMISSIONS]
    assert len(codes) == len(set(codes))
    assert all(row.sentence.endswith(".") and "." in row.code for row in permissions.PERMISSIONS)


def test_whatever_is_signed_is_for_people_only():
    signed = {row.code for row in permissions.PERMISSIONS if "signature" in row.sentence or "sign for" in row.sentence}
    assert signed <= permissions.PEOPLE_ONLY


def test_an_unknown_permission_is_named():
    with pytest.raises(Refusal, match=r"lots\.eat"):
        permissions.check_known(frozenset({"lots.view", "lots.eat"}))


def test_what_is_held_and_known_passes():
    authority.check_may(OPERATOR, "lots.view", name="Olivia", place="Singapore")
    authority.check_machine_may(frozenset({"lots.view", "readings.record"}), field="scopes")
    permissions.check_known(permissions.CODES)


def test_without_a_sentence_of_its_own_the_refusal_says_that_two_people_are_needed():
    with pytest.raises(Refusal, match="Two people are needed") as refusal:
        authority.check_different_people("olivia", "OLIVIA")
    assert refusal.value.code == "same_person"
