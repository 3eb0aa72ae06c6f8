"""The gate of a lot, with its findings first; quality's review, release and rejection."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
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
from release.queries.evaluations import title_of
from release.rules.dossier import Dossier
from release.rules.gate import NOT_CHECKED, checked, findings
from release.rules.printing import unit_label
from release.views.rows import finding_rows, result_rows

_PAGE_SIZE = 50


class LotList(Page):
    """Product lots by status: waiting for a decision, released, rejected."""

    permission = "release.view"
    template_name = "release/lot_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of the lots of this status with these words."""
        status, words = (self.request.GET.get(name, "") for name in ("status", "q"))
        lots = queries.search_lots(self.sites, words=words, status=status)
        page = Paginator(lots, _PAGE_SIZE).get_page(self.request.GET.get("page"))
        for lot in page:
            lot.state = STATES[lot.status]
        options = [
            ("", _("All")),
            ("quarantine", _("Waiting")),
            ("released", _("Released")),
            ("rejected", _("Rejected")),
        ]
        choices = [
            {
                "name": "status",
                "label": _("Status"),
                "options": [{"value": v, "label": text, "selected": v == status} for v, text in options],
            }
        ]
        return {"lots": page, "choices": choices, "query": words}


class OfLot(Page):
    """A page about one product lot and one market (``?market=``, the first one without it)."""

    permission = "release.view"

    @cached_property
    def lot(self) -> Lot:
        """The lot of the address, when the person may see it."""
        return get_object_or_404(queries.visible_lots(self.sites), number=self.kwargs["number"])

    @cached_property
    def dossier(self) -> Dossier:
        """The dossier for the market of the address."""
        code = self.kwargs.get("market") or self.request.GET.get("market", "")
        market = queries.market_named(code) if code else queries.first_market(self.lot)
        return queries.dossier(self.lot, market)

    @cached_property
    def permissions_here(self) -> frozenset[str]:
        """What the person may do at the lot's site."""
        return permissions_of(self.request.user, self.lot.site)


class Gate(OfLot):
    """The findings, what was checked and what was not, changed values, and the markets."""

    template_name = "release/lot_gate.html"

    def context(self) -> dict[str, Any]:
        """Return the dossier as a reviewer reads it."""
        dossier, blocking = self.dossier, findings(self.dossier)
        rows, excursions = checked(dossier), list(excursions_of(self.lot.batch_record))
        return {
            "lot": self.lot,
            "dossier": dossier,
            "amount": f"{dossier.lot.quantity} {unit_label(dossier.lot.unit)}",
            # A decision stands on top of the page and is no finding there.
            "findings": finding_rows(
                [row for row in blocking if row.check != "G-00" or not dossier.lot.decided], self.permissions_here
            ),
            "checked": rows,
            "passed": sum(row.passed for row in rows),
            "rules": sorted({row.rule_set for row in dossier.evaluations}),
            "not_checked": NOT_CHECKED,
            "changes": dossier.changes,
            "lines": result_rows(dossier),
            "markets": [_market_row(row) for row in self.dossiers()],
            "charted": _charted(excursions),
            "excursions": [_excursion(row) for row in excursions],
            "decisions": queries.dispositions_of(self.lot),
            "may_review": "release.review" in self.permissions_here
            and dossier.record
            and dossier.record.status == "reviewed",
            "may_release": "release.release_lot" in self.permissions_here and not blocking,
            "may_reject": "release.release_lot" in self.permissions_here and dossier.lot.status == "quarantine",
            "releases": "release.release_lot" in self.permissions_here,
            "sha256": digest(dossier),
        }

    def dossiers(self) -> list[Dossier]:
        """Return the dossier for every market with a specification; what they share is read once."""
        markets = queries.markets_of(self.lot)
        return [queries.for_market(self.dossier, self.lot, market) for market in markets]


class Review(OfLot, ActionView):
    """Sign quality's review, from a page with the findings and the changed values."""

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
        others = [row for row in findings(dossier) if row.check != "G-02"]
        return {
            "lot": self.lot,
            "dossier": dossier,
            "findings": finding_rows(others, self.permissions_here),
            "items": items,
            "digest": scope.sha256,
            "meaning": _(MEANING),
            "lines": result_rows(dossier),
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
        """Return what is signed, and every finding."""
        dossier = self.dossier
        specification = dossier.specification
        items = [
            (_("Lot"), dossier.lot.number),
            (_("Product"), dossier.lot.product),
            (_("Quantity"), f"{dossier.lot.quantity} {unit_label(dossier.lot.unit)}"),
            (_("Market"), dossier.market.name),
            (_("Specification"), f"{specification.code} {specification.version}" if specification else "–"),
            (_("Results"), _("%(n)d tests") % {"n": len(specification.lines) if specification else 0}),
            (_("Deviations"), ", ".join(f"{row.number} ({row.status})" for row in dossier.deviations) or "–"),
        ]
        return {
            "lot": self.lot,
            "dossier": dossier,
            "items": items,
            "findings": finding_rows(findings(dossier), self.permissions_here),
            "digest": digest(dossier),
            "meaning": _(dossier.market.meaning),
        }

    def signed(self, form: Any) -> dict[str, Any]:
        """Return the arguments that both decisions take."""
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
    blocking = findings(dossier)
    lines = result_rows(dossier)
    good = sum(1 for row in lines if row["state"] == "inside" and row["reviewed"])
    released = dossier.lot.decided == "released"
    return {
        "market": dossier.market,
        "specification": dossier.specification,
        "results": _("%(good)d of %(all)d") % {"good": good, "all": len(lines)},
        "papers": ", ".join(dossier.market.papers) or _("none required"),
        "signatures": _("%(signed)d of %(needed)d")
        % {"signed": int(released), "needed": len(dossier.market.signatures)},
        "titles": ", ".join(dossier.market.signatures),
        "state": "inside" if released or not blocking else "action",
        "mark": _("Released")
        if released
        else _("Open")
        if not blocking
        else _("Closed · %(n)d") % {"n": len(blocking)},
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


def _charted(rows: list[Excursion]) -> dict[str, Any] | None:
    """Return the worst excursion with its chart, drawn from the readings as they are now."""
    if not rows:
        return None
    row = min(rows, key=lambda row: (row.level != "action", row.deviation is None, row.pk))
    zone = row.phase.batch_record.site.timezone
    inputs, _archived = inputs_unless_archived(row.phase)
    judged = inputs.verdicts() if inputs else ()
    verdict = next((rule for rule in judged if rule.name == row.rule and row.key in rule.keys), None)
    return _excursion(row) | {
        "chart": excursion_chart(verdict, row.key, spans=clock_spans(row.phase), zone=zone) if verdict else None,
        "pairs": excursion_pairs(row, zone=zone),
    }
