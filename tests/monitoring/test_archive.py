"""E-a, E-c, I-8: a cold month goes to files and comes back to the byte; it leaves only when every file is whole."""

from batches.monitoring import queries
from batches.monitoring.models import ArchivedMonth, ArchiveMove, Frame, Segment
from tests.monitoring import archiving
from tests.monitoring.archiving import digests, said, stored


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
    assert all(queries.verify_frame(frame) for frame in Frame.objects.select_related("source"))
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
