"""Pages of materials: what lots are lots of, and defining one."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.core.quantity import unit
from gatekeeper.lists import ListPage, page_of
from gatekeeper.lots import queries
from gatekeeper.lots.actions.registration import register_material
from gatekeeper.lots.forms import MaterialForm
from gatekeeper.lots.graph import STATES
from gatekeeper.lots.models import Material
from gatekeeper.web import ActionView, Page


class MaterialList(ListPage):
    """Every material with how many of its lots at the person's sites are released."""

    permission = "lots.view"
    template_name = "lots/material_list.html"
    name = "materials"

    def filters(self) -> dict[str, Any]:
        """Return the kinds."""
        return {"kind": (_("Kind"), Material.Kind.choices)}

    def rows(self, word: str, **chosen: str) -> Any:
        """Return the materials."""
        return queries.listed_materials(self.sites, word=word, **chosen)

    def prepare(self, row: Material) -> None:
        """Add how its unit is written."""
        row.unit_label = unit(row.unit).label


class MaterialDetail(Page):
    """One material and its lots at the person's sites, newest first."""

    permission = "lots.view"
    template_name = "lots/material_detail.html"

    @cached_property
    def material(self) -> Material:
        """The material of the address: master data that each site shares."""
        return get_object_or_404(queries.all_materials(), code=self.kwargs["code"])

    def context(self) -> dict[str, Any]:
        """Return the material with one page of its lots."""
        material = self.material
        lots = page_of(self.request, queries.lots_of(material, self.sites))
        for lot in lots:
            lot.state = STATES[lot.status]
        pairs = [
            {"term": _("Kind"), "value": material.get_kind_display()},
            {"term": _("Counted in"), "value": unit(material.unit).label},
        ]
        return {"material": material, "lots": lots, "pairs": pairs}


class DefineMaterial(ActionView):
    """Define a material that lots are made of."""

    permission = "lots.define_material"
    template_name = "lots/material_define.html"
    form_class = MaterialForm

    def form_options(self) -> dict[str, Any]:
        """Return the sites where the person may define materials."""
        return {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Define the material."""
        data = dict(form.cleaned_data)
        material = register_material(by=self.request.user, unit_code=data.pop("unit"), **data)
        return reverse("lots:material_detail", args=[material])
