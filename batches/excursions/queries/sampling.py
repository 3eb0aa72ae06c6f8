"""Tags that are sampled too seldom for the rules that judge them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from batches.excursions.queries.evaluation_inputs import rule_set_of, rules_in
from batches.excursions.rules.excursion_rules import ExcursionRule
from batches.excursions.rules.judging import needed_parameters
from batches.excursions.rules.rule_sets import KIND
from batches.excursions.rules.sampling import too_seldom
from batches.models import Phase
from batches.readings.models import Tag
from batches.readings.queries.assignments import tags_of
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.documents.models import Document
from gatekeeper.documents.queries import effective


@dataclass(frozen=True, slots=True, eq=False)
class TooSeldom:
    """A rule and a tag that it judges: ``times`` are the fields of the rule that are too short for its samples."""

    rule_set: Document
    rule: ExcursionRule
    tag: Tag
    times: tuple[str, ...]


def sampling_check() -> Callable[[Iterable[Tag]], list[TooSeldom]]:
    """Return the check of which tags come too seldom for rules in force (settings.TAG_SAMPLING_CHECKS)."""
    return partial(too_seldom_for, list(effective(KIND, now())))


def too_seldom_for(rule_sets: Iterable[Document], tags: Iterable[Tag]) -> list[TooSeldom]:
    """Return which of these tags come too seldom for which rules of these sets, in the order of the rules."""
    timed = [tag for tag in tags if tag.sampling_s is not None]
    return [
        TooSeldom(rule_set, rule, tag, times)
        for rule_set in rule_sets
        for rule in rules_in(rule_set)
        for tag in timed
        if tag.parameter in needed_parameters(rule) and (times := too_seldom(rule, tag.sampling_s))
    ]


def tags_at(sites: Iterable[Site]) -> list[Tag]:
    """Return the tags of these sites whose sampling interval is known."""
    rows = Tag.objects.filter(source__site__in=list(sites), sampling_s__isnull=False)
    return list(rows.select_related("source").order_by("source__code", "code"))


def too_seldom_in(phase: Phase) -> list[TooSeldom]:
    """Return which tags of a phase come too seldom for the rules that judge it."""
    rule_set = rule_set_of(phase.batch_record)
    if rule_set is None:
        return []
    too_seldom_tags = too_seldom_for([rule_set], tags_of(phase).filter(sampling_s__isnull=False))
    return [result for result in too_seldom_tags if not result.rule.phases or phase.code in result.rule.phases]
