"""What waits because of an excursion."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.monitoring.models import Excursion
from batches.monitoring.rules.parameters import parameter
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.waiting import Row, Waiting

_SHOWN = 20


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
