"""Pages of materials: what lots are lots of, and defining one."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.core.quantity import unit
from gatekeeper.lots import queries
from gatekeeper.lots.actions.registration import register_material
from gatekeeper.lots.forms import MaterialForm
from gatekeeper.lots.graph import STATES
from gatekeeper.lots.models import Material
from gatekeeper.lots.views.lots import choice
from gatekeeper.web import ActionView, Page


class MaterialList(Page):
    """Every material with how many of its lots at the person's sites are released."""

    permission = "lots.view"
    template_name = "lots/material_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of materials with what they were filtered by."""
        asked = {name: self.request.GET.get(name, "") for name in ("q", "kind")}
        here = Q(lots__site__in=self.sites)
        materials = Material.objects.annotate(
            total=Count("lots", filter=here), released=Count("lots", filter=here & Q(lots__status="released"))
        ).order_by("code")
        if asked["q"]:
            materials = materials.filter(Q(code__icontains=asked["q"]) | Q(name__icontains=asked["q"]))
        if asked["kind"] in Material.Kind.values:
            materials = materials.filter(kind=asked["kind"])
        shown = Paginator(materials, 50).get_page(self.request.GET.get("page"))
        for material in shown:
            material.unit_label = unit(material.unit).label
        return {
            "materials": shown,
            "asked": asked,
            "choices": [choice("kind", _("Kind"), Material.Kind.choices, asked["kind"])],
            "filtered": any(asked.values()),
        }


class MaterialDetail(Page):
    """One material and its lots at the person's sites, newest first."""

    permission = "lots.view"
    template_name = "lots/material_detail.html"

    @cached_property
    def material(self) -> Material:
        """The material of the address: master data that each site shares."""
        return get_object_or_404(Material, code=self.kwargs["code"])

    def context(self) -> dict[str, Any]:
        """Return the material with one page of its lots."""
        material = self.material
        lots = queries.visible_lots(self.request.user).filter(material=material)
        shown = Paginator(lots, 50).get_page(self.request.GET.get("page"))
        for lot in shown:
            lot.state = STATES[lot.status]
        pairs = [
            {"term": _("Kind"), "value": material.get_kind_display()},
            {"term": _("Counted in"), "value": unit(material.unit).label},
        ]
        return {"material": material, "lots": shown, "pairs": pairs}


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
