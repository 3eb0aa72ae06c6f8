"""E-c: the records of every shipped version are read and verified after an upgrade to this one."""

import hashlib
import json
import lzma

import psycopg
import pytest
from django.test import Client
from django.urls import reverse
from psycopg import sql

from gatekeeper.demo.embedded import create_database, drop_database
from gatekeeper.ledger import verification
from gatekeeper.ledger.checkpoint import read_verifier
from release import queries
from release.models import Certificate
from release.rules.gate import findings
from tests import migrated, running
from tests.database.dump import ROOT, VERSIONS, migration_digests
from tests.doors import signed_in

FOLDERS = sorted(VERSIONS.iterdir())
# What Django itself fills after a migration is left out.
TABLES = """SELECT schemaname, relname FROM pg_stat_user_tables
  WHERE relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"""


def rows(url: str) -> dict[str, int]:
    """Number of rows by table."""
    with psycopg.connect(url) as connection:
        tables = [sql.Identifier(schema, table) for schema, table in connection.execute(TABLES)]
        count = sql.SQL("SELECT count(*) FROM {}")
        return {".".join(table._obj): connection.execute(count.format(table)).fetchone()[0] for table in tables}


def restore(url: str, folder) -> None:
    text = lzma.decompress((folder / "database.sql.xz").read_bytes()).decode()
    # What begins with a backslash is meant for psql.
    statements = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("\\"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements)


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def upgraded(request, servers, django_test_environment, django_db_blocker):
    """Folder of a shipped version, its rows before the migration, and the connections on its migrated database."""
    urls = create_database(servers, "gk_upgraded")
    try:
        restore(urls.admin, request.param)
        before = rows(urls.admin)
        migrated.migrate(urls)
        with django_db_blocker.unblock(), running.pointed_at(urls):
            yield request.param, before, urls
    finally:
        drop_database(servers, "gk_upgraded")


@pytest.fixture
def certificate(upgraded) -> Certificate:
    return Certificate.objects.select_related("lot__site", "lot__batch_record", "issued_by").get()


def test_no_row_is_lost(upgraded):
    _folder, before, urls = upgraded
    after = rows(urls.admin)
    assert before["public.release_certificate"] == 1
    assert {table: count for table, count in before.items() if after.get(table, 0) < count} == {}


def test_the_evidence_verifies_against_the_checkpoint_kept_outside(upgraded):
    folder, _before, _urls = upgraded
    from django.conf import settings

    verifier = read_verifier(folder / "ledger.pub.pem", settings.LEDGER_ORIGIN)
    report = verification.verify(verifier, verification.read_outside(folder / "checkpoint.note"))
    assert report.findings == []
    assert report.outside == 1
    assert report.entries > 500


def test_every_signature_stands_and_the_gate_says_that_the_lot_is_released(certificate):
    dossier = queries.dossier(certificate.lot, queries.market_named(certificate.market))
    assert {finding.code for finding in findings(dossier)} == {"already_released"}


def test_the_certificate_is_what_was_issued(certificate):
    assert hashlib.sha256(certificate.content.encode()).hexdigest() == certificate.sha256
    assert hashlib.sha256(bytes(certificate.pdf)).hexdigest() == certificate.pdf_sha256


def test_pages_and_endpoints_show_the_records(certificate):
    lot, record = certificate.lot, certificate.lot.batch_record
    browser: Client = signed_in(certificate.issued_by)
    for url in (
        reverse("release:gate", args=[lot]),
        reverse("release:result_list", args=[lot]),
        reverse("release:certificate", args=[certificate.number]),
        reverse("batches:detail", args=[record]),
        reverse("lots:detail", args=[lot]),
        f"/api/v1/lots/{lot}/results/",
        f"/api/v1/batch-records/{record}/",
    ):
        assert browser.get(url).status_code == 200, url


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_migrations_of_a_shipped_version_are_never_edited(folder):
    shipped = json.loads((folder / "migrations.json").read_text(encoding="utf-8"))
    present = migration_digests()
    edited = sorted(path for path, digest in shipped.items() if present.get(path) != digest)
    assert not edited, "Add a migration instead; before the version ships: python -m tests.database.dump."


def test_an_edited_migration_is_noticed(monkeypatch, tmp_path):
    """The guard of the guard: one byte more in a copy of a migration gives another digest."""
    assert FOLDERS
    path = tmp_path / "release" / "migrations" / "0001_initial.py"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr("tests.database.dump.ROOT", tmp_path)
    path.write_bytes((ROOT / "release" / "migrations" / "0001_initial.py").read_bytes())
    first = migration_digests()
    path.write_bytes(path.read_bytes() + b"\n")
    assert first.keys() == migration_digests().keys() == {"release/migrations/0001_initial.py"}
    assert first != migration_digests()
