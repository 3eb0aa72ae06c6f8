"""E-a, E-b: committed evidence is sealed into one log whose head is signed and kept outside the database."""

import json
import threading

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from gatekeeper.accounts.models import Site
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.ledger import checkpoint, merkle, queries, sealing
from gatekeeper.ledger.models import Checkpoint, Entry, Leaf
from tests.ledger.people import found_town, open_site, rename_site

ORIGIN = "gatekeeper.example/ledger"


@pytest.fixture
def town(founded_template, committed_db):
    return found_town()


@pytest.fixture
def key(ledger_keys):
    return checkpoint.read_private_key(ledger_keys.private)


@pytest.fixture
def verifier(ledger_keys):
    return checkpoint.read_verifier(ledger_keys.public, ORIGIN)


@pytest.fixture
def conn(committed_db):
    with sealing.connect() as conn:
        yield conn


def test_every_committed_entry_is_sealed_once_and_sealing_again_does_nothing(town, conn, key):
    head = sealing.seal(conn, key, ORIGIN)
    assert head.size == Entry.objects.count() == Leaf.objects.count()
    assert sealing.seal(conn, key, ORIGIN) is None
    assert Checkpoint.objects.count() == 1


def test_the_head_is_the_root_of_the_bodies(town, conn, key, verifier):
    for number in range(5):
        open_site(by=town.ada, code=f"MY{number}")
        sealing.seal(conn, key, ORIGIN)
    frontier = merkle.Frontier()
    for entry in Entry.objects.order_by("place__idx"):
        frontier.append(merkle.leaf_hash(entry.body.encode()))
    head = checkpoint.open_note(queries.newest_checkpoint().note, verifier)
    assert (head.size, head.root) == (frontier.size, frontier.root())


def test_each_head_is_consistent_with_every_earlier_one(town, conn, key, verifier):
    for number in range(6):
        open_site(by=town.ada, code=f"MY{number}")
        sealing.seal(conn, key, ORIGIN)
    heads = [checkpoint.open_note(row.note, verifier) for row in Checkpoint.objects.order_by("size")]
    for at, later in enumerate(heads):
        for earlier in heads[: at + 1]:
            path = [bytes.fromhex(step) for step in queries.consistency_proof(earlier.size, later.size)]
            assert merkle.is_consistent(earlier.size, later.size, earlier.root, later.root, path)


def test_an_open_transaction_is_sealed_after_it_ends_and_nothing_is_lost(town, committed_db, conn, key):
    with psycopg.connect(committed_db.app) as slow:
        slow.execute("SELECT set_config('app.ctx', '{\"actor\": \"ada\"}', true)")
        slow.execute("UPDATE accounts_site SET name = 'Slow' WHERE code = 'SG1'")
        open_site(by=town.ada, code="MY1")
        before = sealing.seal(conn, key, ORIGIN)
        assert queries.seal_state().waiting == 1
        assert queries.seal_state().lag.total_seconds() > 0
        slow.commit()
    after = sealing.seal(conn, key, ORIGIN)
    assert after.size == before.size + 2
    assert queries.seal_state().waiting == 0
    assert (
        '"Slow"'
        in Entry.objects.get(place__idx__gte=before.size, tbl="public.accounts_site", body__contains="Slow").body
    )


def test_two_sealers_at_once_make_one_log(town, committed_db, key):
    failures = []

    def work():
        try:
            with sealing.connect() as mine:
                for _round in range(20):
                    sealing.seal(mine, key, ORIGIN)
        except psycopg.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _sealer in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        open_site(by=town.ada, code=f"MY{number}")
    for thread in threads:
        thread.join()
    with sealing.connect() as last:
        sealing.seal(last, key, ORIGIN)
    assert failures == []
    assert list(Leaf.objects.order_by("idx").values_list("idx", flat=True)) == list(range(Entry.objects.count()))


def test_after_a_restore_into_another_cluster_everything_is_looked_at_again(town, committed_db, conn, key):
    sealing.seal(conn, key, ORIGIN)
    with psycopg.connect(committed_db.admin) as dba:
        dba.execute("SET session_replication_role = replica")
        dba.execute("ALTER TABLE ledger.checkpoint DISABLE TRIGGER ALL")
        dba.execute("UPDATE ledger.checkpoint SET sysid = 1, horizon = '999999999999'")
    open_site(by=town.ada, code="MY1")
    assert sealing.seal(conn, key, ORIGIN).size == Entry.objects.count()


def test_every_checkpoint_becomes_a_file_once(town, conn, key, verifier, tmp_path):
    for number in range(3):
        open_site(by=town.ada, code=f"MY{number}")
        head = sealing.seal(conn, key, ORIGIN)
        (written,) = sealing.publish(conn, tmp_path)
        assert checkpoint.open_note(written.read_text(), verifier) == head
    assert sealing.publish(conn, tmp_path) == []
    assert [path.name for path in sorted(tmp_path.iterdir())] == sorted(path.name for path in tmp_path.glob("*.note"))


def test_files_that_a_kill_left_unwritten_are_written_later(town, conn, key, tmp_path):
    for number in range(3):
        open_site(by=town.ada, code=f"MY{number}")
        sealing.seal(conn, key, ORIGIN)
    assert len(sealing.publish(conn, tmp_path)) == 3


def test_the_export_of_a_record_verifies_without_the_database(town, conn, key, verifier):
    site = open_site(by=town.ada, code="MY1")
    rename_site(by=town.ben, site=site, name="Ipoh", reason="moved")
    sealing.seal(conn, key, ORIGIN)
    open_site(by=town.ada, code="MY2")
    sealing.seal(conn, key, ORIGIN)
    bundle = json.loads(json.dumps(queries.export(site)))
    head, entries = checkpoint.verify_bundle(bundle, verifier)
    assert head.size == Entry.objects.count()
    assert [entry["op"] for entry in entries] == ["INSERT", "UPDATE"]
    assert entries[1]["new"]["name"] == "Ipoh"


def test_an_export_before_the_first_seal_is_refused(town):
    with pytest.raises(Refusal) as refused:
        queries.export(Site.objects.get(code="SG1"))
    assert (refused.value.code, refused.value.kind) == ("not_sealed_yet", Kind.PENDING)


def test_waiting_for_a_seal_that_does_not_come_is_refused_as_pending(town):
    number = Entry.objects.latest("id").xid
    with pytest.raises(Refusal) as refused:
        sealing.wait_for_seal(str(number), timeout=0.2)
    assert (refused.value.code, refused.value.kind) == ("seal_pending", Kind.PENDING)


def test_the_sealer_process_seals_what_is_waited_for(town, sealer):
    open_site(by=town.ada, code="MY1")
    number = Entry.objects.latest("id").xid
    sealing.wait_for_seal(str(number), timeout=20)
    assert Leaf.objects.filter(entry__xid=number).exists()


def test_a_read_only_transaction_has_nothing_to_wait_for(town):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert sealing.current_transaction() is None


def test_a_key_is_made_for_the_sealer_alone_and_never_replaced(tmp_path, capsys):
    call_command("ledger_key", str(tmp_path / "keys"))
    private = tmp_path / "keys" / "ledger.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    printed = checkpoint.Verifier.parse(capsys.readouterr().out)
    assert printed == checkpoint.read_verifier(tmp_path / "keys" / "ledger.pub.pem", ORIGIN)
    before = private.read_bytes()
    with pytest.raises(Exception, match="never replaced"):
        call_command("ledger_key", str(tmp_path / "keys"))
    assert private.read_bytes() == before
