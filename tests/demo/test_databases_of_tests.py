"""E-a: tests work in real databases, as the role that the application has, and never in each other's."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_test_writes_as_the_application_and_is_rolled_back(attempt):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM django_session")
        assert cursor.fetchone() == ("gk_app", 0)
    SessionStore().create()


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_committed_database_is_fresh_and_every_role_sees_the_same(committed_db, attempt):
    assert not Session.objects.exists()
    with transaction.atomic():
        SessionStore().create()
    users = {}
    for alias in ("default", "owner", "sealer"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            users[alias], database = cursor.fetchone()
            assert committed_db.app.startswith(f"postgresql://gk_app@/{database}?")
    assert users == {"default": "gk_app", "owner": "gk_owner", "sealer": "gk_sealer"}


def test_a_test_that_asks_for_no_database_has_none():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Session.objects.exists()


@pytest.mark.browser
def test_the_real_site_is_shown_by_a_real_browser(live_site, chromium):
    with live_site.database():
        before = Session.objects.count()
    page = chromium.new_page()
    answer = page.goto(live_site.url)
    page.close()
    assert answer.status < 500
    with live_site.database():
        assert Session.objects.count() >= before
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Session.objects.exists()
