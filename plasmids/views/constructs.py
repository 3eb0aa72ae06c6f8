"""Pages of plasmid constructs: the list, one construct with its lots, registering one."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.lists import ListPage
from gatekeeper.web import ActionView, Page
from plasmids import queries
from plasmids.actions.constructs import register_plasmid
from plasmids.forms import PlasmidForm


class PlasmidList(ListPage):
    """Every construct with how many lots of it are released."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_list.html"
    name = "plasmids"

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the constructs."""
        return queries.listed_plasmids(self.sites)


class PlasmidDetail(Page):
    """One construct and its lots."""

    permission = "plasmids.view"
    template_name = "plasmids/plasmid_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the construct with its lots at the person's sites."""
        plasmid = get_object_or_404(queries.plasmids(), code=self.kwargs["code"])
        lots = queries.listed_plasmid_lots(self.sites, plasmid=plasmid)
        pairs = [
            {"term": _("Role"), "value": plasmid.get_role_display()},
            {"term": _("Size"), "value": f"{plasmid.size_bp:,} bp".replace(",", " ")},
            {"term": _("SHA-256 of the sequence"), "value": plasmid.sequence_sha256},
            {"term": _("Registered by"), "value": plasmid.registered_by.full_name},
        ]
        return {"plasmid": plasmid, "lots": lots, "pairs": pairs}


class RegisterPlasmid(ActionView):
    """Register a construct, and with it the material that its lots are lots of."""

    permission = "plasmids.author"
    template_name = "plasmids/plasmid_register.html"
    form_class = PlasmidForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may register constructs."""
        return {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register the construct."""
        return reverse("plasmids:detail", args=[register_plasmid(by=self.request.user, **form.cleaned_data)])
