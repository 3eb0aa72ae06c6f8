"""Import and approve what the columns of a skid's log mean."""

from typing import Any

from batches.readings.models import LogMapping
from batches.readings.queries.files import mapping_content
from batches.readings.rules import statuses
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.toml import toml_table
from gatekeeper.core.transitions import transition
from gatekeeper.instruments.log_mappings import mapping_of
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action


@action
def import_log_mapping(*, by: Person, site: Site, toml: bytes) -> LogMapping:
    """Import a draft from TOML: the fields of instruments.log_mappings and a ``title`` (data/ has one).

    :raises Refusal: ``not_authorised``, ``not_toml``, ``text_unprintable``, ``blank_value``, ``name_too_long``,
        ``already_registered``, and every fault of the mapping at its place: those of
        ``gatekeeper.instruments.log_mappings.mapping_of``.
    """
    check_authority(by, "readings.configure", site)
    content = toml_table(toml)
    title = _title(content.pop("title", ""))
    mapping = mapping_of(content)
    if LogMapping.objects.filter(code=mapping.code, version=mapping.version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=f"{mapping.code} {mapping.version}",
        )
    return LogMapping.objects.create(
        code=mapping.code,
        version=mapping.version,
        title=title,
        content=content,
        sha256=mapping.sha256,
        authored_at=now(),
        authored_by=by,
    )


def _title(given: object) -> str:
    title = given.strip() if isinstance(given, str) else ""
    if not title:
        raise Refusal("blank_value", "Enter a value.", field="title")
    longest = LogMapping._meta.get_field("title").max_length
    if len(title) > longest:
        raise Refusal("name_too_long", "A name has at most {most} characters.", field="title", most=longest)
    return title


@signed_action
def approve_log_mapping(*, by: Person, proof: Any, site: Site, mapping: LogMapping) -> LogMapping:
    """Approve a draft with a signature; another person than its author. The version before it retires.

    :raises Refusal: ``author_approves``, ``transition_not_allowed``, ``not_authorised``.
    """
    locked = LogMapping.objects.select_for_update().get(pk=mapping.pk)
    row = transition(statuses.LOG_MAPPING, source=locked.status, verb="approve")
    check_authority(by, row.permission, site)
    if locked.authored_by_id == by.pk:
        raise Refusal("author_approves", "The author cannot approve.", kind=Kind.FORBIDDEN)
    sign(
        by=by,
        proof=proof,
        act="log_mapping.approve",
        meaning=row.meaning,
        subject=locked,
        content=mapping_content(locked),
    )
    for older in LogMapping.objects.select_for_update().filter(code=locked.code, status=LogMapping.Status.APPROVED):
        older.status = transition(statuses.LOG_MAPPING, source=older.status, verb="retire").target
        older.save(update_fields=["status"])
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked
