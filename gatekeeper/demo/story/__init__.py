"""The main job of the demonstration: from plasmid lots to released vials, made through the site's own endpoints."""

import os
from datetime import datetime, timedelta

from django.conf import settings

from gatekeeper.accounts.clock import database
from gatekeeper.demo import clock
from gatekeeper.demo.client import Client
from gatekeeper.demo.people import ADMINISTRATORS, CAST, PASSWORD
from gatekeeper.demo.story import batch, founding, laboratory, masters, plan, plasmids, quality, suite
from gatekeeper.demo.story.stage import Stage, say, scene
from release.models import Certificate, Result

DAYS = 60  # how far back the story begins


def run() -> int:
    """Make the records of the story once on the site that GATEKEEPER_SITE names, print who can log in.

    Return 0, or 1 when an earlier run was interrupted: it is neither continued nor reported as done.
    """
    if not founding.is_founded():
        settings.DEMO_DIR.mkdir(parents=True, exist_ok=True)
        began = database() - timedelta(days=DAYS)
        clock.set_to(began)
        try:
            _make_records(os.environ["GATEKEEPER_SITE"], began)
        finally:
            clock.back_to_real_time()
    _introduce(os.environ["GATEKEEPER_SITE"])
    if not is_complete():
        print("==> The main job was interrupted in these data: make demo-reset begins anew", flush=True)
        return 1
    return 0


def is_complete() -> bool:
    """Return whether the story is complete: two lots have their certificates, the third its reviewed results."""
    released = Certificate.objects.filter(lot__number__in=[plan.SHEARED.lot, plan.CLEAN.lot])
    return released.count() == 2 and Result.objects.filter(lot__number=plan.BLOCKED.lot, status="reviewed").exists()


def _make_records(site: str, began: datetime) -> None:
    with scene("People are enrolled, machines get their tokens"):
        tokens = founding.found_everything()
    stage = Stage(site, {name: Client(site, token=token) for name, token in tokens.items()}, began)
    with scene("Master data: written and approved by two people"):
        masters.write_and_approve(stage)
        suite.equip(stage)
    stage.later(days=1)
    with scene("Seven plasmid lots arrive, are judged and released"):
        plasmids.receive_and_release(stage)
    _release_the_sheared_lot(stage)
    _release_the_clean_lot(stage)
    _leave_the_third_blocked(stage)


def _release_the_sheared_lot(stage: Stage) -> None:
    stage.later(days=1)
    with scene(f"{plan.SHEARED.lot}: a lentiviral batch, with a shear excursion in UF/DF"):
        made = batch.make(stage, plan.SHEARED)
        deviation = quality.wait_for_deviation(stage, plan.SHEARED)
        quality.gate(stage, plan.SHEARED)
        laboratory.send_and_review(stage, plan.SHEARED, made)
        quality.close(stage, deviation)
        quality.review(stage, plan.SHEARED)
        quality.release(stage, plan.SHEARED)


def _release_the_clean_lot(stage: Stage) -> None:
    stage.later(days=1)
    with scene(f"{plan.CLEAN.lot}: an AAV batch"):
        made = batch.make(stage, plan.CLEAN)
        laboratory.send_and_review(stage, plan.CLEAN, made)
        quality.review(stage, plan.CLEAN)
        quality.release(stage, plan.CLEAN)


def _leave_the_third_blocked(stage: Stage) -> None:
    stage.later(days=1)
    with scene(f"{plan.BLOCKED.lot}: a lentiviral batch that stays blocked"):
        made = batch.make(stage, plan.BLOCKED)
        quality.wait_for_deviation(stage, plan.BLOCKED)
        # The co-culture for replication-competent lentivirus is not back; endotoxin is above its limit.
        laboratory.send_and_review(stage, plan.BLOCKED, made, changed={"rcl": None, "endotoxin": "12"})
        if quality.gate(stage, plan.BLOCKED)["open"]:
            raise RuntimeError(f"{plan.BLOCKED.lot} should stay blocked.")


def _introduce(site: str) -> None:
    print(f"==> The site is {site}/ and everybody's password is {PASSWORD}", flush=True)
    for person in (*CAST, *ADMINISTRATORS):
        if person.kind == "human":
            say(f"{person.username:<8} {person.full_name}, {person.duty}")
