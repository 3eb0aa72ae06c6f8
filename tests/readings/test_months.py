"""I-6: readings lie by month and source; who serves people makes a month and nothing else, and a segment stays one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from batches.readings import models
from batches.readings.queries.evidence import verify_frame
from tests.excursions.making import frame

COLUMNS = "source_id, frame_id, tag_id, frame_at, first_us, last_us, count, times, values, quality"


def months():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'readings_segment'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def make_month(at):
    with connection.cursor() as cursor:
        cursor.execute("SELECT readings_segment_month_v1(%s)", [at])
        return cursor.fetchone()[0]


def attack(sql):
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return caught.value


@pytest.fixture
def sent(plant, time):
    time.after(60)
    return plant.send(frame(1, range(30), lambda at: 1.0)).frame


def test_the_first_frame_of_a_month_makes_its_partition(sent):
    assert "readings_segment_2026_03" in months()
    assert verify_frame(sent)


@pytest.mark.django_db
def test_a_month_is_made_once_and_only_in_this_century():
    assert make_month(datetime(2031, 5, 17, tzinfo=UTC)) is True
    assert make_month(datetime(2031, 5, 31, 23, 59, 59, tzinfo=UTC)) is False
    assert make_month(datetime(1999, 12, 31, tzinfo=UTC)) is False
    assert make_month(datetime(2100, 1, 1, tzinfo=UTC)) is False
    assert "readings_segment_2031_05" in months()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE later PARTITION OF readings_segment FOR VALUES FROM ('2040-01-01') TO ('2040-02-01')",
        "ALTER TABLE readings_segment DETACH PARTITION readings_segment_2026_03",
        "DROP TABLE readings_segment_2026_03",
        "SELECT * FROM readings_segment_2026_03",
        "DELETE FROM readings_segment_2026_03",
        "INSERT INTO readings_segment_2026_03 SELECT * FROM readings_segment",
    ],
)
def test_the_application_has_no_way_to_a_partition_but_through_the_table(sent, sql):
    assert attack(sql).__cause__.sqlstate == "42501"


def test_a_frame_has_one_segment_a_tag_whatever_time_it_is_given(sent):
    same = f"INSERT INTO readings_segment ({COLUMNS}) SELECT {COLUMNS} FROM readings_segment"
    assert isinstance(attack(same), IntegrityError)
    moved = COLUMNS.replace("frame_at", "frame_at + interval '1 second'")
    other = f"INSERT INTO readings_segment ({COLUMNS}) SELECT {moved} FROM readings_segment"
    assert "segment_of_frame" in str(attack(other))


def test_a_segment_knows_its_frame(sent):
    one = models.Segment.objects.get()
    assert (one.source_id, one.frame_at, one.frame) == (sent.source_id, sent.first_at, sent)
    assert str(one) == "TFF01.FI101 · 30"
    assert str(models.Envelope(tag=one.tag, minute=7)) == "TFF01.FI101 · 7"


def test_two_first_frames_of_a_month_at_once_are_both_recorded(committed_db):
    """Who waits while another makes the month must not take it for missing."""
    sql = "SELECT readings_segment_month_v1('2031-05-17')"
    with psycopg.connect(committed_db.owner) as first, psycopg.connect(committed_db.app) as second:
        second.execute("SELECT to_regclass('public.readings_segment')")
        assert first.execute(sql).fetchone() == (True,)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: second.execute(sql).fetchone())
            while not first.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").fetchone()[0]:
                pass
            first.commit()
            assert waiting.result(10) == (False,)
