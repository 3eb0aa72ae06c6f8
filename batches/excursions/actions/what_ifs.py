"""Replay a draft of excursion rules over every phase that is over: labelled what-if, it changes no judgement."""

from batches.excursions.models import WhatIf, WhatIfPhase
from batches.excursions.queries.what_ifs import compared, past_phases
from batches.excursions.rules.what_if import comparison_content
from batches.models import Phase
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.documents.models import Document
from gatekeeper.jobs.actions import jobs


@action
def start_replay(*, by: Person, site: Site, rule_set: Document) -> WhatIf:
    """Start a replay of a draft and return it; an unfinished one of the same draft goes no further.

    :raises Refusal: ``not_authorised``, ``replay_of_drafts_only``.
    """
    check_authority(by, "readings.configure", site)
    locked = Document.objects.select_for_update().get(pk=rule_set.pk)
    if locked.status != Document.Status.DRAFT:
        raise Refusal("replay_of_drafts_only", "Only a draft is replayed: this version is in use.", kind=Kind.CONFLICT)
    phases = list(past_phases(locked.code).values_list("pk", flat=True))
    what_if = WhatIf.objects.create(
        rule_set=locked, sha256=locked.sha256, phases=phases, started_at=now(), started_by=by
    )
    if phases:
        jobs.enqueue("replay_started", {"what_if": what_if.pk})
    return what_if


@action
def replay_next(*, by: Person, what_if: WhatIf) -> WhatIfPhase | None:
    """Replay the next phase, ask for the one after it, and return what was found; None when there is none to do.

    Nothing goes on once the draft was approved or another replay of it was started.
    """
    rule_set = Document.objects.select_for_update(no_key=True).get(pk=what_if.rule_set_id)
    newest = rule_set.what_ifs.order_by("-id").first()
    done = set(what_if.rows.values_list("phase_id", flat=True))
    left = [pk for pk in what_if.phases if pk not in done]
    if rule_set.status != Document.Status.DRAFT or newest != what_if or not left:
        return None
    phase = Phase.objects.select_related("batch_record__site").get(pk=left[0])
    comparison = compared(phase, rule_set)
    row = WhatIfPhase.objects.create(
        what_if=what_if,
        phase=phase,
        flips=comparison.flips,
        content=comparison_content(comparison),
        replayed_at=now(),
        replayed_by=by,
    )
    if len(left) > 1:
        jobs.enqueue("replay_started", {"what_if": what_if.pk})
    return row
