"""Replays of drafts: what they go over, how far they are, what they found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from batches.excursions.models import Evaluation, WhatIf, WhatIfPhase
from batches.excursions.queries.evaluation_inputs import inputs_of
from batches.excursions.queries.newest_evaluations import newest_of
from batches.excursions.rules.excursions import State
from batches.excursions.rules.what_if import Comparison, RuleJudgement, comparison, judgement_in
from batches.models import Phase
from batches.readings.queries.archived import ARCHIVED
from gatekeeper.accounts.models import Site
from gatekeeper.core.canonical import digest
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.documents.models import Document


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A replay with how far it is. ``sha256`` is the digest of all that it found, empty before it is finished."""

    what_if: WhatIf
    done: int
    flips: int
    sha256: str

    @property
    def of(self) -> int:
        """How many phases it goes over."""
        return len(self.what_if.phases)

    @property
    def finished(self) -> bool:
        """Whether every phase has been replayed."""
        return self.done == self.of


def past_phases(code: str) -> QuerySet[Phase]:
    """Return the phases that are over and that a version of this code has judged, in the order they were made."""
    ended = Phase.objects.filter(batch_record__content__master__rule_set=code, performed_at__isnull=False)
    return ended.filter(pk__in=Evaluation.objects.filter(rule_set__code=code).values("phase")).order_by("id")


def replay_of(rule_set: Document) -> Replay | None:
    """Return the newest replay of this very draft, None when there is none."""
    what_if = rule_set.what_ifs.filter(sha256=rule_set.sha256).select_related("started_by").order_by("-id").first()
    return None if what_if is None else read(what_if)


def read(what_if: WhatIf) -> Replay:
    """Return how far a replay is."""
    rows = list(what_if.rows.order_by("phase_id").values_list("phase_id", "flips", "content"))
    finished = len(rows) == len(what_if.phases)
    sha256 = digest({"draft": what_if.sha256, "phases": [[pk, content] for pk, _flips, content in rows]})
    return Replay(what_if, len(rows), sum(flips for _pk, flips, _content in rows), sha256 if finished else "")


def rows_of(what_if: WhatIf, *, sites: Iterable[Site]) -> QuerySet[WhatIfPhase]:
    """Return what a replay found at these sites: the newest lot first, its phases in their order."""
    rows = what_if.rows.filter(phase__batch_record__site__in=sites).select_related("phase__batch_record__lot")
    return rows.order_by("-phase__batch_record__issued_at", "phase__position")


def later_phases(replay: Replay, code: str) -> int:
    """Return how many phases ended after a replay was started and are not in it."""
    return past_phases(code).exclude(pk__in=replay.what_if.phases).count()


def replay_content(rule_set: Document) -> dict[str, str]:
    """Return what an approver's signature is bound to beside the rules: what their finished replay found."""
    replay = replay_of(rule_set)
    return {"what_if": replay.sha256} if replay and replay.finished else {}


def check_replayed(rule_set: Document) -> None:
    """Pass when somebody can have seen what a draft would have said of past batches, or there are none.

    :raises Refusal: ``replay_missing``.
    """
    replay = replay_of(rule_set)
    if replay is None and not past_phases(rule_set.code).exists():
        return  # the first version has nothing to be replayed over
    if replay is None or not replay.finished:
        raise Refusal(
            "replay_missing",
            "Replay this draft over the past batches first: nobody has seen what it would change.",
            kind=Kind.CONFLICT,
        )


def compared(phase: Phase, draft: Document) -> Comparison:
    """Return what is recorded of a phase beside what the rules of a draft say of the same readings; writes nothing.

    Of archived readings nothing can be said: each rule would be unknown.
    """
    before = {row.rule: judgement_in(row.content) for row in newest_of([phase])[phase.pk]}
    try:
        inputs = inputs_of(phase, rule_set=draft)
    except Refusal as refusal:
        if refusal.code != ARCHIVED:
            raise
        return comparison(before, dict.fromkeys(before, RuleJudgement(State.UNKNOWN)))
    after: Mapping[str, Any] = {verdict.name: judgement_in(verdict.content) for verdict in inputs.verdicts()}
    return comparison(before, after)
