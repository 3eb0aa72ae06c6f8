"""Import markets and specifications, approve specifications."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from gatekeeper.accounts.actions.authentication import Proof
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import digest
from gatekeeper.core.naming import natural_key
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.toml import check_exact, toml_table
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.records import check_fits
from gatekeeper.ledger.signing import signed_action
from gatekeeper.lots.models import Material
from release import queries
from release.models import Market, Result, Specification
from release.rules import specification as rules
from release.rules import statuses

_PROFILE = {"releaser": str, "meaning": str, "signatures": list, "papers": list, "language": str}


@action
def import_markets(*, by: Person, site: Site, toml: bytes) -> list[Market]:
    """Import markets from TOML (data/markets.toml shows the shape).

    A known market takes its new profile until a specification for it is approved: from then on lots are judged by it.

    :raises Refusal: ``not_authorised``, ``market_missing``, ``market_incomplete``, ``market_twice``, ``key_malformed``,
        ``text_too_long``, ``market_in_use`` and those of ``core.toml``.
    """
    check_authority(by, "release.author_specification", site)
    rows = _market_rows(toml_table(toml))
    return [_take(row) for row in rows]


@action
def import_specification(*, by: Person, site: Site, toml: bytes) -> Specification:
    """Import a draft from TOML (data/lv_dp_sg.toml shows the shape).

    :raises Refusal: ``not_authorised``, ``unknown_material``, ``unknown_market``, ``already_registered``,
        ``text_too_long``, ``number_out_of_range``, and those of ``core.toml`` and ``rules.specification``.
    """
    check_authority(by, "release.author_specification", site)
    content = toml_table(toml)
    check_exact(content)
    heading = rules.heading(content)
    for line in rules.lines(content):  # a test of a longer name would have no result
        check_fits(Result(test=line.code, unit=line.unit))
    material = Material.objects.filter(code=heading.material).first()
    if material is None:
        raise Refusal("unknown_material", "There is no material “{code}”.", field="material", code=heading.material)
    market = Market.objects.filter(code=heading.market).first()
    if market is None:
        raise Refusal("unknown_market", "There is no market “{code}”.", field="market", code=heading.market)
    if Specification.objects.filter(code=heading.code, version=heading.version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=f"{heading.code} {heading.version}",
        )
    draft = Specification(
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
    check_fits(draft)
    draft.save()
    return draft


@signed_action
def approve_specification(*, by: Person, proof: Proof, site: Site, specification: Specification) -> Specification:
    """Approve a draft with a signature; another person than its author, and a version above every approved one.

    :raises Refusal: ``not_authorised``, ``author_approves``, ``version_not_newer``, ``transition_not_allowed``.
    """
    locked = Specification.objects.select_for_update().get(pk=specification.pk)
    Market.objects.select_for_update().get(pk=locked.market_id)  # its profile does not change while it is approved
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


def _market_rows(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    check_exact(table)
    rows = table.get("market")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise Refusal("market_missing", "The file has no market: each is a table [[market]].", field="market")
    refuse_all([fault for row in rows for fault in _market_faults(row)])
    codes = [row["code"] for row in rows]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    refuse_all([Refusal("market_twice", "“{code}” is there twice.", field="code", code=code) for code in twice])
    return rows


def _take(row: Mapping[str, Any]) -> Market:
    code = natural_key(row["code"], field="code")
    profile = {key: row[key] for key in row if key not in {"code", "name"}}
    market = Market.objects.select_for_update().filter(code=code).first() or Market(code=code)
    if market.pk is not None and (market.name, market.profile) == (row["name"], profile):
        return market
    if market.pk is not None and market.specifications.filter(approved_at__isnull=False).exists():
        raise Refusal(
            "market_in_use",
            "A specification for {code} is approved: what the market asks for stays as it was then.",
            field="code",
            kind=Kind.CONFLICT,
            code=code,
        )
    market.name, market.profile = row["name"], profile
    check_fits(market)
    market.save()
    return market


def _market_faults(row: Mapping[str, Any]) -> list[Refusal]:
    wrong = [key for key in ("code", "name") if not isinstance(row.get(key), str) or not row[key].strip()]
    wrong += [key for key, kind in _PROFILE.items() if not isinstance(row.get(key), kind)]
    lists = [key for key, kind in _PROFILE.items() if kind is list and key not in wrong]
    wrong += [key for key in lists if not all(isinstance(text, str) for text in row[key])]
    if row.get("signatures") == []:
        wrong.append("signatures")
    return [
        Refusal("market_incomplete", "The market {code} lacks “{key}”.", field=key, code=row.get("code", "?"), key=key)
        for key in wrong
    ]
