"""Lots walked to their release through the real actions by named people."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from batches.actions import records
from batches.excursions.actions.evaluation import evaluate_phase
from batches.models import BatchRecord
from batches.readings.actions.frames import record_frame
from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from batches.readings.rules.frames import Column, Frame
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.demo.people import credentials
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import in_force
from release.actions.commands import RecordResult
from release.actions.dispositions import release_lot
from release.actions.results import record_result, review_results
from release.actions.reviews import review_batch
from release.models import Disposition, Result
from release.rules import markets
from release.rules import specification as rules
from tests.batches.making import House, found_house, make_batch_record, make_house
from tests.documents.making import approve, draft

DATA = Path(__file__).resolve().parents[2] / "release" / "data"
GOOD = {
    "ph": "7.31",
    "osmolality": "318",
    "infectious_titre": "2.6×10^8",
    "physical_titre": "4.1×10^10",
    "p24": "512",
    "particles_per_tu": "157",
    "potency": "41.2",
    "host_cell_dna": "2.4",
    "host_cell_protein": "88",
    "bsa": "12",
    "benzonase": "<0.5",
    "endotoxin": "0.8",
    "bioburden": "<1",
    "particle_size": "124",
}
REPLICATES = {"infectious_titre": ("2.4e8", "2.9e8", "2.6e8"), "physical_titre": ("4.1e10", "4.2e10", "4.0e10")}
RULES = b"""
[rule_set]
code = "LV-PROCESS"
version = 1
vector = "LV"
title = "Temperature only, for tests"

[[rule]]
code = "lv-temperature"
version = 1
parameter = "temperature"
unit = "Cel"
signal_type = "linear"
kind = "duration"
direction = "high"
alert_high = "25"
action_high = "30"
t_on_s = "0"
t_off_s = "0"
deadband = "1"
t_merge_s = "1"
sampling_s = "1"
max_gap_s = "600"
min_coverage = "0.95"
severity = "major"
auto_deviation = true
phases = ["L10"]
basis = "for tests"
"""


def make_markets(people: Mapping[str, Person]) -> None:
    """The shipped markets, written by Mei and approved by Arun."""
    for file in sorted((DATA / "markets").glob("*.toml")):
        if in_force(markets.KIND, file.stem.upper(), now()) is None:
            approve(people["arun"], draft(people["mei"], markets.KIND, file.read_bytes()))


def make_specification(house: House, *, file: str = "lv_dp_sg.toml", approved: bool = True) -> Document:
    """A shipped specification, imported by Mei after the markets and approved by Arun."""
    make_markets({"mei": house.mei, "arun": house.arun})
    written = draft(house.mei, rules.KIND, (DATA / file).read_bytes())
    return approve(house.arun, written) if approved else written


def result_command(lot: str, test: str, **changes) -> RecordResult:
    """A good result of one test of the shipped lentiviral specification."""
    content = tomllib.loads((DATA / "lv_dp_sg.toml").read_text(encoding="utf-8"))
    line = next(line for line in rules.lines(content) if line.code == test)
    words = "conforms" if line.kind == "conforms" else "not detected"
    values = {
        "lot": lot,
        "test": test,
        "method": line.method,
        "sample": f"{lot}-QC",
        "reported": GOOD.get(test, words),
        "unit": line.unit,
        "measured_at": now() - timedelta(seconds=1),
        "analyst": "Hana Sato",
        "replicates": REPLICATES.get(test, ()),
    }
    return RecordResult(**(values | changes))


def make_results(house: House, lot: str, *, but: tuple[str, ...] = (), reviewed: bool = True) -> list[Result]:
    """A good result of every test but these, entered by Hana and reviewed by Jonas."""
    content = tomllib.loads((DATA / "lv_dp_sg.toml").read_text(encoding="utf-8"))
    tests = [line.code for line in rules.lines(content) if line.code not in but]
    results = [record_result(by=house.hana, command=result_command(lot, test)) for test in tests]
    if reviewed:
        results = review_results(by=house.jonas, credentials=credentials(house.jonas), results=results)
    return results


def make_excursion_rule(house: House) -> None:
    """One excursion rule on the temperature of L10, approved before any batch, and the skid that sends it."""
    written = draft(house.mei, "rule_set", RULES)
    approve(house.arun, written)
    register_source(
        by=house.mei,
        command=RegisterSource(
            code="TFF01",
            name="UF/DF skid",
            equipment=house.units["tff_skid"].code,
            tags=(DescribeTag("TI101", "temperature", "Cel"),),
        ),
    )


def send_temperature(
    house: House, record: BatchRecord, celsius: float = 8.0, *, sequence: int = 1, judged: bool = True
) -> None:
    """The readings of L10 from its start to its end (later frames between them), recorded and judged."""
    phase = record.phases.get(code="L10")
    late = sequence - 1
    times = [_micros(phase.started_at) + late, _micros(phase.performed_at) - late]
    column = Column("TI101", np.array(times, dtype="<i8"), np.array([celsius] * 2, dtype="<f8"), None)
    frame = Frame("TFF01", "boot-1", sequence, (column,))
    record_frame(by=house.people["skid-gateway"], site=house.site, frame=frame)
    if judged:
        evaluate_phase(by=house.monitor, phase=phase)


def make_reviewable(house: House | None = None) -> tuple[House, BatchRecord]:
    """A lentiviral lot with every result, reviewed by production: only quality's review is missing."""
    house = house or make_house()
    make_specification(house)
    make_excursion_rule(house)
    record = make_batch_record(house, at="completed")
    send_temperature(house, record)
    make_results(house, record.lot.number)
    records.review(by=house.farid, credentials=credentials(house.farid), batch_record=record)
    record.refresh_from_db()
    return house, record


def review(house: House, record: BatchRecord):
    """Quinn's review for quality."""
    return review_batch(by=house.quinn, credentials=credentials(house.quinn), batch_record=record)


def existing() -> tuple[House, BatchRecord]:
    """What ``make_reviewable`` made, in a copy of its database."""
    return found_house(), BatchRecord.objects.select_related("master", "lot__material", "lot__site", "site").get()


def make_releasable() -> tuple[House, BatchRecord]:
    """A lentiviral lot whose gate is open for Singapore."""
    house, record = make_reviewable()
    review(house, record)
    return house, record


def release(house: House, record: BatchRecord, *, by: str = "rafael", market: str = "SG", **options) -> Disposition:
    """Release the lot of this record."""
    person = house.people[by]
    return release_lot(by=person, credentials=credentials(person), lot=record.lot, market=market, **options)


def make_released_lot() -> tuple[House, Disposition]:
    """A lentiviral lot that Rafael released for Singapore, with its certificate."""
    house, record = make_releasable()
    return house, release(house, record)


def _micros(at) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
