"""Pages of lots: the list, one lot with its family, receiving and deciding."""

from functools import cached_property, partial
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.accounts.queries import permissions_of
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.core.transitions import Transition, transition, verbs
from gatekeeper.home import lot_panels_of
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.lists import ListPage
from gatekeeper.lots import queries
from gatekeeper.lots.actions.registration import register_lot
from gatekeeper.lots.actions.statuses import decide
from gatekeeper.lots.forms import DecisionForm, LotForm
from gatekeeper.lots.graph import STATES, picture
from gatekeeper.lots.models import Lot, Material
from gatekeeper.lots.rules import statuses
from gatekeeper.web import ActionView, Page

VERBS = {
    "release": gettext_lazy("Release"),
    "release_conditionally": gettext_lazy("Release conditionally"),
    "reject": gettext_lazy("Reject"),
    "hold": gettext_lazy("Put on hold"),
    "return_to_quarantine": gettext_lazy("Return to quarantine"),
    "recall": gettext_lazy("Recall"),
    "expire": gettext_lazy("Expire"),
    "destroy": gettext_lazy("Destroy"),
    "cancel": gettext_lazy("Cancel"),
}


class LotList(ListPage):
    """Lots of the person's sites, newest first, by status and kind."""

    permission = "lots.view"
    template_name = "lots/lot_list.html"
    name = "lots"

    def filters(self) -> dict[str, Any]:
        """Return the statuses and the kinds."""
        return {"status": (_("Status"), Lot.Status.choices), "kind": (_("Kind"), Material.Kind.choices)}

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the lots."""
        return queries.listed_lots(self.sites, word=word, **chosen)

    def prepare(self, row: Lot) -> None:
        """Add the state of its mark."""
        row.state = STATES[row.status]


class LotDetail(Page):
    """One lot: what it is, its status line, its family both ways, who signed what."""

    permission = "lots.view"
    template_name = "lots/lot_detail.html"

    @cached_property
    def lot(self) -> Lot:
        """The lot of the address, when the person may see it."""
        return get_object_or_404(queries.all_lots(), number=self.kwargs["number"], site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return the lot with everything that belongs to it."""
        lot = self.lot
        backward, forward = queries.family(lot, "backward"), queries.family(lot, "forward")
        return {
            "lot": lot,
            "state": STATES[lot.status],
            "pairs": _pairs(lot),
            "changes": queries.status_changes_of(lot),
            "graph": picture(lot, backward, forward) if backward.edges or forward.edges else None,
            "signatures": signatures_of(lot, partial(queries.signed_decision, lot)),
            "decisions": self.decisions(),
            "panels": lot_panels_of(self.request, lot),
            "links": _links(lot, backward, self.request),
        }

    def decisions(self) -> list[dict[str, str]]:
        """Return what the person may decide about the lot here."""
        permitted = permissions_of(self.request.user, self.lot.site)
        own_gate = queries.has_its_own_gate(self.lot)
        return [
            {"verb": row.verb, "label": str(VERBS[row.verb]), "url": reverse("lots:decide", args=[self.lot, row.verb])}
            for row in verbs(statuses.LOT, source=self.lot.status)
            if row.verb in VERBS and row.permission in permitted and not (own_gate and row.target in _RELEASED)
        ]


class Decide(ActionView):
    """Decide about a lot, with a signature, from a page that shows what is signed."""

    permission = "lots.release"
    template_name = "lots/lot_decide.html"
    form_class = DecisionForm

    lot = LotDetail.lot

    @cached_property
    def row(self) -> Transition:
        """The row of the table that the address asks for."""
        return transition(statuses.LOT, source=self.lot.status, verb=self.kwargs["verb"])

    def initial(self) -> dict[str, Any]:
        """Return the verb of the address."""
        return {"verb": self.row.verb}

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        return {
            "lot": self.lot,
            "verb": VERBS[self.row.verb],
            "meaning": self.row.meaning or VERBS[self.row.verb],
            "pairs": _pairs(self.lot),
            "items": [(pair["term"], pair["value"]) for pair in _pairs(self.lot)],
            "digest": digest(queries.content(self.lot, decision=self.row.verb)),
        }

    def perform(self, form: Any) -> str:
        """Decide."""
        decide(
            by=self.request.user,
            credentials=form.credentials(self.request),
            lot=self.lot,
            verb=self.row.verb,
            reason=form.cleaned_data["reason"],
        )
        return reverse("lots:detail", args=[self.lot])


class Receive(ActionView):
    """Register a raw material or cell bank that has arrived."""

    permission = "lots.receive"
    template_name = "lots/lot_receive.html"
    form_class = LotForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may receive."""
        return {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register the lot."""
        return reverse("lots:detail", args=[register_lot(by=self.request.user, command=form.command())])


_RELEASED = {"released", "conditionally_released"}


def _pairs(lot: Lot) -> list[dict[str, Any]]:
    label = unit(lot.material.unit).label
    return [
        {
            "term": _("Material"),
            "value": f"{lot.material.name} ({lot.material.code})",
            "url": reverse("lots:material_detail", args=[lot.material]),
        },
        {"term": _("Kind"), "value": lot.material.get_kind_display()},
        {"term": _("Site"), "value": lot.site.name},
        {"term": _("Source"), "value": lot.source},
        {"term": _("Quantity"), "value": f"{lot.quantity.normalize():f} {label}".strip()},
        {"term": _("Left"), "value": f"{lot.quantity_left.normalize():f} {label}".strip()},
        {"term": _("Expiry date"), "value": lot.expiry_date.isoformat() if lot.expiry_date else "–"},
        {"term": _("Registered by"), "value": lot.registered_by.full_name},
    ]


def _links(lot: Lot, family: queries.Family, request: Any) -> list[dict[str, str]]:
    """Return links to the batch record that made the lot (its family names it) and to the other pages of the lot."""
    numbers = {edge.batch_record for edge in family.edges if edge.target == lot.number and edge.batch_record}
    # The apps above are known by the names of their addresses only.
    of_record = (
        (_("Batch record"), "batches:detail", "batches.view"),
        (_("Exposure"), "excursions:exposure", "readings.view"),
    )
    of_kind = {
        "plasmid": (_("Supplier's results"), "plasmids:lot_detail", "plasmids.view"),
        "drug_product": (_("Release gate"), "release:gate", "release.view"),
    }
    pages = [(*page, [number]) for number in sorted(numbers) for page in of_record]
    if lot.material.kind in of_kind:
        pages.append((*of_kind[lot.material.kind], [lot.number]))
    pages.append((_("Audit trail"), "ledger:audit_trail", "ledger.view", ["lots.lot", str(lot.pk)]))
    permitted = permissions_of(request.user, lot.site)
    return [
        {"label": label, "url": reverse(name, args=args)}
        for label, name, permission, args in pages
        if permission in permitted
    ]
