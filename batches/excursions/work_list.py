"""Work list: alarms and open excursions."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.excursions.models import Excursion
from batches.excursions.queries.alarms import alarm_of, unacknowledged
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList

_SHOWN = 20


def alarms(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the alarms of records still being made that nobody has acknowledged, action first, then oldest."""
    excursions = unacknowledged(sites)
    shown_rows = list(excursions.order_by("level", "detected_at", "id")[:_SHOWN])
    first = {row.phase.batch_record_id: row.pk for row in reversed(shown_rows)}  # its live page is linked once
    rows = tuple(_alarm(row, first=row.pk in first.values()) for row in shown_rows)
    return WorkList(_("Alarms that nobody has acknowledged"), "", excursions.count(), rows)


def _alarm(row: Excursion, *, first: bool) -> Row:
    lasts = alarm_of(row).cleared_at is None
    runs, number = row.phase.state == row.phase.State.RUNNING, row.phase.batch_record.number
    detail = _("rule %(rule)s, it lasts") if lasts else _("rule %(rule)s, it is over")
    return Row(
        title=f"{number} · {row.phase.code} · {parameter(row.parameter).title}",
        detail=detail % {"rule": row.rule},
        url=reverse("excursions:excursion_acknowledge", args=[row.pk]),
        state=row.level,
        mark=row.get_level_display().capitalize(),
        live=reverse("excursions:live", args=[number]) if runs and first else "",
    )


def open_excursions(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the excursions of action level whose deviation is open, oldest first."""
    excursions = (
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
            detail=f"{row.deviation.number} · {row.deviation.title_text}",
            url=reverse("excursions:excursion_detail", args=[row.pk]),
            state="action",
            mark=_("Action"),
        )
        for row in excursions[:_SHOWN]
    )
    return WorkList(_("Excursions to investigate"), "", excursions.count(), rows)
