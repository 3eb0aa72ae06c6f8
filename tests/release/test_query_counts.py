"""I-9: lists and details are read in a fixed number of queries, however long a lot's record has become.

QUERY_COUNTS=write writes the counts anew; a count that grew is a change to be reviewed.
"""

import os
import tomllib
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batches.excursions.models import Excursion
from batches.models import Deviation
from batches.readings.models import Source
from gatekeeper.accounts.permissions import declared
from gatekeeper.accounts.queries import sites_of
from gatekeeper.accounts.rules.permissions import PUBLIC, SIGNED_IN
from gatekeeper.documents.models import Document
from plasmids.models import PlasmidLot
from release.models import Certificate, InstrumentFile, Result
from tests.accounts.making import browser
from tests.architecture.test_doors import doors
from tests.documents.making import draft
from tests.excursions.making import SHIPPED_MAPPING
from tests.release import making

COUNTS = Path(__file__).with_name("query_counts.toml")
READ = (
    "list", "detail", "home", "gate", "phase_signals", "exposure", "certificate", "audit_trail", "phase_enter",
    "phase_done",
)  # fmt: skip
LISTS_OF_THE_API = ("_api:lots", "_api:plasmids", "_api:plasmid_lots", "_api:records", "_api:deviations", "_api:phases")


def _is_read(name):
    page = name.rsplit(":", 1)[-1]
    return name.endswith(LISTS_OF_THE_API) or (
        "_api" not in name and (page in READ or page.endswith(("_list", "_detail")))
    )


@pytest.fixture(autouse=True)
def _nothing_falls_due(monkeypatch):
    """What is written or counted anew after some seconds is no query of a page, and tests differ in speed."""
    monkeypatch.setattr("gatekeeper.accounts.middleware._SEEN_EVERY", 10_000)
    monkeypatch.setattr("gatekeeper.web._WAITING_FOR", 10_000)


@pytest.fixture
def world(releasable):
    """A released lot with its certificate, then late readings that show an excursion and open a deviation."""
    house, record = releasable
    making.release(house, record)
    making.send_temperature(house, record, 40.0, sequence=2)
    making.make_batch_record(house, at="running:L1", number="BR-2", lot="LV-2")
    draft(house.mei, "log_mapping", SHIPPED_MAPPING.read_bytes())
    return house, record


def _key(name, record):
    """Return the natural key by which a page of this name is opened, None when the world has no such record."""
    phase = {"number": record.number, "code": "L10"}
    keys = {
        "ledger:audit_trail": {"record_type": "lots.lot", "key": record.lot.number},
        "lots:material_detail": {"code": record.lot.material.code},
        "plasmids:detail": {"code": PlasmidLot.objects.first().plasmid.code},
        "plasmids:lot_detail": {"number": PlasmidLot.objects.first().lot.number},
        "batches:detail": {"number": record.number},
        "batches:phase_enter": {"number": "BR-2", "code": "L1", "control": "temperature"},
        "batches:phase_done": phase,
        "batches_api:phases": {"number": record.number},
        "batches:equipment_detail": {"code": Source.objects.first().equipment.code},
        "batches:deviation_detail": {"number": Deviation.objects.first().number},
        "excursions:excursion_detail": {"pk": Excursion.objects.first().pk},
        "excursions:phase_signals": phase,
        "excursions:exposure": {"number": record.number},
        "readings:source_detail": {"code": Source.objects.first().code},
        "readings:file_list": phase,
        "release:certificate": {"number": Certificate.objects.first().number},
    }
    if name.startswith("documents:"):
        document = Document.objects.filter(kind=name.removeprefix("documents:").removesuffix("_detail")).first()
        return {"code": document.code, "version": document.version} if document else None
    if name in keys:
        return keys[name]
    if name in {"readings:file_detail", "readings:dispute_detail"}:
        return None
    if name == "release:file_detail" and not InstrumentFile.objects.exists():
        return None
    return {"number": record.lot.number}


def _reader(people, permission):
    if permission in {PUBLIC, SIGNED_IN}:
        return people["quinn"]
    return next(person for person in people.values() if sites_of(person, permission) and person.has_usable_password())


def _counts(house, record):
    counts, browsers = {}, {}
    for name, address, door, _options in doors():
        key = _key(name, record) if "X1" in address or "/1/" in address else {}
        if not _is_read(name) or key is None:
            continue
        who = _reader(house.people, declared(door, "GET"))
        client = browsers.setdefault(who, browser())
        client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
        url = reverse(name, kwargs=key)
        client.get(url)  # what is cached for a process is not counted
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(url)
        assert answer.status_code == 200, f"{name} {url} for {who}: {answer.status_code}"
        counts[name] = len(captured)
    return counts


def test_lists_and_details_are_read_in_the_committed_number_of_queries(world):
    counts = _counts(*world)
    if os.environ.get("QUERY_COUNTS") == "write":
        lines = [f'"{name}" = {count}' for name, count in sorted(counts.items())]
        COUNTS.write_text(
            "# Queries of each page; written by QUERY_COUNTS=write (test_query_counts.py).\n" + "\n".join(lines) + "\n"
        )
    committed = tomllib.loads(COUNTS.read_text())
    assert counts == committed


def test_a_longer_list_takes_no_more_queries(world):
    house, record = world
    client = browser()
    client.force_login(house.quinn, backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("release:result_list", args=[record.lot])

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    count()
    before, results = count(), Result.objects.count()
    making.make_results(house, record.lot.number, reviewed=False)
    assert Result.objects.count() > results
    assert count() == before
