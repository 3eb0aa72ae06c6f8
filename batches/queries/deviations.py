"""Deviations as people may see them, and the lots that answer a need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from batches.models import Deviation
from batches.rules.recipe import MaterialNeed
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.lots.models import Lot
from gatekeeper.lots.queries import matching
from gatekeeper.lots.rules.supply import USABLE


@dataclass(frozen=True, slots=True)
class Event:
    """One moment in the life of a deviation: when, what, who."""

    at: datetime
    what: str
    person: str


def all_deviations() -> QuerySet[Deviation]:
    """Return every deviation with what names it; the doors limit it to their sites."""
    return Deviation.objects.select_related(
        "batch_record__lot", "batch_record__site", "phase", "opened_by", "closed_by"
    )


def listed_deviations(sites: Iterable[Site], *, word: str = "", **chosen: str) -> QuerySet[Deviation]:
    """Return the deviations of these sites, open ones first, searched, narrowed to a ``status`` and ``severity``."""
    narrowed = {name: value for name, value in chosen.items() if value}
    rows = all_deviations().filter(batch_record__site__in=sites, **narrowed)
    rows = matching(rows, word, "number", "title", "title_params", "batch_record__lot__number")
    return rows.order_by("-status", "-opened_at", "-id")


def deviation_content(deviation: Deviation) -> dict[str, Any]:
    """Return what the closing signature is bound to: the deviation and the conclusion of its investigation."""
    return {
        "deviation": deviation.number,
        "batch_record": deviation.batch_record.number,
        "phase": deviation.phase.code if deviation.phase else "",
        "origin": deviation.origin,
        "severity": deviation.severity,
        "title": deviation.title,
        "description": deviation.description,
        "title_code": deviation.title_code,
        "title_params": deviation.title_params,
        "opened_at": deviation.opened_at,
        "opened_by": deviation.opened_by.username,
        "root_cause": deviation.root_cause,
        "impact": deviation.impact,
        "justification": deviation.justification,
    }


def timeline_of(deviation: Deviation) -> list[Event]:
    """Return what happened to the deviation, oldest first, from its history."""
    events = []
    before = ""
    for row in deviation.history.select_related("history_user").order_by("history_date", "history_id"):
        if row.status != before:
            at = row.closed_at if row.status == Deviation.Status.CLOSED else row.updated_at
            name = row.history_user.full_name if row.history_user else ""
            events.append(Event(at, _WHAT[row.status] if before or row.status == "closed" else "opened", name))
            before = row.status
    return events


_WHAT = {"open": "reopened", "closed": "closed"}


def lots_for(need: MaterialNeed, site: Site) -> QuerySet[Lot]:
    """Return the released, unexpired lots of a site that answer a need of a recipe."""
    lots = Lot.objects.filter(site=site, status__in=USABLE, quantity_left__gt=0).exclude(expiry_date__lt=day_at(site))
    if need.role:
        return lots.filter(material__plasmid__role=need.role).order_by("expiry_date")
    return lots.filter(material__code=need.material).order_by("expiry_date")
