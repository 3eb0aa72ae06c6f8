"""E-a: a direct edit of the database, whoever makes it, is detected and the first altered entry is named."""

import json
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from gatekeeper.accounts.actor import acting_as
from gatekeeper.accounts.models import Site
from gatekeeper.ledger import checkpoint, merkle, sealing
from gatekeeper.ledger.models import Entry
from tests.ledger.people import found_town, open_site, rename_site

pytestmark = pytest.mark.fault
ORIGIN = "gatekeeper.example/ledger"
TABLES = ("ledger.entry", "ledger.leaf", "ledger.node", "ledger.checkpoint", "accounts_site", "accounts_historicalsite")
LEAF_OF = "sha256('\\x00'::bytea || convert_to(body, 'UTF8'))"
RENAMED = "(SELECT max(e.id) FROM ledger.entry e WHERE tbl = 'public.accounts_site' AND e.body LIKE '%Ipoh%')"
PLACE = f"(SELECT idx FROM ledger.leaf WHERE entry_id = {RENAMED})"


@pytest.fixture
def sealed(founded_template, committed_db, ledger_keys, tmp_path):
    """Evidence of 8 sites, sealed in three heads; the second head and the last lie outside."""
    town = found_town()
    key = checkpoint.read_private_key(ledger_keys.private)
    with sealing.connect() as conn:
        sites = [open_site(by=town.ada, code=f"MY{number}") for number in range(4)]
        sealing.seal(conn, key, ORIGIN)
        rename_site(by=town.ada, site=sites[0], name="Ipoh")
        rename_site(by=town.ben, site=sites[1], name="Melaka")
        sealing.seal(conn, key, ORIGIN)
        for number in range(4, 8):
            open_site(by=town.ada, code=f"MY{number}")
        sealing.seal(conn, key, ORIGIN)
        sealing.publish(conn, tmp_path / "outside")
    return committed_db, tmp_path / "outside"


def verify(outside=None) -> tuple[int, dict]:
    out = StringIO()
    arguments = ["--against", str(outside)] if outside else []
    try:
        call_command("verify_ledger", *arguments, "--json", stdout=out)
    except SystemExit as ended:
        return ended.code, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def as_dba(urls, *statements):
    """What a superuser can do: switch every guard off, edit, and switch them on again."""
    with psycopg.connect(urls.admin) as dba:
        for table in TABLES:
            dba.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            dba.execute(statement)
        for table in TABLES:
            dba.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


def test_an_untouched_log_is_intact_by_itself_and_against_the_outside(sealed):
    _urls, outside = sealed
    assert verify()[0] == 0
    status, report = verify(outside)
    assert (status, report["intact"], report["checkpoints"], report["outside"]) == (0, True, 3, 3)
    assert verify(sorted(outside.iterdir())[0])[1]["outside"] == 1


BODY = f"UPDATE ledger.entry SET body = replace(body, 'Ipoh', 'Ipuh') WHERE id = {RENAMED}"
ATTACKS = {
    "a row": (["UPDATE accounts_site SET name = 'Kedah' WHERE code = 'MY0'"], "row_altered"),
    "a row and its history": (
        [
            "UPDATE accounts_site SET name = 'Kedah' WHERE code = 'MY0'",
            "UPDATE accounts_historicalsite SET name = 'Kedah' WHERE code = 'MY0'",
        ],
        "row_altered",
    ),
    "the readable history": (
        ["UPDATE accounts_historicalsite SET name = 'Kedah' WHERE code = 'MY0' AND name = 'Ipoh'"],
        "history_differs",
    ),
    "a deleted row": (["DELETE FROM accounts_site WHERE code = 'MY7'"], "row_deleted"),
    "a row without entry": (
        ["INSERT INTO accounts_site (code, name, country, timezone) VALUES ('MY9', 'x', 'MY', 'UTC')"],
        "row_without_entry",
    ),
    "a body": ([BODY], "body_altered"),
    "a body that is no JSON any more": (
        [f"UPDATE ledger.entry SET body = 'gone' WHERE id = {RENAMED}"],
        "body_altered",
    ),
    "a body and its leaf": ([BODY, f"UPDATE ledger.entry SET leaf = {LEAF_OF} WHERE id = {RENAMED}"], "node_differs"),
    "a body, its leaf and its lowest node": (
        [
            f"CREATE TEMP TABLE victim AS SELECT {RENAMED} AS id",
            BODY,
            f"UPDATE ledger.entry SET leaf = {LEAF_OF} WHERE id = (SELECT id FROM victim)",
            "UPDATE ledger.node n SET hash = e.leaf FROM ledger.entry e JOIN ledger.leaf l ON l.entry_id = e.id "
            "WHERE n.lvl = 0 AND n.idx = l.idx AND e.id = (SELECT id FROM victim)",
        ],
        "node_differs",
    ),
    "the record that an entry is filed under": (
        [f"UPDATE ledger.entry SET pk = '1' WHERE id = {RENAMED}"],
        "entry_misfiled",
    ),
    "a deleted entry": (
        [f"UPDATE ledger.leaf SET entry_id = -1 WHERE idx = {PLACE}", f"DELETE FROM ledger.entry WHERE id = {RENAMED}"],
        "entry_missing",
    ),
    "a deleted entry and leaf": (
        [
            f"CREATE TEMP TABLE victim AS SELECT {RENAMED} AS id",
            "DELETE FROM ledger.leaf WHERE entry_id = (SELECT id FROM victim)",
            "DELETE FROM ledger.entry WHERE id = (SELECT id FROM victim)",
        ],
        "leaf_missing",
    ),
    "two swapped leaves": (
        [
            f"CREATE TEMP TABLE places AS SELECT {PLACE} AS one, {PLACE} + 1 AS two",
            "UPDATE ledger.leaf SET idx = -1 FROM places WHERE idx = one",
            "UPDATE ledger.leaf SET idx = one FROM places WHERE idx = two",
            "UPDATE ledger.leaf SET idx = two FROM places WHERE idx = -1",
        ],
        "node_differs",
    ),
    "a node": (["UPDATE ledger.node SET hash = sha256('x') WHERE lvl = 1 AND idx = 0"], "node_differs"),
    "a checkpoint's root": (
        ["UPDATE ledger.checkpoint SET root = sha256('x') WHERE size = (SELECT max(size) FROM ledger.checkpoint)"],
        "checkpoint_differs",
    ),
    "a checkpoint's note": (
        ["UPDATE ledger.checkpoint SET note = replace(note, 'ledger', 'lodger')"],
        "checkpoint_not_authentic",
    ),
}


@pytest.mark.parametrize(("statements", "code"), ATTACKS.values(), ids=ATTACKS)
def test_an_edit_by_the_database_administrator_is_detected(sealed, statements, code):
    urls, outside = sealed
    as_dba(urls, *statements)
    status, report = verify(outside)
    assert status == 1
    assert code in {finding["code"] for finding in report["findings"]}


def test_the_first_altered_entry_is_named_with_its_record_and_place(sealed):
    urls, outside = sealed
    with psycopg.connect(urls.admin) as dba:
        (place,) = dba.execute(f"SELECT {PLACE}").fetchone()
        (pk,) = dba.execute("SELECT id FROM accounts_site WHERE code = 'MY0'").fetchone()
    as_dba(urls, BODY, "UPDATE accounts_site SET name = 'x' WHERE code = 'MY7'")
    _status, report = verify(outside)
    first = report["findings"][0]
    assert (first["code"], first["table"], first["pk"], first["index"]) == (
        "body_altered",
        "public.accounts_site",
        str(pk),
        place,
    )


def test_a_log_that_is_rebuilt_around_an_edit_does_not_give_the_signed_root(sealed):
    urls, _outside = sealed
    as_dba(urls, BODY, f"UPDATE ledger.entry SET leaf = {LEAF_OF}")
    frontier = merkle.Frontier()
    leaves = Entry.objects.order_by("place__idx").values_list("leaf", flat=True)
    nodes = [node for leaf in leaves for node in frontier.append(bytes(leaf))]
    rewrite = "UPDATE ledger.node SET hash = '\\x{}' WHERE lvl = {} AND idx = {}"
    as_dba(urls, *(rewrite.format(digest.hex(), level, index) for level, index, digest in nodes))
    status, report = verify()
    assert status == 1
    assert {"root_differs"} < {finding["code"] for finding in report["findings"]}


TAIL = "(SELECT size FROM ledger.checkpoint ORDER BY size OFFSET 1 LIMIT 1)"
CUT = (
    f"CREATE TEMP TABLE cut AS SELECT {TAIL} AS size",
    "CREATE TEMP TABLE gone AS SELECT entry_id FROM ledger.leaf, cut WHERE idx >= size",
    "DELETE FROM ledger.checkpoint USING cut WHERE checkpoint.size > cut.size",
    "DELETE FROM ledger.node USING cut WHERE (idx + 1) << lvl > size",
    "DELETE FROM ledger.leaf USING cut WHERE idx >= size",
    "DELETE FROM ledger.entry WHERE id IN (SELECT entry_id FROM gone)",
    "DELETE FROM accounts_site WHERE code IN ('MY4', 'MY5', 'MY6', 'MY7')",
    "DELETE FROM accounts_historicalsite WHERE code IN ('MY4', 'MY5', 'MY6', 'MY7')",
)


def test_a_tail_that_was_cut_off_cleanly_is_detected_by_the_outside_checkpoint_only(sealed):
    urls, outside = sealed
    as_dba(urls, *CUT)
    assert verify()[0] == 0
    status, report = verify(outside)
    assert status == 1
    assert [finding["code"] for finding in report["findings"]] == ["log_cut_short"]


def test_a_tail_rewritten_by_somebody_who_has_the_key_is_detected_by_the_outside_checkpoint(sealed, ledger_keys):
    urls, outside = sealed
    as_dba(urls, *CUT)
    ada = Site.objects.get(code="MY0").history.latest().history_user
    for number in range(4, 8):
        open_site(by=ada, code=f"MY{number}", name="Other")
    with sealing.connect() as conn:
        sealing.seal(conn, checkpoint.read_private_key(ledger_keys.private), ORIGIN)
    assert verify()[0] == 0
    status, report = verify(outside)
    assert status == 1
    assert "root_differs" in {finding["code"] for finding in report["findings"]}


def test_an_edit_that_a_later_proper_change_covers_up_is_still_detected(sealed):
    urls, outside = sealed
    as_dba(urls, "UPDATE accounts_site SET name = 'Kedah' WHERE code = 'MY0'")
    site = Site.objects.get(code="MY0")
    ada = site.history.latest().history_user
    site.refresh_from_db()
    rename_site(by=ada, site=site, name="Ipoh")
    status, report = verify(outside)
    assert status == 1
    assert report["findings"][0]["code"] == "change_without_entry"
    assert report["findings"][0]["pk"] == str(site.pk)


def test_a_forged_outside_checkpoint_is_reported(sealed):
    _urls, outside = sealed
    note = sorted(outside.iterdir())[0]
    note.write_text(note.read_text().replace("\n", "\n ", 1))
    status, report = verify(outside)
    assert (status, report["findings"][0]["code"]) == (1, "outside_checkpoint_not_authentic")


def test_comparing_with_nothing_is_no_comparison(sealed, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="no checkpoint"):
        call_command("verify_ledger", "--against", str(tmp_path / "empty"))


def test_a_bulk_write_without_history_is_reported_as_such(sealed):
    _urls, outside = sealed
    ada = Site.objects.get(code="MY0").history.latest().history_user
    with transaction.atomic(), acting_as(ada):
        Site.objects.filter(code="MY3").update(name="Kedah")
    status, report = verify(outside)
    assert (status, [finding["code"] for finding in report["findings"]]) == (1, ["history_differs"])


def test_the_report_can_be_read(sealed, capsys):
    urls, outside = sealed
    call_command("verify_ledger", "--against", str(outside))
    assert "Intact." in capsys.readouterr().out
    as_dba(urls, BODY)
    with pytest.raises(SystemExit):
        call_command("verify_ledger", "--against", str(outside))
    assert "body_altered entry" in capsys.readouterr().out
