"""The work lists of the batch records: steps to perform, start and verify, records, deviations, masters."""

import contextlib
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.models import BatchRecord, Deviation, Phase
from batches.queries.deviations import listed_deviations
from batches.queries.phases import measured
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import day_at
from gatekeeper.accounts.rules.authority import Qualified, check_qualified_on
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.core.refusal import Refusal

_FIRST = 10


def phases_to_perform(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the phases that run at these sites, longest first."""
    phases = measured(_phases(sites).filter(state=Phase.State.RUNNING)).order_by("started_at")
    return _of_phases(_("Steps that run"), phases, _("Go on"))


def phases_to_start(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the phases whose turn it is: every one before them is done, and the person is trained for them.

    Of the records that are issued or in progress at these sites, longest issued first; four queries, however many
    records there are (the clock is one of them).
    """
    ready = [phase for record in _open_records(sites) for phase in _ready(record)]
    trained = _trained(person, ready)
    allowed = [
        phase for phase, procedure in ready if not procedure or (procedure, phase.batch_record.site_id) in trained
    ]
    rows = tuple(_row(phase, _("Start")) for phase in allowed[:_FIRST])
    return WorkList(_("Steps that can start"), reverse("batches:list"), len(allowed), rows)


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
    deviations = listed_deviations(sites, status="open").order_by("opened_at")
    rows = [
        Row(
            row.title_text,
            f"{row.number} · {row.batch_record.lot.number}",
            reverse("batches:deviation_detail", args=[row.number]),
            "action" if row.severity == Deviation.Severity.CRITICAL else "alert",
            row.get_severity_display(),
        )
        for row in deviations[:_FIRST]
    ]
    return WorkList(_("Open deviations"), reverse("batches:deviation_list"), deviations.count(), tuple(rows))


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
    """Return the pending phases whose predecessors are done, each with the procedure that it needs training for."""
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
    trained, at = set(), now()
    for procedure, site in {(procedure, phase.batch_record.site) for phase, procedure in ready if procedure}:
        with contextlib.suppress(Refusal):  # who is not trained is not asked to start
            check_qualified_on(training, procedure, day=day_at(site, at), name=person.full_name)
            trained.add((procedure, site.pk))
    return trained
