"""Master batch records: which version a batch may be made by, and whether its materials are there."""

from datetime import datetime

from batches.rules import recipe as recipes
from gatekeeper.core.documents import Tables
from gatekeeper.core.quantity import unit
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import in_force
from gatekeeper.lots.models import Material


def master_in_force(code: str, version: int, at: datetime) -> Document:
    """Return this version of a master batch record when it is the one in force at a time.

    :raises Refusal: ``unknown_master``, ``master_not_approved``.
    """
    master = Document.objects.filter(kind=recipes.KIND, code=code, version=version).first()
    if master is None:
        raise Refusal(
            "unknown_master",
            "There is no version {version} of the master batch record “{code}”.",
            field="master",
            code=code,
            version=version,
        )
    if in_force(recipes.KIND, code, at) != master:
        raise Refusal(
            "master_not_approved",
            "{master} is not in force: its status is “{status}”.",
            field="master",
            kind=Kind.CONFLICT,
            master=str(master),
            status=master.state(at).value,
        )
    return master


def material_of(master: Document) -> Material:
    """Return what a master batch record makes."""
    return Material.objects.get(code=master.content["master"]["material"])


def check_materials(content: Tables) -> None:
    """Pass when every material that a recipe names is there, and the product is counted in what it is measured in.

    :raises Refusal: ``unknown_material``, ``units_differ_in_kind``.
    """
    recipe = recipes.parse(content)
    codes = {need.material for phase in recipe.phases for need in phase.materials if need.material} | {recipe.material}
    materials = {row.code: row for row in Material.objects.filter(code__in=codes)}
    refuse_all(
        [
            Refusal("unknown_material", "There is no material “{code}”.", field="master.material", code=code)
            for code in sorted(codes - materials.keys())
        ]
    )
    made = next(control for phase in recipe.phases for control in phase.controls if control.product_quantity)
    if unit(made.unit).kind != unit(materials[recipe.material].unit).kind:
        raise Refusal(
            "units_differ_in_kind",
            "“{source}” cannot be converted into “{target}”: they measure different things.",
            field=made.code,
            source=made.unit,
            target=materials[recipe.material].unit,
        )
