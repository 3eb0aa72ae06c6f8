"""E-a: a demonstration of an earlier version says so in one sentence and names the command that begins anew."""

import tempfile
from pathlib import Path

import psycopg
import pytest

from gatekeeper.demo import running
from gatekeeper.demo.embedded import create_database, drop_database, services, unknown_migrations

OLD = "CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz)"
APPLIED = "INSERT INTO django_migrations (app, name) VALUES ('batches', '0001_initial'), ('monitoring', '0001_initial')"


@pytest.fixture
def empty(servers):
    yield create_database(servers, "gk_other_version")
    drop_database(servers, "gk_other_version")


def test_an_empty_database_has_no_unknown_migration(empty):
    assert unknown_migrations(empty.owner) == []


def test_a_database_of_this_version_has_no_unknown_migration(servers, template_database):
    assert unknown_migrations(servers.for_database(template_database).owner) == []


def test_a_migration_that_this_version_lacks_is_named(empty):
    with psycopg.connect(empty.owner) as connection:
        connection.execute(OLD)
        connection.execute(APPLIED)
    assert unknown_migrations(empty.owner) == ["monitoring.0001_initial"]


def test_the_demonstration_of_an_earlier_version_names_demo_reset_and_changes_nothing(monkeypatch, capsys):
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="gk-tests-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with services(folder, durable=False) as urls, psycopg.connect(urls.owner) as connection:
            connection.execute(OLD)
            connection.execute(APPLIED)
        with pytest.raises(running.OtherVersionError, match=r"made by another version: make demo-reset begins anew\."):
            running.run(folder=folder, port=0)
        assert not (folder / "keys").exists()
    assert "The database is brought up to date" not in capsys.readouterr().out
