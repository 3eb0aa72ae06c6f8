"""Import and approve what an arriving plasmid lot must meet."""

import tomllib
from typing import Any

from gatekeeper.accounts.acting import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import digest
from gatekeeper.core.panels import panel
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from plasmids.models import IncomingSpecification
from plasmids.rules import statuses


@action
def import_specification(*, by: Person, site: Site, toml: bytes) -> IncomingSpecification:
    """Import a draft from TOML (data/plasmid_incoming.toml shows the shape).

    :raises Refusal: ``not_toml``, ``already_registered``, ``not_authorised`` and those of ``core.panels.panel``.
    """
    check_authority(by, "release.author_specification", site)
    try:
        content = tomllib.loads(toml.decode("utf-8"))
        code, version, title = str(content["code"]), int(content["version"]), str(content["title"])
    except (ValueError, KeyError, TypeError) as fault:
        raise Refusal("not_toml", "This is not a specification in TOML: {fault}.", field="file", fault=fault) from None
    panel(content)
    if IncomingSpecification.objects.filter(code=code, version=version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=f"{code} {version}",
        )
    return IncomingSpecification.objects.create(
        code=code,
        version=version,
        title=title,
        content=content,
        sha256=digest(content),
        authored_at=now(),
        authored_by=by,
    )


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
        content=specification_content(locked),
    )
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked


def specification_content(specification: IncomingSpecification) -> dict[str, Any]:
    """Return what the approver's signature is bound to."""
    return {"code": specification.code, "version": specification.version, "content": specification.content}
