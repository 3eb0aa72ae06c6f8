"""What the house shows to whom: the entries of the navigation and the queues of "what waits for me".

Both are tables of strings, so that the ground floor knows no app above it. An app adds its rows here, with its views.
"""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.models import Person
from gatekeeper.accounts.requests import permits, sites_in
from gatekeeper.accounts.rules.permissions import SIGNED_IN
from gatekeeper.accounts.work_list import WorkList


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation: who sees it, what it says, where it leads."""

    permission: str
    label: str | Promise
    url_name: str


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as one person sees it."""

    label: str
    url: str
    count: int
    current: bool


NAV: tuple[Entry, ...] = (
    Entry(SIGNED_IN, _("Waiting for me"), "home"),
    Entry("lots.view", _("Lots"), "lots:list"),
    Entry("lots.view", _("Materials"), "lots:material_list"),
    Entry("plasmids.view", _("Plasmids"), "plasmids:list"),
    Entry("batches.view", _("Batch records"), "batches:list"),
    Entry("batches.view", _("Deviations"), "batches:deviation_list"),
    Entry("batches.view", _("Master records"), "documents:master_list"),
    Entry("batches.view", _("Equipment"), "batches:equipment_list"),
    Entry("readings.view", _("Skids"), "readings:source_list"),
    Entry("release.view", _("Release"), "release:list"),
    Entry("release.view", _("Specifications"), "documents:specification_list"),
    Entry("accounts.view", _("People"), "accounts:person_list"),
)

# (permission, path of a query ``(*, person, sites) -> WorkList``), most urgent first.
QUEUES: tuple[tuple[str, str], ...] = (
    ("excursions.acknowledge", "batches.excursions.work_list.alarms"),
    ("batches.close_deviation", "batches.work_list.deviations_to_close"),
    ("batches.perform", "batches.work_list.phases_to_perform"),
    ("batches.perform", "batches.work_list.phases_to_start"),
    ("batches.verify", "batches.work_list.phases_to_verify"),
    ("batches.review", "batches.work_list.records_to_review"),
    ("batches.approve", "gatekeeper.documents.work_list.process_documents_to_approve"),
    ("release.approve_specification", "gatekeeper.documents.work_list.specifications_to_approve"),
    ("readings.correct", "batches.readings.work_list.disputes_to_settle"),
    ("release.release_lot", "release.work_list.lots_to_release"),
    ("release.review", "release.work_list.batches_to_review"),
    ("release.review_result", "release.work_list.results_to_review"),
    ("release.record_result", "release.work_list.lots_to_test"),
    ("lots.release", "plasmids.work_list.lots_to_release"),
    ("batches.close_deviation", "batches.excursions.work_list.open_excursions"),
    ("accounts.manage", "gatekeeper.accounts.work_list.locked_out_people"),
    ("accounts.manage", "gatekeeper.accounts.work_list.expiring_qualifications"),
    (SIGNED_IN, "gatekeeper.accounts.work_list.own_qualifications"),
)

# (permission, path of a query ``(*, lot, sites) -> context or None``) of what apps above show on the page of a lot; the
# context names its ``template``.
LOT_PANELS: tuple[tuple[str, str], ...] = (("readings.view", "batches.excursions.presentation.replays.exposure_panel"),)


def lot_panels_of(request: Any, lot: Any) -> list[dict[str, Any]]:
    """Return what the apps above show of a lot to the request's person."""
    allowed = [(path, sites_in(request, held)) for held, path in LOT_PANELS if permits(request, held)]
    panels = [import_string(path)(lot=lot, sites=sites) for path, sites in allowed]
    return [panel for panel in panels if panel is not None]


def queues_of(request: Any) -> list[WorkList]:
    """Return the queues that the request's person may work on, with what waits in each."""
    person = request.user
    if not isinstance(person, Person):
        return []
    allowed = [
        (path, sites_in(request, None if permission == SIGNED_IN else permission))
        for permission, path in QUEUES
        if permission == SIGNED_IN or permits(request, permission)
    ]
    return [import_string(path)(person=person, sites=sites) for path, sites in allowed]


def navigation_of(request: Any, *, waiting: int) -> list[NavItem]:
    """Return the entries that the request's person may open; the first one counts what waits."""
    entries = [(entry, reverse(entry.url_name)) for entry in NAV if _may_open(request, entry)]
    # The longest address that the page lies under: a list below another list is not both of them.
    here = max((url for _entry, url in entries if request.path.startswith(url)), key=len, default="")
    return [
        NavItem(
            label=str(entry.label),
            url=url,
            count=waiting if entry.url_name == "home" else 0,
            current=request.path == url if entry.url_name == "home" else url == here,
        )
        for entry, url in entries
    ]


def _may_open(request: Any, entry: Entry) -> bool:
    return entry.permission == SIGNED_IN or permits(request, entry.permission)
