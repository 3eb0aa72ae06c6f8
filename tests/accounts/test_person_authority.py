"""E-g: the authority of the machine in whose name a worker writes is never older than the rows that decide it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gatekeeper.accounts import clock
from gatekeeper.accounts.actions import people
from gatekeeper.accounts.actions.roles import assign_role, end_assignment, import_roles
from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.cache import VersionedCache
from gatekeeper.accounts.queries import day_at, person_authority
from gatekeeper.core.refusal import Refusal


@pytest.fixture
def lims(house):
    return house.machine("lims", "integration_machine")


def _disable(house, lims):
    people.disable_person(by=house.ada, person=lims, reason="replaced")


def _end_the_role(house, lims):
    (assignment,) = lims.assignments.all()
    yesterday = day_at(assignment.site) - timedelta(days=1)
    end_assignment(by=house.ada, assignment=assignment, until_date=yesterday, reason="moved")


def _narrow_the_role(house, lims):
    (assignment,) = lims.assignments.all()
    role = {"name": assignment.role.name, "permissions": ["release.record_result"]}
    import_roles(by=house.ada, roles={assignment.role.code: role})


def _rename_the_site(house, _lims):
    with acting_as(house.ada):
        type(house.singapore).objects.filter(pk=house.singapore.pk).update(name="Tuas")


def may(lims, site):
    authority, at = person_authority(lims.username)
    try:
        authority.check("lots.view", site, at=at)
    except Refusal:
        return False
    return True


def test_a_person_is_read_once_and_told_by_one_statement_from_then_on(house, lims):
    first, _at = person_authority(lims.username)
    with CaptureQueriesContext(connection) as queries:
        again, at = person_authority(lims.username)
    assert (again, len(queries)) == (first, 1)
    assert first.person == lims
    assert abs(at - clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("change", [_disable, _end_the_role, _narrow_the_role])
def test_who_may_act_no_more_may_not_from_the_next_time_on(house, lims, change):
    assert [may(lims, house.singapore) for _time in range(2)] == [True, True]
    change(house, lims)
    assert not may(lims, house.singapore)


def test_a_role_that_is_given_and_a_site_that_changes_are_known_the_next_time(house, lims):
    _end_the_role(house, lims)
    assert not may(lims, house.singapore)
    today = day_at(house.singapore)
    assign_role(by=house.ada, person=lims, role="integration_machine", site=house.singapore, from_date=today)
    assert may(lims, house.singapore)
    _rename_the_site(house, lims)
    assert {row.site.name for row in person_authority(lims.username)[0].assignments} == {"Tuas"}


def test_a_day_that_has_passed_ends_a_role_although_no_row_has_changed(house, lims):
    authority, at = person_authority(lims.username)
    authority.check("lots.view", house.singapore, at=at)
    with pytest.raises(Refusal, match="is not authorised at Singapore"):
        authority.check("lots.view", house.singapore, at=at - timedelta(days=36_000))


def test_a_site_where_no_role_is_held_gives_nothing(house, lims):
    assert not may(lims, house.seoul())


def test_a_name_that_nobody_has_is_refused_until_somebody_has_it(house):
    with pytest.raises(Refusal) as refused:
        person_authority("nobody")
    assert refused.value.code == "person_unknown"


def test_what_is_cached_is_bounded(house, lims, monkeypatch):
    monkeypatch.setattr("gatekeeper.accounts.queries._authorities", VersionedCache(most=1))
    for name in (lims.username, house.ben.username, lims.username):
        assert person_authority(name)[0].person.username == name
