"""Import and approve master batch records: one writes, another approves."""

from collections.abc import Mapping
from typing import Any

from batches.models import MasterBatchRecord
from batches.queries.records import master_content
from batches.rules import recipe as recipes
from batches.rules import statuses
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority_anywhere
from gatekeeper.accounts.rules.authority import check_different_people
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.toml import toml_table
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.models import Material


@action
def import_master(*, by: Person, toml: bytes) -> MasterBatchRecord:
    """Record a draft from the bytes of a TOML file (``batches/data`` ships two), and return it.

    :raises Refusal: those of ``core.toml.toml_table`` and what ``draft_master`` refuses.
    """
    return draft_master(by=by, content=toml_table(toml))


@action
def draft_master(*, by: Person, content: Mapping[str, Any]) -> MasterBatchRecord:
    """Record a draft from a recipe's tables, every fault listed at once.

    :raises Refusal: ``not_authorised``; those of ``rules.recipe.parse``; ``unknown_material``,
        ``units_differ_in_kind``, ``version_exists``.
    """
    check_authority_anywhere(by, "batches.author")
    recipe = recipes.parse(content)
    material = _known_materials(recipe)[recipe.material]
    if MasterBatchRecord.objects.filter(code=recipe.code, version=recipe.version).exists():
        raise Refusal(
            "version_exists",
            "Version {version} of {code} is there already.",
            field="master.version",
            kind=Kind.CONFLICT,
            version=recipe.version,
            code=recipe.code,
        )
    return MasterBatchRecord.objects.create(
        code=recipe.code,
        version=recipe.version,
        title=recipe.title,
        material=material,
        content=content,
        sha256=digest(content),
        authored_at=now(),
        authored_by=by,
    )


@signed_action
def approve_master(*, by: Person, proof: Proof, master: MasterBatchRecord) -> MasterBatchRecord:
    """Approve a draft with a signature; the version that was in force is retired with it.

    :raises Refusal: ``not_authorised``, ``transition_not_allowed``, ``author_approves``.
    """
    # All versions in one order: two approvals of one code wait for each other.
    versions = list(MasterBatchRecord.objects.select_for_update().filter(code=master.code).order_by("version"))
    locked = next(row for row in versions if row.pk == master.pk)
    row = transition(statuses.MASTER, source=locked.status, verb="approve")
    check_authority_anywhere(by, row.permission)
    check_different_people(
        locked.authored_by.username, by.username, code="author_approves", sentence="The author cannot approve."
    )
    sign(
        by=by,
        proof=proof,
        act="master.approve",
        meaning=row.meaning,
        subject=locked,
        content=master_content(locked),
    )
    for former in versions:
        if former.status == MasterBatchRecord.Status.APPROVED:
            former.status = transition(statuses.MASTER, source=former.status, verb="retire").target
            former.save(update_fields=["status"])
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked


def _known_materials(recipe: recipes.Recipe) -> dict[str, Material]:
    asked = {need.material for phase in recipe.phases for need in phase.materials if need.material} | {recipe.material}
    known = {row.code: row for row in Material.objects.filter(code__in=asked)}
    refuse_all(
        [
            Refusal("unknown_material", "There is no material “{code}”.", field="master.material", code=code)
            for code in sorted(asked - known.keys())
        ]
    )
    made = next(control for phase in recipe.phases for control in phase.controls if control.product_quantity)
    if unit(made.unit).kind != unit(known[recipe.material].unit).kind:
        raise Refusal(
            "units_differ_in_kind",
            "“{source}” cannot be converted into “{target}”: they measure different things.",
            field=made.code,
            source=made.unit,
            target=known[recipe.material].unit,
        )
    return known
