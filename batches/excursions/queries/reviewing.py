"""What a review of a batch record covers of its evaluations. domain.md 2.2, point 8."""

from typing import Any

from batches.excursions.models import Evaluation
from batches.excursions.queries.evaluation_inputs import rule_set_of, rules_in
from batches.models import BatchRecord, Phase
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Kind, Refusal, refuse_all


def evaluations_reviewed(record: BatchRecord) -> dict[str, Any]:
    """Return version and digest of the newest evaluation of each rule in each phase, as ``evaluations``."""
    rows = Evaluation.objects.filter(phase__batch_record=record).order_by("phase__position", "rule", "-version")
    newest = rows.distinct("phase__position", "rule").values_list("phase__code", "rule", "version", "content")
    return {
        "evaluations": [
            {"phase": phase, "rule": rule, "version": version, "sha256": digest(content)}
            for phase, rule, version, content in newest
        ]
    }


def check_evaluated(record: BatchRecord) -> None:
    """Pass when every rule that names a phase which has ended has a final evaluation of it.

    :raises Refusal: ``evaluation_outstanding`` for each phase that waits.
    """
    rules = rules_in(rule_set_of(record))
    ended = Phase.objects.filter(batch_record=record, performed_at__isnull=False).order_by("position")
    final = {
        (phase, rule.partition("@")[0])
        for phase, rule in Evaluation.objects.filter(phase__in=ended, final=True).values_list("phase__code", "rule")
    }
    outstanding = [
        phase.code
        for phase in ended
        if any(phase.code in rule.phases and (phase.code, rule.code) not in final for rule in rules)
    ]
    refuse_all(
        [
            Refusal(
                "evaluation_outstanding",
                "The readings of {phase} are still being judged. Sign when that is done.",
                kind=Kind.CONFLICT,
                phase=code,
            )
            for code in outstanding
        ]
    )
