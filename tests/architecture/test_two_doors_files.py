"""E-f: an instrument's file for a phase: one table of bad inputs gives the same codes through page and endpoint."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from batches.readings.models import Frame, InstrumentFile
from tests.doors import signed_in
from tests.instruments.unicorn_files import zipped
from tests.readings.recordings import (
    API,
    PAGE,
    curve,
    flex,
    form,
    log,
    logged,
    make_akta,
    make_mapping,
    plant_at_work,
    unicorn,
)

YEAR_S = 365 * 86400
BOMB = zipped({f"member{number}": b"" for number in range(1001)})


@dataclass(frozen=True)
class Case:
    """A bad input: its code and field, what writes the bytes, with their kind and source, and what else is sent."""

    code: str
    field: str
    content: Callable[[], bytes]
    kind: str = "cytiva_unicorn"
    source: str = "AKTA1"
    name: str = "run.zip"
    more: dict = field(default_factory=dict)
    status: int = 422


def others():
    """A file of samples of another batch."""
    return flex((5, "S1", "BR-9", "7.2", "301"))[1]


FLEX_NAME = "SampleResultsFLEX12099-01-01_120000.csv"
LOG = {"kind": "skid_log", "source": "TFF01", "name": "tff01.csv", "more": {"mapping": "TFF-LOG"}}
CASES = (
    Case("archive_unreadable", "file", lambda: b"PK nothing"),
    Case("archive_too_large", "file", lambda: BOMB),
    Case("file_name_not_recognised", "file", lambda: b"PK nothing", "nova_flex2"),
    Case("file_outside_phase", "file", lambda: unicorn(curve("pH", [7.2] * 9, start_s=-YEAR_S))),
    Case("unknown_unit", "file", lambda: unicorn(curve("Cond", [7.2] * 9, unit="furlong"))),
    Case("unit_of_file_differs", "file", lambda: unicorn(curve("Cond", [7.2] * 9, unit="uS/cm"))),
    Case("file_without_signals", "file", lambda: unicorn(curve("UV", [7.2] * 9, unit="mAU"))),
    Case(
        "no_sample_of_this_phase",
        "sample",
        lambda: flex((5, "S1", "BR-9", "7.2", "301"))[1],
        "nova_flex2",
        "TFF01",
        FLEX_NAME,
    ),
    Case("mapping_needed", "mapping", lambda: log(logged(60)), "skid_log", "TFF01"),
    Case("mapping_not_taken", "mapping", lambda: log(logged(60)), more={"mapping": "TFF-LOG"}),
    Case("file_layout_unknown", "file", lambda: b"a;b\nc;d\n", **LOG),
    Case("log_unit_differs", "file", lambda: log(logged(60)).replace(b"mS/cm", b"uS/cm"), **LOG),
    Case("log_without_readings", "file", lambda: log(logged(60)).replace(b"17:01", b"17h01"), **LOG),
    Case("file_encoding_differs", "file", lambda: log(logged(60)).replace(b"OK", b"\xff\xff"), **LOG),
    Case("file_outside_phase", "file", lambda: log(logged(-YEAR_S)), **LOG),
)


@pytest.fixture
def desk(people, monkeypatch):
    """Olivia before a running phase with a skid, a chromatography system and an approved mapping."""
    with plant_at_work(people, monkeypatch) as plant:
        make_akta(plant)
        make_mapping(plant)
        yield signed_in(people["olivia"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.kind}")
def test_both_doors_refuse_a_file_with_the_same_code_at_the_same_field(desk, case):
    def given():
        return form(case.content(), case.kind, case.source, case.name, **case.more)

    page, answer = desk.post(PAGE + "receive/", given()), desk.post(API, given())
    assert (page.status_code, answer.status_code) == (case.status, case.status)
    shown = {(fault.code, at) for at, found in page.context["form"].errors.as_data().items() for fault in found}
    told = {(fault["code"], fault["pointer"].lstrip("#/")) for fault in answer.json()["errors"]}
    assert shown == told == {(case.code, case.field)}
    assert not InstrumentFile.objects.exists()
    assert not Frame.objects.exists()
