"""The gate of a lot: what stands in the way first; quality's review, release and rejection from pages that show it."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.excursions.models import Excursion
from batches.excursions.presentation.charts import MARKS, excursion_chart
from batches.excursions.presentation.formatting import excursion_pairs
from batches.excursions.queries.evaluation_inputs import inputs_unless_archived
from batches.excursions.queries.states import excursions_of
from batches.excursions.rules.excursions import State
from batches.readings.queries.clock_spans import clock_spans
from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.canonical import digest
from gatekeeper.lots.graph import STATES
from gatekeeper.lots.models import Lot
from gatekeeper.web import ActionView, Page, SigningForm
from release import queries
from release.actions.dispositions import reject_lot, release_lot
from release.actions.reviews import MEANING, review_batch
from release.forms import RejectForm, ReviewForm
from release.queries.monitoring import title_of
from release.rules.dossier import Dossier
from release.rules.gate import NOT_CHECKED, checked, findings
from release.rules.printing import unit_label
from release.views.shown import finding_rows, result_rows


class LotList(Page):
    """Product lots by where they stand: waiting for a decision, released, rejected."""

    permission = "release.view"
    template_name = "release/lot_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of lots of the status and the words that are asked for."""
        asked, words = (self.request.GET.get(name, "") for name in ("status", "q"))
        lots = queries.visible_lots(self.sites).order_by("-updated_at", "-id")
        if words:
            named = Q(number__icontains=words) | Q(material__name__icontains=words)
            lots = lots.filter(named | Q(batch_record__number__icontains=words))
        if asked in Lot.Status.values:
            lots = lots.filter(status=asked)
        shown = Paginator(lots, 50).get_page(self.request.GET.get("page"))
        for lot in shown:
            lot.state = STATES[lot.status]
        options = [
            ("", _("All")),
            ("quarantine", _("WorkList")),
            ("released", _("Released")),
            ("rejected", _("Rejected")),
        ]
        choices = [
            {
                "name": "status",
                "label": _("Status"),
                "options": [{"value": v, "label": text, "selected": v == asked} for v, text in options],
            }
        ]
        return {"lots": shown, "choices": choices, "query": words}


class OfLot(Page):
    """A page about one product lot and one market (``?market=``, the first one without it)."""

    permission = "release.view"

    @cached_property
    def lot(self) -> Lot:
        """The lot of the address, when the person may see it."""
        return get_object_or_404(queries.visible_lots(self.sites), number=self.kwargs["number"])

    @cached_property
    def dossier(self) -> Dossier:
        """The dossier for the market that is asked for."""
        code = self.kwargs.get("market") or self.request.GET.get("market", "")
        market = queries.market_named(code) if code else queries.first_market(self.lot)
        return queries.dossier(self.lot, market)

    @cached_property
    def held(self) -> frozenset[str]:
        """What the person may do at the lot's site."""
        return permissions_of(self.request.user, self.lot.site)


class Gate(OfLot):
    """What stands in the way, what was checked, what was not, what was changed, and the markets."""

    template_name = "release/lot_gate.html"

    def context(self) -> dict[str, Any]:
        """Return the dossier as a reviewer reads it."""
        dossier, found = self.dossier, findings(self.dossier)
        rows, excursions = checked(dossier), list(excursions_of(self.lot.batch_record))
        return {
            "lot": self.lot,
            "dossier": dossier,
            "amount": f"{dossier.lot.quantity} {unit_label(dossier.lot.unit)}",
            # Once decided, the decision itself is no news: it stands on top of the page.
            "findings": finding_rows(
                [one for one in found if one.check != "G-00" or not dossier.lot.decided], self.held
            ),
            "checked": rows,
            "passed": sum(row.passed for row in rows),
            "rules": sorted({row.rule_set for row in dossier.evaluations}),
            "not_checked": NOT_CHECKED,
            "changes": dossier.changes,
            "lines": result_rows(dossier.specification, dossier),
            "markets": [_market_row(one) for one in self.all_markets()],
            "pictured": _pictured(excursions),
            "excursions": [_excursion(row) for row in excursions],
            "decisions": queries.visible_dispositions(self.sites).filter(lot=self.lot),
            "may_review": "release.review" in self.held and dossier.record and dossier.record.status == "reviewed",
            "may_release": "release.release_lot" in self.held and not found,
            "may_reject": "release.release_lot" in self.held and dossier.lot.status == "quarantine",
            "releases": "release.release_lot" in self.held,
            "sha256": digest(dossier),
        }

    def all_markets(self) -> list[Dossier]:
        """Return the dossier for every market with a specification, the shown one first asked for only once."""
        markets = queries.markets_of(self.lot)
        return [queries.for_market(self.dossier, self.lot, market) for market in markets]


class Review(OfLot, ActionView):
    """Sign quality's review, from a page that shows what was found and what was changed."""

    permission = "release.review"
    template_name = "release/lot_review.html"
    form_class = ReviewForm

    def context(self) -> dict[str, Any]:
        """Return what is reviewed and what is signed."""
        record = self.lot.batch_record
        scope = queries.scope_of(record)
        dossier = self.dossier
        items = [
            (_("Batch record"), record.number),
            (_("Entries of the audit trail"), str(scope.entries)),
            (_("Values changed after first entry"), str(len(dossier.changes))),
            (_("Deviations"), ", ".join(f"{row.number} ({row.status})" for row in dossier.deviations) or "–"),
            (_("Excursions"), ", ".join(f"{row.phase}: {row.title}" for row in dossier.excursions) or "–"),
        ]
        own = [one for one in findings(dossier) if one.check != "G-02"]
        return {
            "lot": self.lot,
            "dossier": dossier,
            "findings": finding_rows(own, self.held),
            "items": items,
            "digest": scope.sha256,
            "meaning": _(MEANING),
            "lines": result_rows(dossier.specification, dossier),
        }

    def perform(self, form: Any) -> str:
        """Sign the review."""
        review_batch(
            by=self.request.user,
            credentials=form.credentials(self.request),
            batch_record=self.lot.batch_record,
            remark=form.cleaned_data["remark"],
            evidence_sha256=self.request.POST.get("shown_digest", ""),
        )
        return reverse("release:gate", args=[self.lot])


class Decide(OfLot, ActionView):
    """A signed decision on the lot, bound to the dossier that the page shows."""

    permission = "release.release_lot"

    def context(self) -> dict[str, Any]:
        """Return what is signed: the decision's content, and every finding while there is one."""
        dossier = self.dossier
        asked = dossier.specification
        items = [
            (_("Lot"), dossier.lot.number),
            (_("Product"), dossier.lot.product),
            (_("Quantity"), f"{dossier.lot.quantity} {unit_label(dossier.lot.unit)}"),
            (_("Market"), dossier.market.name),
            (_("Specification"), f"{asked.code} {asked.version}" if asked else "–"),
            (_("Results"), _("%(n)d tests") % {"n": len(asked.lines) if asked else 0}),
            (_("Deviations"), ", ".join(f"{row.number} ({row.status})" for row in dossier.deviations) or "–"),
        ]
        return {
            "lot": self.lot,
            "dossier": dossier,
            "items": items,
            "findings": finding_rows(findings(dossier), self.held),
            "digest": digest(dossier),
            "meaning": _(dossier.market.meaning),
        }

    def signed(self, form: Any) -> dict[str, Any]:
        """Return what both decisions are told."""
        return {
            "by": self.request.user,
            "credentials": form.credentials(self.request),
            "lot": self.lot,
            "market": self.kwargs["market"],
            "dossier_sha256": self.request.POST.get("shown_digest", ""),
        }


class Release(Decide):
    """Release the lot for a market; the form is there only while the gate is open."""

    template_name = "release/lot_release.html"
    form_class = SigningForm

    def perform(self, form: Any) -> str:
        """Release the lot and show its certificate."""
        disposition = release_lot(**self.signed(form))
        return reverse("release:certificate", args=[disposition.certificate.number])


class Reject(Decide):
    """Reject the lot for a market."""

    template_name = "release/lot_reject.html"
    form_class = RejectForm

    def perform(self, form: Any) -> str:
        """Reject the lot."""
        reject_lot(**self.signed(form), reason=form.cleaned_data["reason"])
        return reverse("release:gate", args=[self.lot])


def _market_row(dossier: Dossier) -> dict[str, Any]:
    found = findings(dossier)
    lines = result_rows(dossier.specification, dossier)
    good = sum(1 for row in lines if row["state"] == "inside" and row["reviewed"])
    released = dossier.lot.decided == "released"
    return {
        "market": dossier.market,
        "specification": dossier.specification,
        "results": _("%(good)d of %(all)d") % {"good": good, "all": len(lines)},
        "papers": ", ".join(dossier.market.papers) or _("none asked"),
        "signatures": _("%(given)d of %(asked)d") % {"given": int(released), "asked": len(dossier.market.signatures)},
        "titles": ", ".join(dossier.market.signatures),
        "state": "inside" if released or not found else "action",
        "mark": _("Released") if released else _("Open") if not found else _("Closed · %(n)d") % {"n": len(found)},
    }


def _excursion(row: Excursion) -> dict[str, Any]:
    return {
        "title": title_of(row),
        "phase": row.phase,
        "state": MARKS[State(row.level)],
        "label": row.get_level_display(),
        "deviation": row.deviation,
        "url": reverse("excursions:excursion_detail", args=[row.pk]),
    }


def _pictured(rows: list[Excursion]) -> dict[str, Any] | None:
    """Return the excursion that a reviewer looks at first, drawn from the readings as they are now."""
    if not rows:
        return None
    row = min(rows, key=lambda one: (one.level != "action", one.deviation is None, one.pk))
    zone = row.phase.batch_record.site.timezone
    inputs, _archived = inputs_unless_archived(row.phase)
    judged = inputs.verdicts() if inputs else ()
    verdict = next((one for one in judged if one.name == row.rule and row.key in one.keys), None)
    return _excursion(row) | {
        "chart": excursion_chart(verdict, row.key, spans=clock_spans(row.phase), zone=zone) if verdict else None,
        "pairs": excursion_pairs(row, zone=zone),
    }
