"""A month of two skids that is long over: a phase whose lot is decided, readings of every kind, and their files."""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from batches.excursions.models import Evaluation, Excursion
from batches.models import Phase
from batches.readings import models
from batches.readings.queries.archives import archive_findings
from batches.readings.rules.frames import Frame, frame_from
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.embedded import Urls
from gatekeeper.documents.models import Document
from gatekeeper.jobs.actions import jobs
from gatekeeper.lots.actions.statuses import change_status
from tests.excursions import making
from tests.excursions.making import PH, SECOND, SHEAR, START, Plant, Time, rules_toml

MONTH = "2026-03"
COLD = datetime(2027, 1, 10, tzinfo=UTC)
ENDED = 300  # seconds after START


@dataclass
class Cold:
    """The plant a year later, with its folder of files."""

    urls: Urls
    time: Time
    folder: Path
    people: dict[str, Person]
    plant: Plant

    def run(self, command: str, *options: str) -> str:
        """Run a command on this folder as Quinn, and return what it says."""
        return run(command, self.folder, *options)

    def parquet(self, source: str = "TFF01", part: int = 1) -> Path:
        """Where a file lies."""
        row = models.ArchivedMonth.objects.get(source__code=source, part=part)
        return self.folder / MONTH / f"{row.name}.parquet"


def run(command: str, folder: Path, *options: str) -> str:
    out = StringIO()
    if command == "verify_archive":
        call_command(command, str(folder), stdout=out)
    else:
        place = "--to" if command == "archive_readings" else "--from"
        call_command(command, "--month", MONTH, place, str(folder), "--by", "quinn", *options, stdout=out)
    return out.getvalue()


def findings(folder: Path) -> list[tuple[str, str]]:
    """What verify_archive finds, by name."""
    return list(archive_findings(folder))


def drop(folder: Path) -> str:
    """Archive what is left and drop the month."""
    return run("archive_readings", folder, "--drop")


def set_cold(clock: Time) -> None:
    """Let it be long after the month."""
    clock.at = COLD


def mixed(sequence: int, begin: int, *, source: str = "TFF01", size: int = 50, boot: str = "boot-1") -> Frame:
    """A frame of three tags: one without quality, one with every kind of it, one whose samples are in no order."""
    start = int(START.timestamp()) * SECOND
    times = [start + (begin + at) * SECOND for at in range(size)]
    bad = [192 if at % 7 else 0 for at in range(size)]
    tags = {
        "FI101": {"times": times, "values": [1.0 if (begin + at) % 70 > 50 else 0.2 for at in range(size)]},
        "AI101": {"times": times, "values": [7.2 if good else math.nan for good in bad], "quality": bad},
        "TI101": {"times": times[::-1], "values": [-0.0, 0.1 + begin] * (size // 2), "quality": [192] * size},
    }
    for tag in tags.values():
        tag["values"] = [None if math.isnan(value) else value for value in tag["values"]]
    return frame_from(source, boot, sequence, tags)


def make_cold(clock: Time, folder: Path) -> None:
    """A phase with readings, ended and its lot rejected; a second skid; a frame over the month's end; archived."""
    plant = making.make_plant(rules_toml(SHEAR, PH))
    people = plant.people
    making.make_unit(people, 13, code="TFF-2")
    making.make_source(people, "TFF02", "TFF-2")
    clock.after(ENDED)
    for number in range(6):
        plant.send(mixed(number, number * 50))
    plant.send(mixed(1, 20, source="TFF02"))
    plant.end()
    plant.draw()
    clock.at = datetime(2026, 4, 2, tzinfo=UTC)
    end = int((datetime(2026, 4, 1, tzinfo=UTC) - START).total_seconds())
    plant.send(mixed(90, end - 25))
    plant.send(mixed(91, end + 25))
    plant.draw()
    change_status(by=people["rafael"], lot=plant.record.lot, verb="reject", reason="pH was lost")
    set_cold(clock)
    run("archive_readings", folder)


def found(urls: Urls, clock: Time, folder: Path) -> Cold:
    """The plant as it is in the database."""
    people = {person.username: person for person in Person.objects.order_by("pk")}
    phase = Phase.objects.get(code="L10")
    source = models.Source.objects.get(code="TFF01")
    rules = Document.objects.get(kind="rule_set")
    plant = Plant(people, Site.objects.get(code="SG01"), source, phase.batch_record, phase, rules)
    return Cold(urls, clock, folder, people, plant)


def stored() -> list[tuple]:
    """Every segment of March, whole."""
    rows = models.Segment.objects.filter(frame_at__lt=datetime(2026, 4, 1, tzinfo=UTC))
    columns = rows.order_by("source_id", "frame_id", "tag_id").values_list()
    return [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in columns]


def said() -> list[tuple]:
    """What is recorded of every rule: all versions, and the excursions."""
    evaluations = Evaluation.objects.order_by("pk").values_list("rule", "version", "state", "data_sha256")
    excursions = Excursion.objects.order_by("pk").values_list("key", "level", "withdrawn_at")
    return [*evaluations, *excursions]


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def work_due() -> int:
    """Let both workers do what is due: frames are judged, and their minutes made."""
    return jobs.run_due("detection") + jobs.run_due()


def later(clock: Time, days: int) -> None:
    """Let days pass."""
    clock.at += timedelta(days=days)
