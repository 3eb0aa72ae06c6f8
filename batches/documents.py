"""The kind of controlled document that batches are made by: master batch records."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.queries.masters import check_materials
from batches.rules import recipe as recipes
from batches.scales import summary_of
from gatekeeper.core.documents import DocumentKind, Fact, Tables
from gatekeeper.documents.models import Document


def _content(tables: Tables) -> Tables:
    recipes.parse(tables)
    return tables


def _present(document: Document, _request: Any) -> dict[str, Any]:
    recipe = recipes.parse(document.content)
    return {
        "recipe": recipe,
        "phases": [
            {"recipe": phase, "controls": [(control, summary_of(control)) for control in phase.controls]}
            for phase in recipe.phases
        ],
    }


MASTERS = DocumentKind(
    code=recipes.KIND,
    address="master-batch-records",
    title=_("Master batch record"),
    titles=_("Master batch records"),
    text=_("The recipe of a process. A file that is refused leaves nothing behind."),
    view="batches.view",
    author="batches.author",
    approve="batches.approve",
    template="batches/master_content.html",
    heading="master",
    facts=(Fact("material", _("Makes"), "master.material"),),
    content=_content,
    check=check_materials,
    present=_present,
)
