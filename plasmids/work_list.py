"""Work lists of plasmid lots and of the specifications that they arrive under."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList
from plasmids import queries


def lots_to_release(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the plasmid lots in quarantine, those whose results all pass first."""
    lots = queries.listed_plasmid_lots(sites, lot__status="quarantine").reverse()
    rows = [_row(plasmid_lot) for plasmid_lot in lots[:20]]
    rows.sort(key=lambda row: row.state != "inside")
    return WorkList(
        _("Plasmid lots to release"),
        reverse("lots:list") + "?kind=plasmid&status=quarantine",
        lots.count(),
        tuple(rows),
    )


def _row(plasmid_lot: queries.PlasmidLot) -> Row:
    obstacles = len(queries.obstacles(plasmid_lot))
    return Row(
        title=plasmid_lot.lot.number,
        detail=f"{plasmid_lot.plasmid.name} · {plasmid_lot.lot.source}",
        url=reverse("plasmids:lot_detail", args=[plasmid_lot.lot]),
        state="action" if obstacles else "inside",
        mark=_("%(n)d in the way") % {"n": obstacles} if obstacles else _("Ready"),
    )
