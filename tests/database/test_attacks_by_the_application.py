"""E-e: nobody with the application's password can change, delete, forge or switch off the audit trail."""

import re

import psycopg
import pytest
from psycopg import errors

from tests.ledger.people import found_town, open_site, rename_site

pytestmark = pytest.mark.fault

ACTOR = "SELECT set_config('app.ctx', '{\"actor\": \"ada\"}', true)"


@pytest.fixture
def written(founded_template, committed_db):
    """A database with people, evidence and a session of gk_app outside Django."""
    town = found_town()
    rename_site(by=town.ada, site=open_site(by=town.ada), name="Ipoh")
    with psycopg.connect(committed_db.app) as conn:
        yield conn


FORBIDDEN = [
    "UPDATE ledger.entry SET body = 'x'",
    "UPDATE ledger.entry SET body = body WHERE false",
    "DELETE FROM ledger.entry",
    "TRUNCATE ledger.entry CASCADE",
    "INSERT INTO ledger.entry (xid, tbl, pk, leaf, body) VALUES (pg_current_xact_id(), 't', '1', '', '')",
    "INSERT INTO ledger.leaf (idx, entry_id) SELECT 0, id FROM ledger.entry LIMIT 1",
    "INSERT INTO ledger.node (lvl, idx, hash) VALUES (0, 0, '')",
    "INSERT INTO ledger.checkpoint (size, root, horizon, sysid, note) VALUES (1, '', '1', 1, '')",
    "DELETE FROM ledger.checkpoint",
    "ALTER TABLE accounts_site DISABLE TRIGGER evidence",
    "ALTER TABLE accounts_site DISABLE TRIGGER ALL",
    "DROP TRIGGER evidence ON accounts_site",
    "SET session_replication_role = replica",
    "SET ROLE ledger_owner",
    "SET ROLE gk_owner",
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION ledger.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SELECT ledger.track_v1('accounts_site', 'id', '{}')",
    "TRUNCATE accounts_site CASCADE",
    "DELETE FROM accounts_site",
    "DELETE FROM accounts_historicalsite",
    "UPDATE accounts_historicalsite SET name = 'x'",
    "TRUNCATE accounts_historicalsite",
    "UPDATE accounts_accessevent SET username = 'x'",
    "DELETE FROM accounts_accessevent",
    "UPDATE ledger_signature SET meaning = 'x'",
    "DELETE FROM ledger_signature",
    "DELETE FROM django_migrations",
    "UPDATE django_content_type SET model = 'x'",
]


@pytest.mark.parametrize("actor", ["", ACTOR], ids=["nobody", "ada"])
def test_every_attack_is_refused_for_lack_of_privilege(written, actor):
    for attack in FORBIDDEN:
        if actor:
            written.execute(actor)
        with pytest.raises(errors.InsufficientPrivilege):
            written.execute(attack)
        written.rollback()


@pytest.mark.parametrize(
    "context",
    [None, "", "{}", '{"actor": ""}', '{"actor": null}', '{"reason": "because"}'],
)
def test_a_write_that_names_no_actor_is_refused(written, context):
    if context is not None:
        written.execute("SELECT set_config('app.ctx', %s, true)", [context])
    with pytest.raises(errors.InsufficientPrivilege, match="names no actor"):
        written.execute("UPDATE accounts_site SET name = 'Johor' WHERE code = 'SG1'")


def test_an_actor_does_not_outlive_its_transaction(written):
    written.execute(ACTOR)
    written.execute("UPDATE accounts_site SET name = 'Johor' WHERE code = 'SG1'")
    written.commit()
    with pytest.raises(errors.InsufficientPrivilege, match="names no actor"):
        written.execute("UPDATE accounts_site SET name = 'Muar' WHERE code = 'SG1'")


def test_the_capture_function_cannot_be_hung_on_a_table_of_ones_own(written):
    written.execute("CREATE TEMP TABLE accounts_site (id int)")
    with pytest.raises(errors.InsufficientPrivilege):
        written.execute(
            "CREATE TRIGGER forge AFTER INSERT ON pg_temp.accounts_site "
            "FOR EACH ROW EXECUTE FUNCTION ledger.capture_v1('id')"
        )


def test_the_owner_of_the_tables_is_stopped_by_the_guards_too(written, committed_db):
    with psycopg.connect(committed_db.owner) as owner:
        for attack in (
            "DELETE FROM accounts_site",
            "TRUNCATE accounts_site CASCADE",
            "UPDATE ledger_signature SET meaning = 'x'",
            "UPDATE accounts_historicalsite SET name = 'x'",
            "DELETE FROM ledger.entry",
            "UPDATE ledger.entry SET body = 'x'",
            "UPDATE accounts_site SET name = 'x'",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                owner.execute(attack)
            owner.rollback()


def test_the_sealer_can_append_to_the_log_and_touch_nothing_else(written, committed_db):
    with psycopg.connect(committed_db.sealer) as sealer:
        for attack in (
            "SELECT * FROM accounts_person",
            "UPDATE ledger.leaf SET idx = 1",
            "DELETE FROM ledger.checkpoint",
            "INSERT INTO ledger.entry (xid, tbl, pk, leaf, body) VALUES (pg_current_xact_id(), 't', '1', '', '')",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                sealer.execute(attack)
            sealer.rollback()


def test_the_auditor_reads_everything_and_writes_nothing(written, committed_db):
    with psycopg.connect(committed_db.auditor) as auditor:
        assert auditor.execute("SELECT count(*) FROM ledger.entry").fetchone()[0] > 0
        assert auditor.execute("SELECT count(*) FROM accounts_site").fetchone()[0] > 0
        auditor.execute(ACTOR)
        with pytest.raises(errors.InsufficientPrivilege):
            auditor.execute("UPDATE accounts_site SET name = 'x'")
        auditor.rollback()
        with pytest.raises(errors.InsufficientPrivilege):  # with its key a session could be taken over
            auditor.execute("SELECT session_key FROM django_session")


SHADOW = """
CREATE FUNCTION pg_temp.at_work(pg_catalog.jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> session_user THEN
    INSERT INTO ledger.entry (xid, tbl, pk, leaf, body) VALUES (pg_current_xact_id(), 'forged', '1', '', current_user);
  END IF;
  RETURN true;
END $$;
CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (pg_temp.at_work(VALUE));
"""


def test_a_type_of_ones_own_does_not_run_as_the_owner_of_the_evidence(written):
    written.execute(SHADOW)
    written.execute(ACTOR)
    written.execute("UPDATE public.accounts_site SET name = 'Johor' WHERE code = 'SG1'")
    assert written.execute("SELECT body FROM ledger.entry WHERE tbl = 'forged'").fetchall() == []


def test_every_function_of_ours_looks_into_the_temporary_schema_last(written):
    paths = written.execute(
        """SELECT p.oid::regprocedure::text, array_to_string(p.proconfig, ' ') FROM pg_proc p
           JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE n.nspname IN ('public', 'ledger') AND NOT EXISTS (
             SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""
    ).fetchall()
    assert len(paths) > 8
    lacking = [name for name, path in paths if not re.search(r"search_path=[a-z_, ]*, pg_temp\b", path or "")]
    assert lacking == []
