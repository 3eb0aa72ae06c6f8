"""What waits for people because of a product lot."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.work_list import Row, WorkList
from gatekeeper.lots.models import Lot
from release import queries
from release.models import Certificate, Result, Review, Specification
from release.rules.gate import findings

_SHOWN = 10


def lots_to_release(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the product lots in quarantine with what stands in their way, the open ones first."""
    lots = queries.visible_lots(sites).filter(status="quarantine").order_by("updated_at")
    rows = [_lot_row(lot) for lot in lots[:_SHOWN]]
    rows.sort(key=lambda row: row.state != "inside")
    return WorkList(_("Lots to release"), reverse("release:list") + "?status=quarantine", lots.count(), tuple(rows))


def batches_to_review(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the lots that production has reviewed and quality has not."""
    reviewed = Review.objects.values("batch_record")
    lots = queries.visible_lots(sites).filter(status="quarantine", batch_record__status="reviewed")
    waiting = lots.exclude(batch_record__in=reviewed).order_by("updated_at")
    rows = [
        Row(lot.number, lot.material.name, reverse("release:review", args=[lot]), "alert", _("Not reviewed"))
        for lot in waiting[:_SHOWN]
    ]
    return WorkList(_("Lots to review for quality"), reverse("release:list"), waiting.count(), tuple(rows))


def results_to_review(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the results of others that wait for a second person, by lot."""
    waiting = queries.visible_results(sites).filter(status=Result.Status.ENTERED, superseded_by__isnull=True)
    counted: dict[str, int] = {}
    for result in waiting.exclude(entered_by=person).order_by("entered_at"):
        counted[result.lot.number] = counted.get(result.lot.number, 0) + 1
    rows = [
        Row(
            number,
            _("%(n)d results") % {"n": count},
            reverse("release:result_review", args=[number]),
            "alert",
            _("Not reviewed"),
        )
        for number, count in counted.items()
    ]
    return WorkList(_("Results to review"), reverse("release:list"), len(rows), tuple(rows[:_SHOWN]))


def lots_to_test(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the product lots in quarantine for which no certificate was issued, to be tested."""
    done = Certificate.objects.values("lot")
    lots = queries.visible_lots(sites).filter(status="quarantine").exclude(pk__in=done).order_by("updated_at")
    rows = [
        Row(lot.number, lot.material.name, reverse("release:result_list", args=[lot]), "plain") for lot in lots[:_SHOWN]
    ]
    return WorkList(_("Lots in test"), reverse("release:list"), lots.count(), tuple(rows))


def specifications_to_approve(*, person: Person, sites: Sequence[Site]) -> WorkList:
    """Return the drafts of others."""
    drafts = queries.specifications().filter(status=Specification.Status.DRAFT).exclude(authored_by=person)
    rows = [
        Row(
            str(draft),
            draft.title,
            reverse("release:specification_detail", args=[draft.code, draft.version]),
            "unknown",
            _("Draft"),
        )
        for draft in drafts[:_SHOWN]
    ]
    return WorkList(_("Specifications to approve"), reverse("release:specification_list"), drafts.count(), tuple(rows))


def _lot_row(lot: Lot) -> Row:
    found = findings(queries.dossier(lot, queries.first_market(lot)))
    return Row(
        title=lot.number,
        detail=lot.material.name,
        url=reverse("release:gate", args=[lot]),
        state="action" if found else "inside",
        mark=_("%(n)d in the way") % {"n": len(found)} if found else _("Open"),
    )
