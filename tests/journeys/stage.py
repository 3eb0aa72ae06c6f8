"""The demonstration's story, told to the whole running site as far as the journeys need it."""

import contextlib
import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from django.test import override_settings

from gatekeeper.accounts.clock import database
from gatekeeper.accounts.models import Person
from gatekeeper.demo import clock
from gatekeeper.demo.client import Client
from gatekeeper.demo.people import PASSWORD, PROCEDURES, Role, enrol
from gatekeeper.demo.story import batch, founding, laboratory, masters, plan, plasmids, quality, suite
from gatekeeper.demo.story.stage import SITE, Stage
from tests.journeys import watched
from tests.running import LiveSite

DAYS = 60  # how far back the story begins

# Each journey has records of its own, so that they may run in any order.
RELEASED = plan.SHEARED
WAITING = dataclasses.replace(plan.SHEARED, number="BR-2026-0044", lot="LV-2026-0044", seed=44)
_QUICK = {"hours": {"L1": 1.0, "L2": 1.0}}
OPERATED = dataclasses.replace(plan.SHEARED, number="BR-2026-0051", lot="LV-2026-0051", **_QUICK)
REFUSING = dataclasses.replace(plan.SHEARED, number="BR-2026-0052", lot="LV-2026-0052", **_QUICK)
PERFORMED = dataclasses.replace(plan.SHEARED, number="BR-2026-0053", lot="LV-2026-0053", **_QUICK)

_TRANSFER = plasmids.LENTIVIRAL[0]
EXPIRED = dataclasses.replace(_TRANSFER, lot="PL-2026-0191")
QUARANTINED = dataclasses.replace(_TRANSFER, lot="PL-2026-0192")
SMALL = dataclasses.replace(_TRANSFER, lot="PL-2026-0193", quantity="20.0")

# As long as the fields allow, without a place where a line would break by itself.
LONG_LOT = "RM-" + "2026" * 9
LONG_MATERIAL = "Diethylaminohydroxypropylmethacrylat" * 4
LONG_TITLE = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Vandermeulenbroek " * 2
NEWCOMERS = (
    Role("nils", "Nils Aas", ("operator",), "forgets his password", procedures=PROCEDURES),
    Role("longest", LONG_NAME.strip(), ("qa_reviewer",), "has a long name"),
)


@dataclasses.dataclass
class ToldSite:
    """A site where one lot was released, another waits for quality, and three records are on their way."""

    live: LiveSite
    certificate: str
    deviation: str  # of the lot that waits, opened by an excursion
    reported: str  # a deviation that a person reported, open

    @property
    def url(self) -> str:
        """Address of the site, without a slash at the end."""
        return self.live.url

    def client(self, name: str) -> Client:
        """A person's REST client with a session of its own: that of the story may have locked itself meanwhile."""
        return Client(self.url).log_in(name, PASSWORD)


def tell(live: LiveSite) -> dict[str, str]:
    """Tell the story: one lot to its certificate, one to its open deviation, three records to transfection.

    Return the numbers that are known only afterwards, by the fields of ToldSite.
    """
    with _story_time(live):
        began = database() - timedelta(days=DAYS)
        clock.set_to(began)
        stage = Stage(live.url, _machines(live.url), began)
        masters.write_and_approve(stage)
        suite.equip(stage)
        stage.later(days=1)
        plasmids.receive_and_release(stage)
        _receive_what_is_not_fit(stage)
        certificate, deviation = _release(stage), _leave_waiting(stage)
        stage.later(seconds=(database() - timedelta(hours=6) - stage.present).total_seconds())
        for record in (OPERATED, REFUSING):
            _walk(stage, record, upto="L2")
        _walk(stage, PERFORMED, upto="")
        stage.later(seconds=(database() - timedelta(minutes=10) - stage.present).total_seconds())
        watched.begin(stage)
        began = stage.present
        clock.back_to_real_time()
        stage.present = database()
    watched.measure(stage, began)
    stage["olivia"].post(f"batch-records/{REFUSING.number}/phases/L3/start/", {"equipment": ["BIO-50"]})
    _perform_without_verifying(stage)
    return {"certificate": certificate, "deviation": deviation, "reported": _report(stage)}


@contextlib.contextmanager
def _story_time(live: LiveSite) -> Iterator[None]:
    story = override_settings(CLOCK="gatekeeper.demo.clock.simulated", DEMO=True, DEMO_DIR=live.logs.parent)
    with live.database(), story:
        yield


def _machines(url: str) -> dict[str, Client]:
    tokens = founding.found_everything()
    grace, dev = (Person.objects.get_by_natural_key(name) for name in ("grace", "dev"))
    for newcomer in NEWCOMERS:
        enrol(newcomer, by=grace, checker=dev)
    return {name: Client(url, token=token) for name, token in tokens.items()}


def _receive_what_is_not_fit(stage: Stage) -> None:
    stage["wen"].post("plasmid-lots/", plasmids.delivery(stage, EXPIRED, keeps_days=20))
    stage["wen"].post("plasmid-lots/", plasmids.delivery(stage, SMALL))
    stage["wen"].post("plasmid-lots/", plasmids.delivery(stage, QUARANTINED))
    for lot in (EXPIRED.lot, SMALL.lot):
        stage["rafael"].sign(f"plasmid-lots/{lot}/release/")
    material = {"code": "RM-LONG", "name": LONG_MATERIAL, "kind": "raw_material", "unit": "g", "site": SITE}
    stage["mei"].post("materials/", material)
    lot = {"number": LONG_LOT, "material": "RM-LONG", "site": SITE, "source": LONG_MATERIAL}
    stage["wen"].post("lots/", lot | {"quantity": {"value": "123456.789", "unit": "g"}, "expiry_date": "2099-12-31"})


def _release(stage: Stage) -> str:
    made = batch.make(stage, RELEASED)
    laboratory.send_and_review(stage, RELEASED, made)
    quality.close(stage, quality.wait_for_deviation(stage, RELEASED))
    quality.review(stage, RELEASED)
    quality.release(stage, RELEASED)
    return stage["rafael"].get(f"lots/{RELEASED.lot}/certificates/")["results"][0]["number"]


def _leave_waiting(stage: Stage) -> str:
    made = batch.make(stage, WAITING)
    laboratory.send_and_review(stage, WAITING, made)
    return quality.wait_for_deviation(stage, WAITING)["number"]


def _walk(stage: Stage, record: batch.Batch, *, upto: str) -> None:
    command = {"number": record.number, "master": record.master, "version": 1, "lot": record.lot, "site": SITE}
    stage["farid"].sign("batch-records/", command)
    recipe = stage["farid"].get(f"master-batch-records/{record.master}/versions/1/")["content"]
    for phase in recipe["phase"]:
        if phase["code"] > upto:
            return
        batch.perform(stage, record, phase)


def _perform_without_verifying(stage: Stage) -> None:
    """Olivia performs the first phase and signs; nobody has verified it."""
    base = f"batch-records/{PERFORMED.number}/phases/L1/"
    stage["olivia"].post(f"{base}start/", {"equipment": ["INC-01"]})
    for control, reported in {"temperature": "37.0", "viability": "95", "cell_density": "2.1"}.items():
        stage["olivia"].post(f"{base}results/", {"control": control, "reported": reported})
    stage["vera"].post(f"{base}results/viability/verify/", {})
    stage["olivia"].sign(f"{base}sign/")


def _report(stage: Stage) -> str:
    told = {"severity": "minor", "title": LONG_TITLE, "description": "A label was torn and replaced.", "phase": "L3"}
    return stage["farid"].post(f"batch-records/{REFUSING.number}/deviations/", told)["number"]
