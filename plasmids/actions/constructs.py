"""Register plasmid constructs."""

import re

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.naming import natural_key
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.ledger.records import check_fits
from gatekeeper.lots.actions.registration import register_material
from plasmids.models import Plasmid

_DIGEST = re.compile(r"[0-9a-f]{64}")


@action
def register_plasmid(
    *, by: Person, site: Site, code: str, name: str, role: str, size_bp: int, sequence_sha256: str
) -> Plasmid:
    """Register a construct and the material that its lots are lots of, counted in mg.

    :raises Refusal: ``not_authorised``, ``already_registered``, ``unknown_plasmid_role``, ``not_a_digest``,
        ``size_not_positive``, ``number_out_of_range``, ``blank_value``, ``key_malformed``.
    """
    check_authority(by, "plasmids.author", site)
    faults = []
    if role not in Plasmid.Role.values:
        faults.append(Refusal("unknown_plasmid_role", "There is no plasmid role “{role}”.", field="role", role=role))
    if not _DIGEST.fullmatch(sequence_sha256):
        faults.append(Refusal("not_a_digest", "This is not a SHA-256 in hexadecimal.", field="sequence_sha256"))
    if size_bp <= 0:
        faults.append(Refusal("size_not_positive", "A construct has at least one base pair.", field="size_bp"))
    if Plasmid.objects.filter(code=code).exists():
        faults.append(
            Refusal(
                "already_registered", "“{name}” is registered already.", field="code", kind=Kind.CONFLICT, name=code
            )
        )
    refuse_all(faults)
    plasmid = Plasmid(
        code=natural_key(code, field="code"),
        name=name,
        role=role,
        size_bp=size_bp,
        sequence_sha256=sequence_sha256,
        registered_at=now(),
        registered_by=by,
    )
    check_fits(plasmid)
    plasmid.material = register_material(by=by, code=plasmid.code, name=name, kind="plasmid", unit_code="mg", site=site)
    plasmid.save()
    return plasmid
