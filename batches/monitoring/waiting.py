"""What waits because of an excursion, of a disputed frame, or of rules that nobody has approved."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.monitoring.models import Excursion, LogMapping, RuleSet, Source
from batches.monitoring.queries.alarms import alarm_of, unacknowledged
from batches.monitoring.queries.disputes import disputed_frames
from batches.monitoring.rules.parameters import parameter
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.waiting import Row, Waiting

_SHOWN = 20


def alarms(*, person: Person, sites: Sequence[Site]) -> Waiting:
    """Return the alarms of records still being made that nobody has taken note of, action first, then oldest."""
    found = unacknowledged(sites)
    shown = list(found.order_by("level", "detected_at", "id")[:_SHOWN])
    first = {row.phase.batch_record_id: row.pk for row in reversed(shown)}  # its live page is told once
    rows = tuple(_alarm(row, first=row.pk in first.values()) for row in shown)
    return Waiting(_("Alarms that nobody has acknowledged"), "", found.count(), rows)


def _alarm(row: Excursion, *, first: bool) -> Row:
    lasts = alarm_of(row).cleared_at is None
    runs, number = row.phase.state == row.phase.State.RUNNING, row.phase.batch_record.number
    words = _("rule %(rule)s, it lasts") if lasts else _("rule %(rule)s, it is over")
    return Row(
        title=f"{number} · {row.phase.code} · {parameter(row.parameter).title}",
        detail=words % {"rule": row.rule},
        url=reverse("monitoring:excursion_acknowledge", args=[row.pk]),
        state=row.level,
        mark=row.get_level_display().capitalize(),
        live=reverse("monitoring:live", args=[number]) if runs and first else "",
    )


def open_excursions(*, person: Person, sites: Sequence[Site]) -> Waiting:
    """Return the excursions of action level whose deviation is open, oldest first."""
    waiting = (
        Excursion.objects.filter(
            phase__batch_record__site__in=sites,
            level=Excursion.Level.ACTION,
            withdrawn_at__isnull=True,
            deviation__status="open",
        )
        .select_related("phase__batch_record", "deviation")
        .order_by("detected_at", "id")
    )
    rows = tuple(
        Row(
            title=f"{row.phase.batch_record.number} · {row.phase.code} · {parameter(row.parameter).title}",
            detail=f"{row.deviation.number} · {row.deviation.title}",
            url=reverse("monitoring:excursion_detail", args=[row.pk]),
            state="action",
            mark=_("Action"),
        )
        for row in waiting[:_SHOWN]
    )
    return Waiting(_("Excursions to investigate"), "", waiting.count(), rows)


def disputes_to_settle(*, person: Person, sites: Sequence[Site]) -> Waiting:
    """Return the frames of which several bodies are known and nobody has said which counts, the oldest first."""
    codes = dict(Source.objects.filter(site__in=sites, frames__conflicts__isnull=False).values_list("pk", "code"))
    known = disputed_frames(sources=codes) if codes else {}
    waiting = sorted((one.first_at, pk) for pk, one in known.items() if one.dispute.counts is None)
    rows = tuple(
        Row(
            title=f"{codes[known[pk].source]}/{known[pk].boot_id}/{known[pk].sequence}",
            detail=_("another body came under the identity of this frame: neither is trusted"),
            url=reverse("monitoring:dispute_settle", args=[codes[known[pk].source], pk]),
            state="unknown",
            mark=_("in dispute"),
        )
        for _at, pk in waiting[:_SHOWN]
    )
    return Waiting(_("Disputed frames to settle"), "", len(waiting), rows)


def rule_sets_to_approve(*, person: Person, sites: Sequence[Site]) -> Waiting:
    """Return the drafts of excursion rules that somebody else has written."""
    found = RuleSet.objects.filter(status=RuleSet.Status.DRAFT).exclude(authored_by=person)
    rows = tuple(
        Row(
            title=str(row),
            detail=row.title,
            url=reverse("monitoring:rule_set_detail", args=[row.code, row.version]),
            state="alert",
            mark=_("Approve"),
        )
        for row in found.order_by("authored_at")[:_SHOWN]
    )
    return Waiting(_("Excursion rules to approve"), reverse("monitoring:rule_set_list"), found.count(), rows)


def log_mappings_to_approve(*, person: Person, sites: Sequence[Site]) -> Waiting:
    """Return the drafts of mappings of logs that somebody else has written."""
    found = LogMapping.objects.filter(status=LogMapping.Status.DRAFT).exclude(authored_by=person)
    rows = tuple(
        Row(
            title=str(row),
            detail=row.title,
            url=reverse("monitoring:log_mapping_detail", args=[row.code, row.version]),
            state="alert",
            mark=_("Approve"),
        )
        for row in found.order_by("authored_at")[:_SHOWN]
    )
    return Waiting(_("Mappings of logs to approve"), reverse("monitoring:log_mapping_list"), found.count(), rows)
