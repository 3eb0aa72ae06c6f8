"""Pages of plasmids: constructs, their lots, receiving and releasing."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
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
from plasmids.actions.receiving import receive_lot
from plasmids.actions.releasing import release_lot
from plasmids.forms import ReceiveForm
from plasmids.models import PlasmidLot

STATES = {"pass": "inside", "fail": "action", "invalid": "alert", "reported": "inside"}


class PlasmidList(Page):
    """Every construct with how many lots of it are released."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of constructs."""
        here = Q(lots__lot__site__in=self.sites)
        constructs = queries.plasmids().annotate(
            total=Count("lots", filter=here), released=Count("lots", filter=here & Q(lots__lot__status="released"))
        )
        return {"plasmids": Paginator(constructs, 50).get_page(self.request.GET.get("page"))}


class PlasmidDetail(Page):
    """One construct and its lots."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the construct with its lots at the person's sites."""
        plasmid = get_object_or_404(queries.plasmids().select_related("registered_by"), code=self.kwargs["code"])
        lots = queries.plasmid_lots().filter(plasmid=plasmid, lot__site__in=self.sites).order_by("-lot__registered_at")
        pairs = [
            {"term": _("Role"), "value": plasmid.get_role_display()},
            {"term": _("Size"), "value": f"{plasmid.size_bp:,} bp".replace(",", " ")},
            {"term": _("SHA-256 of the sequence"), "value": plasmid.sequence_sha256},
            {"term": _("Registered by"), "value": plasmid.registered_by.full_name},
        ]
        return {"plasmid": plasmid, "lots": lots, "pairs": pairs}


class PlasmidLotDetail(Page):
    """A plasmid lot: its certificate judged line by line, and what stands in the way of its release."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_lot_detail.html"

    @cached_property
    def plasmid_lot(self) -> PlasmidLot:
        """The lot of the address, when the person may see it."""
        return get_object_or_404(queries.plasmid_lots(), lot__number=self.kwargs["number"], lot__site__in=self.sites)

    def context(self) -> dict[str, Any]:
        """Return the certificate with the verdicts, the obstacles and the signatures."""
        plasmid_lot, lot = self.plasmid_lot, self.plasmid_lot.lot
        held = permissions_of(self.request.user, lot.site)
        waits = lot.status == "quarantine"
        obstacles = queries.obstacles(plasmid_lot) if waits else []
        return {
            "plasmid_lot": plasmid_lot,
            "lot": lot,
            "lines": [(line, STATES[line.result.outcome] if line.result else "unknown") for line in self.lines],
            "findings": [
                {"state": "action", "label": _("Missing"), "sentence": sentence(one), "code": one.code}
                for one in obstacles
            ],
            "waits": waits,
            "may_release": waits and not obstacles and "lots.release" in held,
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


class ReleasePlasmidLot(ActionView):
    """Release a plasmid lot, from a page that shows the certificate that is signed for."""

    permission = "lots.release"
    template_name = "plasmids/plasmid_lot_release.html"
    form_class = SigningForm

    @cached_property
    def plasmid_lot(self) -> PlasmidLot:
        """The lot of the address, when the person may release it."""
        return get_object_or_404(queries.plasmid_lots(), lot__number=self.kwargs["number"], lot__site__in=self.sites)

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
