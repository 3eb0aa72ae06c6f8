"""Pages of markets: what each asks for beyond a specification, and their import."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gatekeeper.web import ImportView, Page
from release import queries
from release.actions.specifications import import_markets


class MarketList(Page):
    """Every market, who releases for it, and how many specifications are approved for it."""

    permission = "release.view"
    template_name = "release/market_list.html"

    def context(self) -> dict[str, Any]:
        """Return the markets with their profiles."""
        return {"markets": queries.markets()}


class ImportMarkets(ImportView):
    """Import markets from a TOML file."""

    permission = "release.author_specification"
    heading = _("Import markets")
    text = _("Who releases for a market, in which words, and which papers it asks for.")
    back = (_("Markets"), "release:market_list")

    def perform(self, form: Any) -> str:
        """Import the markets."""
        import_markets(by=self.request.user, site=self.sites[0], toml=form.cleaned_data["file"].read())
        return reverse("release:market_list")
