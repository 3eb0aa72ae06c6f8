"""Work list: disputed frames."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.readings.models import Source
from batches.readings.queries.disputes import disputed_frames
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList

_SHOWN = 20


def disputes_to_settle(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the frames of which several bodies are known and nobody has said which counts, the oldest first."""
    codes = dict(Source.objects.filter(site__in=sites, frames__conflicts__isnull=False).values_list("pk", "code"))
    known = disputed_frames(sources=codes) if codes else {}
    waiting = sorted((one.first_at, pk) for pk, one in known.items() if one.dispute.counts is None)
    rows = tuple(
        Row(
            title=f"{codes[known[pk].source]}/{known[pk].boot_id}/{known[pk].sequence}",
            detail=_("another body came under the identity of this frame: neither is trusted"),
            url=reverse("readings:dispute_settle", args=[codes[known[pk].source], pk]),
            state="unknown",
            mark=_("in dispute"),
        )
        for _at, pk in waiting[:_SHOWN]
    )
    return WorkList(_("Disputed frames to settle"), "", len(waiting), rows)
