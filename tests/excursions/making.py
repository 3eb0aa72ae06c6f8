"""Skids, rules, running phases and frames, made through the real actions by named people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.test import override_settings

from batches.actions import equipment, execution, records
from batches.actions.commands import EnterResult, IssueBatchRecord, RegisterEquipment, StartPhase
from batches.models import BatchRecord, Phase
from batches.readings.actions.frames import record_frame
from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from batches.readings.models import Source
from batches.readings.rules.frames import Frame, frame_from
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.people import credentials, enrol_everybody
from gatekeeper.demo.process import TAGS
from gatekeeper.documents.models import Document
from gatekeeper.jobs.actions import jobs
from gatekeeper.lots.actions.registration import register_material
from tests.documents.making import approve, draft

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = 1_000_000
SHIPPED_RULES = Path(__file__).resolve().parents[2] / "batches" / "excursions" / "data"
SHIPPED_MAPPING = SHIPPED_RULES.parents[1] / "readings" / "data" / "tff_skid_log.toml"
MASTER = """
[master]
code = "UFDF"
version = 1
title = "Concentration alone"
material = "LV-DP"
family = "LV"
rule_set = "UFDF-RULES"
shelf_life_d = 365

[[phase]]
code = "L10"
title = "UF/DF"
unit_procedure = "Downstream"
operation = "Concentration"
after = []
instruction = "Concentrate."
significant = true

[[phase.equipment]]
kind = "tff_skid"

[[phase.control]]
code = "vials"
title = "Vials"
unit = "{vial}"
action_low = "1"
action_high = "100"
product_quantity = true
"""
SHEAR = """
[[rule]]
code = "shear"
version = 1
parameter = "wall_shear"
unit = "1/s"
derived = "wall_shear"
requires_geometry = true
signal_type = "linear"
kind = "duration"
direction = "high"
alert_high = "4000"
action_high = "6000"
t_on_s = "5"
t_off_s = "10"
deadband = "200"
t_merge_s = "30"
sampling_s = "1"
max_gap_s = "10"
min_coverage = "0.95"
phases = ["L10"]
"""
PH = """
[[rule]]
code = "ph"
version = 1
parameter = "ph"
unit = "[pH]"
signal_type = "linear"
kind = "instant"
direction = "both"
alert_low = "6.8"
alert_high = "7.8"
action_low = "6.5"
action_high = "8.0"
t_merge_s = "60"
sampling_s = "60"
max_gap_s = "180"
min_coverage = "0.95"
phases = ["L10"]
"""


def rules_toml(*tables: str, version: int = 1) -> bytes:
    """Return a rule set of these tables."""
    head = f'[rule_set]\ncode = "UFDF-RULES"\nversion = {version}\ntitle = "Concentration"\n'
    return (head + "".join(tables)).encode()


@dataclass
class Time:
    """The clock of a test: it stands still until it is set."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def after(self, seconds: float) -> None:
        """Let it be so many seconds after the start of the phase."""
        self.at = START + timedelta(seconds=seconds)


TIME = Time(START)


def test_time() -> datetime:
    """Return the time of the test's clock; settings.CLOCK names this function."""
    return TIME.at


test_time.__test__ = False


@contextmanager
def standing_clock() -> Iterator[Time]:
    """Within the block, record time is what the test says."""
    TIME.at = START
    with override_settings(CLOCK="tests.excursions.making.test_time"):
        yield TIME


@dataclass
class Plant:
    """A running UF/DF phase with its skid, and everybody by name."""

    people: dict[str, Person]
    site: Site
    source: Source
    record: BatchRecord
    phase: Phase
    rule_set: Document

    def send(self, frame: Frame) -> object:
        """Let the gateway send a frame."""
        return record_frame(by=self.people["skid-gateway"], site=self.site, frame=frame)

    def end(self) -> None:
        """Olivia signs the phase as performed, now."""
        execution.enter_result(by=self.people["olivia"], phase=self.phase, command=EnterResult("vials", "50"))
        execution.sign_phase(by=self.people["olivia"], credentials=credentials(self.people["olivia"]), phase=self.phase)
        self.phase.refresh_from_db()

    def detect(self) -> int:
        """Let the detection worker do what is due."""
        return jobs.run_due("detection")

    def draw(self) -> None:
        """Let both workers do what is due: frames are judged, and their envelopes made."""
        self.detect()
        jobs.run_due()


def make_rules(people: dict[str, Person], site: Site, toml: bytes) -> Document:
    """Mei imports a rule set, Arun approves it."""
    written = draft(people["mei"], "rule_set", toml)
    arun = people["arun"]
    return approve(arun, written)


def make_source(people: dict[str, Person], code: str = "TFF01", unit: str = "TFF-1") -> Source:
    """Mei registers a skid with flow, pH, conductivity and temperature."""
    tags = (
        DescribeTag("FI101", "flow", "L/min", "0", "20"),
        DescribeTag("AI101", "ph", "[pH]", "0", "14"),
        DescribeTag("CI101", "conductivity", "mS/cm"),
        DescribeTag("TI101", "temperature", "Cel"),
    )
    return register_source(by=people["mei"], command=RegisterSource(code, "TFF skid", unit, tags))


def make_skid(people: dict[str, Person]) -> Source:
    """Mei registers a TFF unit with its module (X2: 13 fibres of 1 mm) and the skid on it."""
    make_unit(people, 13)
    return make_source(people)


def make_unit(people: dict[str, Person], fibres: int, code: str = "TFF-1") -> None:
    """Mei registers a TFF unit with its hollow-fibre module."""
    equipment.register_equipment(
        by=people["mei"],
        command=RegisterEquipment(
            code=code,
            name="TFF unit",
            kind="tff_skid",
            site="SG01",
            geometry={"n_fibres": fibres, "diameter_mm": "1.0", "length_m": "0.30"},
            calibration_due_date=(TIME.at + timedelta(days=90)).date(),
        ),
    )


def make_simulated_skid(people: dict[str, Person]) -> Source:
    """Mei registers the skid of the simulator with a module of 100 fibres."""
    make_unit(people, 100)
    tags = tuple(
        DescribeTag(code, tag.parameter, tag.unit, signal_type=tag.signal_type, sampling_s=str(tag.sampling_s))
        for code, tag in TAGS["TFF01"].items()
    )
    return register_source(by=people["mei"], command=RegisterSource("TFF01", "TFF skid", "TFF-1", tags))


def make_plant(toml: bytes | None = None, people: dict[str, Person] | None = None) -> Plant:
    """Everything up to a phase that started at START, by who is enrolled already or else by the whole cast."""
    people = people or everybody() or enrol_everybody()
    site = Site.objects.get(code="SG01")
    rule_set = make_rules(people, site, toml or rules_toml(SHEAR))
    source = make_skid(people)
    record = make_record(people, site)
    phase = record.phases.get(code="L10")
    execution.start_phase(by=people["olivia"], phase=phase, command=StartPhase(("TFF-1",)))
    phase.refresh_from_db()
    return Plant(people, site, source, record, phase, rule_set)


def found_plant() -> Plant:
    """What ``make_plant`` made, in a copy of its database."""
    record = BatchRecord.objects.get(number="BR-1")
    source, rule_set = Source.objects.get(code="TFF01"), Document.objects.get(code="UFDF-RULES")
    return Plant(everybody(), Site.objects.get(code="SG01"), source, record, record.phases.get(code="L10"), rule_set)


def everybody() -> dict[str, Person]:
    """Who is enrolled, by user name."""
    return {person.username: person for person in Person.objects.order_by("pk")}


def make_record(people: dict[str, Person], site: Site) -> BatchRecord:
    """Farid issues a batch record of the one-phase master."""
    mei, arun, farid = (people[name] for name in ("mei", "arun", "farid"))
    register_material(by=mei, code="LV-DP", name="Vector", kind="drug_product", unit_code="{vial}", site=site)
    approve(arun, draft(mei, "master", MASTER.encode()))
    return issue_record(farid, "BR-1", "LOT-1")


def issue_record(farid: Person, number: str, lot: str) -> BatchRecord:
    """Farid issues a further batch record of that master."""
    command = IssueBatchRecord(number, "UFDF", 1, lot, "SG01")
    return records.issue(by=farid, credentials=credentials(farid), command=command)


def make_run(plant: Plant, number: str, lot: str) -> Plant:
    """A further batch of the same plant, its phase started now."""
    record = issue_record(plant.people["farid"], number, lot)
    phase = record.phases.get(code="L10")
    execution.start_phase(by=plant.people["olivia"], phase=phase, command=StartPhase(("TFF-1",)))
    phase.refresh_from_db()
    return replace(plant, record=record, phase=phase)


def frame(
    sequence: int,
    seconds: range | list[int],
    values: Callable[[int], float | None],
    *,
    tag: str = "FI101",
    boot: str = "boot-1",
    source: str = "TFF01",
) -> Frame:
    """Return a frame of one tag: a value at each of these seconds after START."""
    start = int(START.timestamp()) * SECOND
    columns = {"times": [start + at * SECOND for at in seconds], "values": [values(at) for at in seconds]}
    return frame_from(source, boot, sequence, {tag: columns})
