"""E-a: readings edited in the database, whoever does it, are found by the verification of the evidence."""

import contextlib
import json
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command

from tests.excursions.making import frame, make_plant, standing_clock

pytestmark = pytest.mark.fault
FIRST = "frame_id = (SELECT min(frame_id) FROM readings_segment)"


@pytest.fixture
def sent(committed_db, sealer):
    with standing_clock() as clock:
        plant = make_plant()
        clock.after(120)
        for number in (1, 2):
            plant.send(frame(number, range(number * 10, number * 10 + 10), lambda at: 1.0 + at / 100))
    return committed_db


def findings() -> list[dict]:
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("verify_ledger", "--json", stdout=out)
    return json.loads(out.getvalue())["findings"]


def test_readings_as_they_were_sent_are_intact(sent):
    assert findings() == []


@pytest.mark.parametrize(
    "edit",
    [
        f"UPDATE readings_segment SET values = overlay(values PLACING '\\x00'::bytea FROM 7) WHERE {FIRST}",
        f"UPDATE readings_segment SET times = overlay(times PLACING '\\x00'::bytea FROM 1) WHERE {FIRST}",
        f"UPDATE readings_segment SET quality = decode(repeat('00', count), 'hex') WHERE {FIRST}",
        f"UPDATE readings_segment SET first_us = 0, last_us = 1 WHERE {FIRST}",
        f"DELETE FROM readings_segment WHERE {FIRST}",
    ],
    ids=["a value", "a time", "a quality", "where it is looked up", "a deletion"],
)
def test_an_edit_of_the_readings_is_found_and_its_frame_is_named(sent, edit):
    with psycopg.connect(sent.admin) as dba:
        assert dba.execute(edit).rowcount == 1
    (finding,) = findings()
    assert (finding["code"], finding["table"]) == ("readings_altered", "public.readings_frame")
