"""E-f: the permitted sequence of steps is enforced by the database too, from the same tables as the rules."""

import re

import psycopg
import pytest
from psycopg import errors

from gatekeeper.core.transitions import Transition, pairs
from gatekeeper.ledger import attach, records

TABLE = (
    Transition("draft", "approve", "approved", "x"),
    Transition("approved", "retire", "retired", "x"),
    Transition("approved", "reopen", "draft", "x"),
)
STATUSES = ("draft", "approved", "retired", "it's odd")


@pytest.fixture
def owner(committed_db):
    """A session of the owner with a table whose status is guarded as every record's is."""
    with psycopg.connect(committed_db.owner, autocommit=True) as conn:
        conn.execute("CREATE TABLE public.sketch (id int PRIMARY KEY, status text, title text)")
        for statement in attach.status_trigger("sketch", "status", pairs(TABLE), ("draft",)):
            conn.execute(statement)
        yield conn


def put(conn, status):
    conn.execute("ALTER TABLE sketch DISABLE TRIGGER ALL")
    conn.execute("DELETE FROM sketch")
    conn.execute("INSERT INTO sketch VALUES (1, %s, '')", [status])
    for name in ("transition_status", "initial_status"):
        conn.execute(f"ALTER TABLE sketch ENABLE ALWAYS TRIGGER {name}")


@pytest.mark.parametrize("source", STATUSES)
def test_every_change_that_the_table_lacks_is_refused_and_every_other_passes(owner, source):
    for target in STATUSES:
        put(owner, source)
        if source == target or (source, target) in pairs(TABLE):
            owner.execute("UPDATE sketch SET status = %s, title = 'x'", [target])
        else:
            with pytest.raises(errors.CheckViolation, match="may not become"):
                owner.execute("UPDATE sketch SET status = %s", [target])


def test_a_record_begins_only_as_it_may(owner):
    owner.execute("INSERT INTO sketch VALUES (1, 'draft', '')")
    for status in ("approved", "retired", None):
        with pytest.raises(errors.CheckViolation):
            owner.execute("INSERT INTO sketch VALUES (2, %s, '')", [status])


def test_no_status_is_no_way_out(owner):
    put(owner, "draft")
    with pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE sketch SET status = NULL")
    put(owner, None)
    with pytest.raises(errors.CheckViolation):
        owner.execute("UPDATE sketch SET status = 'approved'")


def test_attaching_again_changes_nothing(owner):
    for statement in attach.status_trigger("sketch", "status", pairs(TABLE), ("draft",)):
        owner.execute(statement)
    (count,) = owner.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'sketch'::regclass").fetchone()
    assert count == 2


def test_the_database_holds_exactly_the_pairs_of_the_rules(committed_db):
    guarded = [model for model in records.record_models() if getattr(model, "status_transitions", None)]
    assert guarded
    with psycopg.connect(committed_db.app) as conn:
        for model in guarded:
            for field, table in model.status_transitions.items():
                definition = trigger_of(conn, model._meta.db_table, f"transition_{field}")
                permitted = set(re.findall(r"\('([^']*)'::[\w ]+, '([^']*)'::[\w ]+\)", definition)) or set(
                    re.findall(
                        r"\(old\.\w+\)::text = '([^']*)'::text\) AND \(\(new\.\w+\)::text = '([^']*)'", definition
                    )
                )
                assert permitted == pairs(table), (model._meta.label, definition)


def trigger_of(conn, table, name):
    (definition,) = conn.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", [table, name]
    ).fetchone()
    return definition


def test_every_initial_status_belongs_to_a_status_table():
    for model in records.record_models():
        for field in getattr(model, "status_initial", {}):
            assert field in model.status_transitions, model._meta.label
