"""Pages of plasmid lots: receiving, correcting a supplier's result, releasing."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.canonical import digest
from gatekeeper.core.panels import panel
from gatekeeper.doors import sentence
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, Page, SigningForm
from plasmids import queries
from plasmids.actions.receiving import correct_result, receive_lot
from plasmids.actions.releasing import release_lot
from plasmids.forms import CorrectionForm, ReceiveForm
from plasmids.models import PlasmidLot

STATES = {"pass": "inside", "fail": "action", "invalid": "alert", "reported": "inside"}


class PlasmidLotDetail(Page):
    """A plasmid lot: its certificate judged line by line, and what stands in the way of its release."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_lot_detail.html"

    @cached_property
    def plasmid_lot(self) -> PlasmidLot:
        """The lot of the address, at a site where the person holds the page's permission."""
        return get_object_or_404(queries.plasmid_lots(), lot__number=self.kwargs["number"], lot__site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return the certificate with the verdicts, the obstacles and the signatures."""
        plasmid_lot, lot = self.plasmid_lot, self.plasmid_lot.lot
        permitted = permissions_of(self.request.user, lot.site)
        in_quarantine = lot.status == "quarantine"
        obstacles = queries.obstacles(plasmid_lot) if in_quarantine else []
        return {
            "plasmid_lot": plasmid_lot,
            "lot": lot,
            "lines": [(line, STATES[line.result.outcome] if line.result else "unknown") for line in self.lines],
            "findings": [
                {"state": "action", "label": _("Missing"), "sentence": sentence(fault), "code": fault.code}
                for fault in obstacles
            ],
            "in_quarantine": in_quarantine,
            "may_correct": in_quarantine and "lots.receive" in permitted,
            "may_release": in_quarantine and not obstacles and "lots.release" in permitted,
            "signatures": signatures_of(lot, queries.release_content(plasmid_lot)),
        }

    @cached_property
    def lines(self) -> list[queries.Line]:
        """The certificate as the specification orders it."""
        return queries.lines(self.plasmid_lot)


class ReceivePlasmidLot(ActionView):
    """Receive a plasmid lot with its supplier's certificate."""

    permission = "lots.receive"
    template_name = "plasmids/plasmid_lot_receive.html"
    form_class = ReceiveForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may receive, and what the specification asks for."""
        specification = queries.specification_in_force()
        return {"sites": self.sites, "panel": panel(specification.content) if specification else None}

    def context(self) -> dict[str, Any]:
        """Return the specification that the results are judged against."""
        return {"specification": queries.specification_in_force()}

    def perform(self, form: Any) -> str:
        """Receive the lot."""
        return reverse("plasmids:lot_detail", args=[receive_lot(by=self.request.user, command=form.command()).lot])

    def place(self, form: Any, field: str) -> str:
        """Return the field of the form: the action counts results, the form names them."""
        return form.field_of(field)


class CorrectResult(ActionView):
    """Correct or add a supplier's result while the lot is in quarantine; the former result stays on record."""

    permission = "lots.receive"
    template_name = "plasmids/plasmid_lot_correct.html"
    form_class = CorrectionForm

    plasmid_lot = PlasmidLotDetail.plasmid_lot

    @cached_property
    def line(self) -> queries.Line | None:
        """The line of the certificate that the address names."""
        code = self.request.GET.get("attribute", "")
        return next((line for line in queries.lines(self.plasmid_lot) if line.attribute.code == code), None)

    def form_options(self) -> dict[str, Any]:
        """Return what the specification asks for."""
        return {"panel": panel(self.plasmid_lot.specification.content)}

    def initial(self) -> dict[str, Any]:
        """Return the attribute and its unit; nothing stands in the result before a person types it."""
        if self.line is None:
            return {}
        return {"attribute": self.line.attribute.code, "unit": self.line.attribute.criterion.unit}

    def context(self) -> dict[str, Any]:
        """Return the lot, and the result as it stands."""
        return {"lot": self.plasmid_lot.lot, "line": self.line}

    def perform(self, form: Any) -> str:
        """Record the correction."""
        reason = form.cleaned_data["reason"]
        correct_result(by=self.request.user, plasmid_lot=self.plasmid_lot, result=form.command(), reason=reason)
        return reverse("plasmids:lot_detail", args=[self.plasmid_lot.lot])


class ReleasePlasmidLot(ActionView):
    """Release a plasmid lot, from a page that shows the certificate that is signed for."""

    permission = "lots.release"
    template_name = "plasmids/plasmid_lot_release.html"
    form_class = SigningForm

    plasmid_lot = PlasmidLotDetail.plasmid_lot

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        content = queries.release_content(self.plasmid_lot)
        items = [(_("Plasmid"), str(self.plasmid_lot.plasmid)), (_("Supplier"), self.plasmid_lot.lot.source)]
        items += [
            (line.attribute.title, f"{line.result.reported} ({line.attribute.asked})" if line.result else "–")
            for line in queries.lines(self.plasmid_lot)
        ]
        pairs = [{"term": term, "value": value} for term, value in items]
        return {"lot": self.plasmid_lot.lot, "pairs": pairs, "items": items, "digest": digest(content)}

    def perform(self, form: Any) -> str:
        """Release the lot."""
        release_lot(by=self.request.user, credentials=form.credentials(self.request), plasmid_lot=self.plasmid_lot)
        return reverse("plasmids:lot_detail", args=[self.plasmid_lot.lot])
