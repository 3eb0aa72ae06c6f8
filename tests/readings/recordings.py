"""Files of instruments for a running phase: what each writes, and the sources that they are of."""

import random
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile

from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
from gatekeeper.accounts.clock import now
from gatekeeper.demo.instrument_files import nova_flex2_csv, simulated_flex_sample
from tests.documents.making import approve, draft
from tests.excursions import making
from tests.excursions.making import SHIPPED_MAPPING
from tests.instruments.unicorn_files import Curve, array, points, result

SINGAPORE = ZoneInfo("Asia/Singapore")
PAGE = "/readings/batch-records/BR-1/phases/L10/files/"
API = "/api/v1/batch-records/BR-1/phases/L10/instrument-files/"


@contextmanager
def plant_at_work(people, monkeypatch):
    """Within the block, a phase that is watched for pH runs since an hour; see making.Plant."""
    # Tomorrow morning: the ready-made people were enrolled today.
    monkeypatch.setattr(making, "START", (now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0))
    with making.standing_clock() as clock:
        plant = making.make_plant(making.rules_toml(making.PH), people)
        clock.after(3600)
        yield plant


def make_akta(plant):
    """Mei registers a chromatography system on the phase's unit; its tags have the names of the curves."""
    tags = (DescribeTag("pH", "ph", "[pH]", "0", "14"), DescribeTag("Cond", "conductivity", "mS/cm"))
    return register_source(by=plant.people["mei"], command=RegisterSource("AKTA1", "ÄKTA avant", "TFF-1", tags))


def make_analyser(plant):
    """Mei registers a FLEX2 for samples of the phase's unit."""
    tags = (DescribeTag("PH", "ph", "[pH]"), DescribeTag("OSM", "osmolality", "mosm/kg"))
    return register_source(by=plant.people["mei"], command=RegisterSource("FLEX1", "FLEX2", "TFF-1", tags))


def make_mapping(plant, toml=None):
    """Mei imports the shipped mapping, Arun approves it."""
    written = draft(plant.people["mei"], "log_mapping", toml or SHIPPED_MAPPING.read_bytes())
    return approve(plant.people["arun"], written)


def curve(name, values, *, unit="", number="1", start_s=0, step_s=60, **changed):
    """A curve with a value every step from so many seconds after START on."""
    local = f"{making.START.astimezone(SINGAPORE) + timedelta(seconds=start_s):%Y-%m-%dT%H:%M:%S.000}"
    fields = {
        "Name": name,
        "CurveNumber": number,
        "AmplitudeUnit": unit,
        "DistanceBetweenPoints": f"{Decimal(step_s) / 60:.10f}",
        "DistanceToStartPoint": "0",
        "MethodStartTime": local,
        "MethodStartTimeUtcOffsetMinutes": "480",
        "ChromatogramStartTime": local,
        "ChromatogramStartTimeUtcOffsetMinutes": "480",
        **changed,
    }
    return Curve(fields, points(values))


def cut_curve(name, number="9"):
    """A curve that declares more points than it holds."""
    return Curve(curve(name, [1.0], number=number).fields, points(Amplitudes=array([1.0, 2.0], declared=900)))


def unicorn(*curves):
    """A UNICORN result of these curves."""
    return result(*curves)


def ph_run(minutes=30, low=range(0)):
    """A run of pH 7.2, one value a minute; within these minutes it is 6.2."""
    return curve("pH", [6.2 if at in low else 7.2 for at in range(minutes)])


def log(*lines):
    """A log for the shipped mapping: (seconds after START, flow, pH, state, conductivity, temperature)."""
    head = "Date;Time;Feed flow;pH;pH state;Conductivity;Temperature\n;;L/min;;;mS/cm;°C\n"
    rows = ""
    for seconds, *cells in lines:
        at = making.START.astimezone(SINGAPORE) + timedelta(seconds=seconds)
        rows += f"{at:%Y-%m-%d;%H:%M:%S};{';'.join(cells)}\n"
    return (head + rows).encode()


def logged(seconds, *, ph="7,20", state="OK"):
    """One line of a log."""
    return (seconds, "0,8", ph, state, "15,0", "22,0")


def flex(*samples, seed=5):
    """Name and bytes of a FLEX2 file: (minutes after START, name, batch, pH, osmolality)."""
    rows = [
        simulated_flex_sample(
            random.Random(seed),
            sample=name,
            measured_at=making.START.astimezone(SINGAPORE) + timedelta(minutes=minutes),
            operator="Olivia",
            batch=batch,
            values={"ph": Decimal(ph), "osmolality": osmolality},
        )
        for minutes, name, batch, ph, osmolality in samples
    ]
    return nova_flex2_csv("FLEX1", rows)


def form(content, kind, source, name="run.zip", **more):
    """Return what a form or a multipart request sends."""
    return {"file": SimpleUploadedFile(name, content), "kind": kind, "source": source, **more}
