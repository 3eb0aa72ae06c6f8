"""E-a: tests work in real databases, as the role that the application has, and never in each other's."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_test_writes_as_the_application_and_is_rolled_back(attempt):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM django_content_type WHERE model = 'left behind'")
        assert cursor.fetchone() == ("gk_app", 0)
    ContentType.objects.create(app_label="tests", model="left behind")


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_committed_database_is_fresh_and_every_role_sees_the_same(committed_db, attempt):
    assert not ContentType.objects.filter(model="committed").exists()
    with transaction.atomic():
        ContentType.objects.create(app_label="tests", model="committed")
    users = {}
    for alias in ("default", "owner", "sealer"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            users[alias], database = cursor.fetchone()
            assert committed_db.app.startswith(f"postgresql://gk_app@/{database}?")
    assert users == {"default": "gk_app", "owner": "gk_owner", "sealer": "gk_sealer"}


def test_a_test_that_asks_for_no_database_has_none():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        ContentType.objects.exists()
