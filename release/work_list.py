"""Tasks of the work list that product lots give: to release, to review, to test."""

from collections import Counter
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.lots.models import Lot
from release import queries
from release.rules.gate import findings

_LIMIT = 10


def lots_to_release(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the product lots in quarantine with the number of their findings, the open ones first."""
    lots = queries.lots_in_quarantine(sites)
    rows = [_lot_row(lot) for lot in lots[:_LIMIT]]
    rows.sort(key=lambda row: row.state != "inside")
    return WorkList(_("Lots to release"), reverse("release:list") + "?status=quarantine", lots.count(), tuple(rows))


def batches_to_review(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the lots that production has reviewed and quality has not."""
    lots = queries.lots_to_review(sites)
    rows = [
        Row(lot.number, lot.material.name, reverse("release:review", args=[lot]), "alert", _("Not reviewed"))
        for lot in lots[:_LIMIT]
    ]
    return WorkList(_("Lots to review for quality"), reverse("release:list"), lots.count(), tuple(rows))


def results_to_review(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the lots with results of others that nobody has reviewed."""
    by_lot = Counter(result.lot.number for result in queries.results_to_review(sites, person))
    rows = [
        Row(
            number,
            _("%(n)d results") % {"n": count},
            reverse("release:result_review", args=[number]),
            "alert",
            _("Not reviewed"),
        )
        for number, count in by_lot.items()
    ]
    return WorkList(_("Results to review"), reverse("release:list"), len(rows), tuple(rows[:_LIMIT]))


def lots_to_test(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the product lots in quarantine without a certificate."""
    lots = queries.lots_to_test(sites)
    rows = [
        Row(lot.number, lot.material.name, reverse("release:result_list", args=[lot]), "plain") for lot in lots[:_LIMIT]
    ]
    return WorkList(_("Lots in test"), reverse("release:list"), lots.count(), tuple(rows))


def _lot_row(lot: Lot) -> Row:
    blocking = findings(queries.dossier(lot, queries.first_market(lot)))
    return Row(
        title=lot.number,
        detail=lot.material.name,
        url=reverse("release:gate", args=[lot]),
        state="action" if blocking else "inside",
        mark=_("%(n)d in the way") % {"n": len(blocking)} if blocking else _("Open"),
    )
