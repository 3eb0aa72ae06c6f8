"""Import and approve what an arriving plasmid lot must meet."""

from collections.abc import Mapping
from typing import Any

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import digest
from gatekeeper.core.panels import heading, panel
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.toml import check_exact, toml_table
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.records import check_fits
from gatekeeper.ledger.signing import signed_action
from plasmids import queries
from plasmids.models import IncomingResult, IncomingSpecification
from plasmids.rules import statuses


@action
def import_specification(*, by: Person, site: Site, toml: bytes) -> IncomingSpecification:
    """Import a draft from TOML (data/plasmid_incoming.toml shows the shape).

    :raises Refusal: ``not_authorised``, ``already_registered``, ``text_too_long``, ``number_out_of_range``, and those
        of ``core.toml`` and ``core.panels``.
    """
    check_authority(by, "release.author_specification", site)
    content = toml_table(toml)
    draft = _draft(by, content)
    if IncomingSpecification.objects.filter(code=draft.code, version=draft.version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=str(draft),
        )
    draft.save()
    return draft


@signed_action
def approve_specification(
    *, by: Person, proof: Any, site: Site, specification: IncomingSpecification
) -> IncomingSpecification:
    """Approve a draft with a signature; another person than its author.

    :raises Refusal: ``author_approves``, ``transition_not_allowed``, ``not_authorised``.
    """
    locked = IncomingSpecification.objects.select_for_update().get(pk=specification.pk)
    row = transition(statuses.SPECIFICATION, source=locked.status, verb="approve")
    check_authority(by, row.permission, site)
    if locked.authored_by_id == by.pk:
        raise Refusal("author_approves", "The author cannot approve.", kind=Kind.FORBIDDEN)
    sign(
        by=by,
        proof=proof,
        act="incoming_specification.approve",
        meaning=row.meaning,
        subject=locked,
        content=queries.specification_content(locked),
    )
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked


def _draft(by: Person, content: Mapping[str, Any]) -> IncomingSpecification:
    check_exact(content)
    head = heading(content)
    for attribute in panel(content).attributes:  # a test of a longer name would have no result
        check_fits(IncomingResult(attribute=attribute.code, unit=attribute.criterion.unit))
    draft = IncomingSpecification(
        code=head.code,
        version=head.version,
        title=head.title,
        content=content,
        sha256=digest(content),
        authored_at=now(),
        authored_by=by,
    )
    check_fits(draft)
    return draft
