"""The main job of the demonstration: from plasmid lots to released vials, told through the site's own doors."""

import os
from datetime import timedelta

from django.conf import settings

from gatekeeper.accounts.clock import database
from gatekeeper.demo import clock
from gatekeeper.demo.client import Client
from gatekeeper.demo.story import batch, founding, masters, plan, plasmids, suite
from gatekeeper.demo.story.stage import Stage, scene

DAYS = 60  # how far back the story begins


def run() -> int:
    """Tell the story on the site that GATEKEEPER_SITE names, once; return 0, or 1 when it went wrong."""
    if founding.is_founded():
        return 0
    settings.DEMO_DIR.mkdir(parents=True, exist_ok=True)
    began = database() - timedelta(days=DAYS)
    clock.set_to(began)
    try:
        _tell(os.environ["GATEKEEPER_SITE"], began)
    finally:
        clock.back_to_real_time()
    return 0


def _tell(site: str, began) -> None:
    with scene("People are enrolled, machines get their tokens"):
        tokens = founding.found_everything()
    stage = Stage(site, {name: Client(site, token=token) for name, token in tokens.items()}, began)
    with scene("Master data: written and approved by two people"):
        masters.write_and_approve(stage)
        suite.equip(stage)
    stage.later(days=1)
    with scene("Seven plasmid lots arrive, are judged and released"):
        plasmids.receive_and_release(stage)
    stage.later(days=1)
    with scene(f"{plan.SHEARED.number}: a lentiviral batch, with a shear excursion in UF/DF"):
        batch.make(stage, plan.SHEARED)
