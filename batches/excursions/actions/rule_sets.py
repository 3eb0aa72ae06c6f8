"""Import and approve the excursion rules of a process."""

from collections.abc import Mapping
from typing import Any

from batches.excursions.models import RuleSet
from batches.excursions.queries.what_ifs import approval_content, past_phases, replay_of
from batches.excursions.rules import statuses
from batches.excursions.rules.excursion_rules import ExcursionRule, rule_content, rule_from
from batches.excursions.rules.rule_checks import save_faults
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.canonical import digest
from gatekeeper.core.naming import natural_key
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.toml import toml_table
from gatekeeper.core.transitions import transition
from gatekeeper.ledger.actions.signatures import sign
from gatekeeper.ledger.signing import signed_action


@action
def import_rule_set(*, by: Person, site: Site, toml: bytes) -> RuleSet:
    """Import a draft from TOML: a table ``rule_set`` (code, version, title) and tables ``rule`` (data/ has two).

    :raises Refusal: ``not_authorised``, ``not_toml``, ``text_unprintable``, ``key_malformed``, ``already_registered``,
        and every fault of every rule at its place (``rule.3.alert_high``): those of ``rule_from`` and ``save_faults``,
        ``rule_twice``, ``rule_set_empty``.
    """
    check_authority(by, "readings.configure", site)
    given = toml_table(toml)
    try:
        head = given["rule_set"]
        code, version, title = str(head["code"]), int(head["version"]), str(head["title"])
    except (ValueError, KeyError, TypeError) as fault:
        raise Refusal("not_toml", "This is no rule set in TOML: {fault}.", field="file", fault=fault) from None
    code = natural_key(code, field="rule_set.code")
    if RuleSet.objects.filter(code=code, version=version).exists():
        raise Refusal(
            "already_registered",
            "“{name}” is registered already.",
            field="version",
            kind=Kind.CONFLICT,
            name=f"{code} {version}",
        )
    content = {"head": head, "rules": [rule_content(rule) for rule in _rules(given)]}
    return RuleSet.objects.create(
        code=code,
        version=version,
        title=title,
        content=content,
        sha256=digest(content),
        authored_at=now(),
        authored_by=by,
    )


@signed_action
def approve_rule_set(*, by: Person, proof: Any, site: Site, rule_set: RuleSet) -> RuleSet:
    """Approve a draft with a signature; another person than its author. The version before it retires.

    The signature holds the digest of what the replay of this draft over past batches found.

    :raises Refusal: ``author_approves``, ``transition_not_allowed``, ``not_authorised``, ``replay_missing``.
    """
    locked = RuleSet.objects.select_for_update().get(pk=rule_set.pk)
    row = transition(statuses.RULE_SET, source=locked.status, verb="approve")
    check_authority(by, row.permission, site)
    if locked.authored_by_id == by.pk:
        raise Refusal("author_approves", "The author cannot approve.", kind=Kind.FORBIDDEN)
    _check_replayed(locked)
    sign(
        by=by,
        proof=proof,
        act="rule_set.approve",
        meaning=row.meaning,
        subject=locked,
        content=approval_content(locked),
    )
    for older in RuleSet.objects.select_for_update().filter(code=locked.code, status=RuleSet.Status.APPROVED):
        older.status = transition(statuses.RULE_SET, source=older.status, verb="retire").target
        older.save(update_fields=["status"])
    locked.status, locked.approved_at, locked.approved_by = row.target, now(), by
    locked.save(update_fields=["status", "approved_at", "approved_by"])
    return locked


def _check_replayed(rule_set: RuleSet) -> None:
    replay = replay_of(rule_set)
    if replay is None and not past_phases(rule_set.code).exists():
        return  # the first version has nothing to be replayed over
    if replay is None or not replay.finished:
        raise Refusal(
            "replay_missing",
            "Replay this draft over the past batches first: nobody has seen what it would change.",
            kind=Kind.CONFLICT,
        )


def _rules(given: Mapping[str, Any]) -> list[ExcursionRule]:
    tables = given.get("rule")
    if not isinstance(tables, list) or not tables:
        raise Refusal("rule_set_empty", "The rule set has no rules.", field="rule")
    faults: list[Refusal] = []
    rules: list[ExcursionRule] = []
    for place, table in enumerate(tables):
        try:
            rule = rule_from(table)
        except Refusal as refusal:
            faults += [_at(place, one) for one in refusal.all]
            continue
        faults += [_at(place, one) for one in save_faults(rule)]
        if rule.code in {other.code for other in rules}:
            faults.append(
                _at(place, Refusal("rule_twice", "The rule {code} is there twice.", field="code", code=rule.code))
            )
        rules.append(rule)
    refuse_all(faults)
    return rules


def _at(place: int, refusal: Refusal) -> Refusal:
    field = f"rule.{place}.{refusal.field}" if refusal.field else f"rule.{place}"
    return Refusal(refusal.code, refusal.template, field=field, kind=refusal.kind, **refusal.params)
