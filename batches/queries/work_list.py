"""What waits in the batch records for whom, and what reviewers look for first."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.models import BatchRecord, Deviation, EquipmentUse, InProcessResult, Phase
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import day_at, sites_of
from gatekeeper.accounts.rules.authority import Qualified, check_qualified_on
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.core.refusal import Refusal

_FIRST = 10


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """A value changed after its first entry: the former row and the row that superseded it. domain.md A-2."""

    phase: str
    control: str
    former: InProcessResult
    current: InProcessResult


def running_phase_of(record: BatchRecord) -> Phase | None:
    """Return the phase that runs (the first by position where several do), None when none does."""
    return record.phases.filter(state=Phase.State.RUNNING).order_by("position").first()


def changed_values(record: BatchRecord) -> list[ChangedValue]:
    """Return every value of the record that was changed after its first entry, in order of the change."""
    rows = InProcessResult.objects.filter(phase__batch_record=record, supersedes__isnull=False)
    related = ("phase", "entered_by", "supersedes__entered_by")
    return [
        ChangedValue(row.phase.code, row.control, row.supersedes, row)
        for row in rows.select_related(*related).order_by("id")
    ]


def phases_to_perform(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the phases that run at these sites, longest first."""
    phases = measured(_phases(sites).filter(state=Phase.State.RUNNING)).order_by("started_at")
    return _of_phases(_("Steps that run"), phases, _("Go on"))


def measured(phases: QuerySet[Phase]) -> QuerySet[Phase]:
    """Return the phases with ``is_measured``: whether something that sends readings is part of their equipment."""
    uses = EquipmentUse.objects.filter(phase=OuterRef("pk"), equipment__sources__isnull=False)
    return phases.annotate(is_measured=Exists(uses))


def phases_to_start(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the phases whose turn it is: every one before them is done, and the person is trained for them.

    Of the records that are issued or in progress at these sites, longest issued first; four queries, however many
    records there are (the clock is one of them).
    """
    ready = [phase for record in _open_records(sites) for phase in _ready(record)]
    trained = _trained(person, ready)
    shown = [phase for phase, procedure in ready if not procedure or (procedure, phase.batch_record.site_id) in trained]
    rows = tuple(_row(phase, _("Start")) for phase in shown[:_FIRST])
    return WorkList(_("Steps that can start"), reverse("batches:list"), len(shown), rows)


def phases_to_verify(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the performed phases that this person may verify: they neither signed nor entered a value in them."""
    own = Q(performed_by=person) | Q(results__entered_by=person)
    phases = _phases(sites).filter(state=Phase.State.PERFORMED).exclude(own).order_by("performed_at")
    return _of_phases(_("Steps to verify"), phases, _("Verify"))


def records_to_review(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the completed batch records that nobody has reviewed."""
    records = BatchRecord.objects.filter(status="completed", site__in=sites).select_related("lot")
    rows = [
        Row(record.number, record.lot.number, reverse("batches:detail", args=[record.number]), "alert", _("Review"))
        for record in records.order_by("completed_at")[:_FIRST]
    ]
    return WorkList(_("Batch records to review"), reverse("batches:list"), records.count(), tuple(rows))


def deviations_to_close(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the open deviations of these sites, oldest first."""
    found = Deviation.objects.filter(status="open", batch_record__site__in=sites).select_related("batch_record__lot")
    rows = [
        Row(
            row.title,
            f"{row.number} · {row.batch_record.lot.number}",
            reverse("batches:deviation_detail", args=[row.number]),
            "action" if row.severity == Deviation.Severity.CRITICAL else "alert",
            row.get_severity_display(),
        )
        for row in found.order_by("opened_at")[:_FIRST]
    ]
    return WorkList(_("Open deviations"), reverse("batches:deviation_list"), found.count(), tuple(rows))


_QUEUES = (
    ("batches.perform", phases_to_perform),
    ("batches.perform", phases_to_start),
    ("batches.verify", phases_to_verify),
    ("batches.review", records_to_review),
    ("batches.close_deviation", deviations_to_close),
)


def waiting_for(person: Person) -> list[WorkList]:
    """Return every queue of the batch records that this person works on."""
    queues = []
    for permission, queue in _QUEUES:
        if sites := list(sites_of(person, permission)):
            queues.append(queue(person=person, sites=sites))
    return queues


def _phases(sites: Sequence[Site]) -> QuerySet[Phase]:
    return Phase.objects.filter(batch_record__site__in=sites).select_related("batch_record__lot").distinct()


def _of_phases(label: str, phases: QuerySet[Phase], mark: str) -> WorkList:
    rows = tuple(_row(phase, mark) for phase in phases[:_FIRST])
    return WorkList(label, reverse("batches:list"), phases.count(), rows)


def _row(phase: Phase, mark: str) -> Row:
    record = phase.batch_record
    url = reverse("batches:phase", args=[record.number, phase.code])
    live = reverse("excursions:live", args=[record.number]) if getattr(phase, "is_measured", False) else ""
    return Row(f"{record.number} · {phase.code} {phase.title}", record.lot.number, url, "alert", mark, live)


def _open_records(sites: Sequence[Site]) -> QuerySet[BatchRecord]:
    """Return the records in which a phase can start, each with its phases and the tables of its frozen copy."""
    going = BatchRecord.objects.filter(site__in=sites, status__in=["issued", "in_progress"])
    # Of the copy, which holds every limit as well, only the tables of the phases are read.
    tables = going.annotate(tables=KeyTransform("phase", "content")).defer("content")
    return tables.select_related("lot", "site").prefetch_related("phases").order_by("issued_at", "id")


def _ready(record: BatchRecord) -> list[tuple[Phase, str]]:
    """Return the pending phases of a record that wait for nothing, each with the procedure it asks training for."""
    phases = list(record.phases.all())  # in the order of the copy's tables
    done = {phase.code for phase in phases if phase.state in {Phase.State.PERFORMED, Phase.State.VERIFIED}}
    return [
        (phase, table.get("qualification", "").strip())
        for phase, table in zip(phases, record.tables, strict=True)
        if phase.state == Phase.State.PENDING and done.issuperset(table.get("after", ()))
    ]


def _trained(person: Person, ready: Sequence[tuple[Phase, str]]) -> set[tuple[str, int]]:
    """Return for which procedures the person's training is in force today, with the key of the site."""
    training = [Qualified(row.procedure, row.from_date, row.expiry_date) for row in person.qualifications.all()]
    found, at = set(), now()
    for procedure, site in {(procedure, phase.batch_record.site) for phase, procedure in ready if procedure}:
        with contextlib.suppress(Refusal):  # who is not trained is not asked to start
            check_qualified_on(training, procedure, day=day_at(site, at), name=person.full_name)
            found.add((procedure, site.pk))
    return found
