"""Import markets and specifications, approve specifications."""

import tomllib
from typing import Any

from django.db.models import Q

from gatekeeper.accounts.acting import action
from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.models import Material
from release import queries
from release.models import Market, Specification
from release.rules import specification as rules
from release.rules import statuses

_PROFILE = {"releaser": str, "meaning": str, "signatures": list, "papers": list, "language": str}


@action
def import_markets(*, by: Person, site: Site, toml: bytes) -> list[Market]:
    """Import markets from TOML (data/markets.toml shows the shape); a known one takes its new profile.

    :raises Refusal: ``not_authorised``, ``not_toml``, ``market_incomplete``.
    """
    check_authority(by, "release.author_specification", site)
    rows = _table(toml).get("market", [])
    refuse_all([fault for row in rows for fault in _market_faults(row)])
    found = []
    for row in rows:
        profile = {key: row[key] for key in row if key not in {"code", "name"}}
        market = Market.objects.select_for_update().filter(code=row["code"]).first() or Market(code=row["code"])
        if market.pk is None or (market.name, market.profile) != (row["name"], profile):
            market.name, market.profile = row["name"], profile
            market.save()
        found.append(market)
    return found


@action
def import_specification(*, by: Person, site: Site, toml: bytes) -> Specification:
    """Import a draft from TOML (data/lv_dp_sg.toml shows the shape).

    :raises Refusal: ``not_authorised``, ``not_toml``, ``specification_incomplete``, ``unknown_material``,
        ``unknown_market``, ``already_registered`` and those of ``rules.specification.lines``.
    """
    check_authority(by, "release.author_specification", site)
    content = _table(toml)
    heading = rules.heading(content)
    rules.lines(content)
    material = Material.objects.filter(code=heading.material).first()
    if material is None:
        raise Refusal("unknown_material", "There is no material “{code}”.", field="material", code=heading.material)
    market = queries.market_named(heading.market)
    if Specification.objects.filter(code=heading.code, version=heading.version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=f"{heading.code} {heading.version}",
        )
    return Specification.objects.create(
        code=heading.code,
        version=heading.version,
        title=heading.title,
        material=material,
        market=market,
        content=content,
        sha256=digest(content),
        authored_at=now(),
        authored_by=by,
    )


@signed_action
def approve_specification(*, by: Person, proof: Proof, site: Site, specification: Specification) -> Specification:
    """Approve a draft with a signature; another person than its author, and a version above every approved one.

    :raises Refusal: ``not_authorised``, ``author_approves``, ``version_not_newer``, ``transition_not_allowed``.
    """
    locked = Specification.objects.select_for_update().get(pk=specification.pk)
    row = transition(statuses.SPECIFICATION, source=locked.status, verb="approve")
    check_authority(by, row.permission, site)
    if locked.authored_by_id == by.pk:
        raise Refusal("author_approves", "The author cannot approve.", kind=Kind.FORBIDDEN)
    same = Q(material=locked.material_id, market=locked.market_id) & Q(code=locked.code)
    if Specification.objects.filter(same, version__gte=locked.version, approved_at__isnull=False).exists():
        raise Refusal(
            "version_not_newer",
            "A version of {code} as new as this one is approved.",
            kind=Kind.CONFLICT,
            code=locked.code,
        )
    sign(
        by=by,
        proof=proof,
        act="specification.approve",
        meaning=row.meaning,
        subject=locked,
        content=queries.specification_content(locked),
    )
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked


def _table(toml: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(toml.decode("utf-8"))
    except ValueError as fault:
        raise Refusal("not_toml", "This is no TOML: {fault}.", field="file", fault=fault) from None


def _market_faults(row: dict[str, Any]) -> list[Refusal]:
    wrong = [key for key in ("code", "name") if not str(row.get(key, "")).strip()]
    wrong += [key for key, kind in _PROFILE.items() if not isinstance(row.get(key), kind)]
    if row.get("signatures") == []:
        wrong.append("signatures")
    return [
        Refusal("market_incomplete", "The market {code} lacks “{key}”.", field=key, code=row.get("code", "?"), key=key)
        for key in wrong
    ]
