"""E-a, E-c, I-8: a cold month goes to files and comes back to the byte; it leaves only when every file is whole."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, connections

from batches.actions import execution
from batches.actions.commands import StartPhase
from batches.readings import models
from batches.readings.models import ArchivedMonth, ArchiveMove, Frame, Segment
from batches.readings.queries.evidence import verify_frame
from batches.readings.rules.archives import manifest_from
from batches.readings.rules.parquet_frames import frames_in, write_frames
from gatekeeper.ledger.queries.evidence import evidence_of
from tests.excursions.making import START, issue_record
from tests.readings import archiving
from tests.readings.archiving import MONTH, digests, mixed, said, stored


def refused(cold, *options, command="archive_readings"):
    with pytest.raises(CommandError) as caught:
        cold.run(command, *options)
    return str(caught.value)


def findings(cold):
    with pytest.raises(SystemExit):
        cold.run("verify_archive")
    return "\n".join(f"{name}: {fault}" for name, fault in archiving.findings(cold.folder) if fault)


def test_a_month_leaves_the_database_and_comes_back_to_the_byte(cold, cold_sealer):
    before, recorded, files = stored(), said(), digests(cold.folder)
    assert len(before) == 8 * 3
    assert "24 segments dropped" in cold.run("archive_readings", "--drop")
    assert stored() == []
    assert Segment.objects.count() == 3  # of April
    assert Frame.objects.count() == 9
    assert cold.run("verify_archive").endswith("Intact.\n")
    assert "are back" in cold.run("restore_readings")
    assert stored() == before
    assert all(verify_frame(frame) for frame in Frame.objects.select_related("source"))
    archiving.work_due()
    assert said() == recorded
    assert cold.run("restore_readings") == "Nothing of this month is away.\n"
    assert "24 segments dropped" in cold.run("archive_readings", "--drop")
    assert digests(cold.folder) == files
    assert [move.kind for move in ArchiveMove.objects.filter(archive__source__code="TFF01")] == [
        "dropped", "restored", "dropped",
    ]  # fmt: skip


def test_running_it_again_changes_nothing(cold):
    files, parts = digests(cold.folder), list(ArchivedMonth.objects.values())
    assert cold.run("archive_readings") == ""
    assert digests(cold.folder) == files
    assert list(ArchivedMonth.objects.values()) == parts


def test_the_manifest_is_evidence_and_names_its_place_in_the_log(cold):
    part = ArchivedMonth.objects.get(source__code="TFF01")
    content = cold.parquet().with_suffix(".json").read_bytes()
    manifest = manifest_from(content)
    (entry,) = evidence_of(ArchivedMonth, part.pk)
    assert json.loads(entry.body)["new"]["manifest_sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest.ledger.entries > 0
    assert len(manifest.ledger.root) == 64
    frames = Frame.objects.filter(source=part.source, first_at__lt="2026-04-01T00:00Z").order_by("first_at")
    assert [row[:3] for row in manifest.frames] == list(frames.values_list("boot_id", "sequence", "sha256"))
    assert (part.frames, part.segments, part.samples) == (7, 21, manifest.samples) == (7, 21, 7 * 150)
    assert str(part) == "TFF01 2026-03 part 1"
    assert str(ArchiveMove(archive=part, kind="dropped")) == "TFF01 2026-03 part 1 · dropped"


def test_a_month_is_dropped_by_the_owner_of_the_tables_alone(cold):
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("SELECT readings_segment_month_emptied_v1('2026-03-01', ARRAY[1]::bigint[])")


@pytest.mark.parametrize("parts", [[], [1], [1, 2]], ids=["no part", "one of two", "not recorded as dropped"])
def test_the_database_empties_nothing_that_is_not_recorded_sealed_and_complete(cold, parts):
    keys = [ArchivedMonth.objects.order_by("pk")[number - 1].pk for number in parts]
    with pytest.raises(DatabaseError), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT readings_segment_month_emptied_v1(%s, %s::bigint[])", [START, keys])
    assert len(stored()) == 24


def test_a_drop_that_was_not_sealed_has_taken_nothing_and_goes_on_later(cold, settings):
    settings.LEDGER_SEAL_WAIT_SECONDS = 0.1
    assert "not sealed yet" in refused(cold, "--drop")
    assert len(stored()) == 24
    assert "run it again" in refused(cold, "--drop")
    assert "are back" in cold.run("restore_readings")  # nothing was away: no reading comes twice
    assert len(stored()) == 24


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-3", "Write the month as YYYY-MM"),
        ("2026-13", "Write the month as YYYY-MM"),
        ("2026-02", "There are no readings in 2026-02"),
        ("2026-04", "2026-04 may go to files from 2027-02-25 on"),
    ],
)
def test_a_month_that_cannot_be_archived_is_refused_with_a_sentence(cold, settings, month, said):
    settings.READINGS_ARCHIVE_AFTER_DAYS = 300
    assert said in refused(cold, "--month", month)


def test_who_may_not_is_refused(cold):
    assert "not authorised" in refused(cold, "--by", "grace")
    assert "Nobody has the name" in refused(cold, "--by", "nobody")
    assert "not authorised" in refused(cold, "--by", "olivia", command="restore_readings")


def test_one_command_works_at_a_time(cold):
    with psycopg.connect(cold.urls.app) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x61726368])
        assert "Another archive command" in refused(cold)


def test_a_lot_that_waits_for_its_disposition_keeps_its_month(cold):
    with psycopg.connect(cold.urls.admin) as dba:
        dba.execute("SET session_replication_role = replica; ALTER TABLE lots_lot DISABLE TRIGGER ALL")
        dba.execute("UPDATE lots_lot SET status = 'on_hold' WHERE number = 'LOT-1'")
    assert "BR-1" in (sentence := refused(cold, "--drop"))
    assert "neither released nor rejected" in sentence
    assert len(stored()) == 24


def test_frames_that_nobody_has_judged_keep_their_month(cold):
    cold.plant.send(mixed(7, 400))
    assert "1 frames of 2026-03 wait" in refused(cold, "--drop")
    assert len(stored()) == 27


def test_what_came_late_is_a_part_of_its_own(cold):
    cold.plant.send(mixed(7, 400))
    archiving.work_due()
    assert "part 2: 1 frames, 150 samples" in cold.run("archive_readings")
    assert cold.run("archive_readings") == ""
    assert cold.run("verify_archive").endswith("Intact.\n")


def test_readings_that_were_altered_in_the_database_are_not_archived(cold):
    cold.plant.send(mixed(7, 400))
    with psycopg.connect(cold.urls.admin) as dba:
        dba.execute("UPDATE readings_segment SET values = times WHERE frame_id = (SELECT max(id) FROM readings_frame)")
    assert "TFF01/boot-1/7 are not those that were recorded" in refused(cold)


def rewritten(cold, *, digest=False):
    """Write the file of TFF01 anew with one value changed, and its manifest to match."""
    path = cold.parquet()
    with path.open("rb") as file:
        frames = list(frames_in(file, "TFF01"))
    tag, count, (times, values, quality) = frames[2].columns[0]
    changed = replace(frames[2], columns=((tag, count, (times, b"\1" + values[1:], quality)), *frames[2].columns[1:]))
    if digest:
        changed = replace(changed, sha256=hashlib.sha256(b"another").hexdigest())
    out = io.BytesIO()
    write_frames(out, "TFF01", [*frames[:2], changed, *frames[3:]])
    path.write_bytes(out.getvalue())
    old = manifest_from(path.with_suffix(".json").read_bytes())
    new = replace(old, file_sha256=hashlib.sha256(out.getvalue()).hexdigest(), file_bytes=len(out.getvalue()))
    path.with_suffix(".json").write_bytes(new.content)
    return hashlib.sha256(new.content).hexdigest()


def one_byte(path, place=-200):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda cold: one_byte(cold.parquet()), "its bytes are not those of its manifest"),
        (lambda cold: one_byte(cold.parquet().with_suffix(".json")), "its bytes are not those that were recorded"),
        (rewritten, "its bytes are not those that were recorded"),
        (lambda cold: cold.parquet().unlink(), "is not there"),
        (lambda cold: cold.parquet("TFF02").with_suffix(".json").unlink(), "is not there"),
    ],
    ids=["a byte of the file", "a byte of the manifest", "a value, and all to match", "no file", "no manifest"],
)
def test_a_file_that_was_altered_is_named_and_nothing_is_dropped(cold, harm, said):
    harm(cold)
    assert said in findings(cold)
    assert said in refused(cold, "--drop")
    assert len(stored()) == 24


def test_a_value_changed_with_manifest_and_record_to_match_is_found_in_the_evidence(cold):
    sha256 = rewritten(cold)
    with psycopg.connect(cold.urls.admin) as dba:
        dba.execute("ALTER TABLE readings_archivedmonth DISABLE TRIGGER ALL")
        dba.execute("UPDATE readings_archivedmonth SET manifest_sha256 = %s WHERE name LIKE '%%TFF01%%'", [sha256])
    assert "its record is not the one in the evidence log" in findings(cold)
    assert "the readings of frame boot-1/2 are not those of its digest" in refused(cold, "--drop")


def test_what_no_record_names_is_named(cold):
    (cold.folder / MONTH / "other.parquet").write_bytes(b"")
    (cold.folder / MONTH / "notes.txt").write_bytes(b"")
    assert findings(cold) == f"{MONTH}/other.parquet: no record names this file"


def test_a_running_phase_that_reaches_into_the_month_keeps_it(cold, cold_sealer):
    cold.time.at = START + timedelta(days=20)
    people = cold.people
    record = issue_record(people["farid"], "BR-2", "LOT-2")
    execution.start_phase(by=people["olivia"], phase=record.phases.get(code="L10"), command=StartPhase(("TFF-1",)))
    archiving.set_cold(cold.time)
    assert "BR-2" in refused(cold, "--drop")
    assert models.Segment.objects.count() == 27
