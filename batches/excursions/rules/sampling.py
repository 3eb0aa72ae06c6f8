"""Whether a tag is sampled often enough for a rule. Domain reference 2.5, checks at save, with what the tag declares.

A rule is checked with its own sampling interval when it is saved; which tags it will judge is known only later.
"""

from decimal import Decimal

from batches.excursions.rules.excursion_rules import INTEGRALS, ExcursionRule, RuleKind


def too_seldom(rule: ExcursionRule, sampling_s: Decimal | None) -> tuple[str, ...]:
    """Return the times of the rule that are too short for one sample in so many seconds; none where it is not known.

    The merge time holds a sample, the largest gap two of them (2.5), and the window of a slope three points (E-14).
    """
    if sampling_s is None:
        return ()
    least = {"max_gap_s": 2 * sampling_s}
    if rule.kind not in INTEGRALS | {RuleKind.COVERAGE}:
        least["t_merge_s"] = sampling_s
    if rule.kind is RuleKind.RATE:
        least["window_s"] = 2 * sampling_s
    times = {name: getattr(rule, name) for name in least}
    return tuple(name for name, needed in least.items() if times[name] is not None and times[name] < needed)
