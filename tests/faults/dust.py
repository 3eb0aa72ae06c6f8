"""What must hold once everything is up again and nothing waits: planted = found, acknowledged = stored, once."""

import json
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg

from tests.faults.skids import Skid


def faults_of(skids: list[Skid], owner_url: str) -> Iterator[str]:
    """Yield a sentence for everything that is not as it must be."""
    for skid in skids:
        yield from skid.sent.faults
    yield from _frames(skids)
    yield from _excursions(skids)
    yield from _deviations()
    yield from _evaluations()
    yield from _jobs()
    yield from _evidence()
    yield from _judged_again(owner_url)


def _differences(what: str, expected: set[Any], recorded: set[Any]) -> Iterator[str]:
    for text, keys in (("missing", expected - recorded), ("not expected", recorded - expected)):
        if keys:
            yield f"{what}: {len(keys)} {text}, such as {sorted(keys)[:3]}"


def _frames(skids: list[Skid]) -> Iterator[str]:
    from batches.readings.models import Frame, FrameConflict
    from batches.readings.queries.evidence import verify_frame

    stored: Counter[Any] = Counter()
    for frame in Frame.objects.select_related("source"):
        stored[(frame.source.code, frame.sequence, frame.sha256)] += 1
        if not verify_frame(frame):
            yield f"frame {frame} is not what its digest says"
    sent = {(skid.source, *item) for skid in skids for item in skid.sent.sha256.items()}
    answered = {(skid.source, *item) for skid in skids for item in skid.sent.answered.items()}
    yield from _differences("sent and acknowledged", sent, answered)
    yield from _differences("acknowledged and stored", answered, set(stored))
    if twice := [key for key, times in stored.items() if times > 1]:
        yield f"stored more than once: {twice[:3]}"
    if FrameConflict.objects.exists():
        yield f"{FrameConflict.objects.count()} frames are held in conflict"


def recorded() -> dict[Any, Any]:
    """Return the excursions that stand, by their keys, with the time at which each was detected."""
    return dict(_recorded_excursions())


def _recorded_excursions() -> Iterator[tuple[Any, float]]:
    from batches.excursions.models import Excursion

    for row in Excursion.objects.filter(withdrawn_at=None):
        crossed = round(row.started_at.timestamp() * 1e6)
        yield (row.phase_id, row.parameter, row.level, crossed), row.detected_at.timestamp()


def _excursions(skids: list[Skid]) -> Iterator[str]:
    excursions = list(_recorded_excursions())
    planted = {key for skid in skids for key in skid.sent.planted}
    yield from _differences("planted and found", planted, {key for key, _at in excursions})
    if twice := [key for key, times in Counter(key for key, _at in excursions).items() if times > 1]:
        yield f"found more than once: {sorted(twice)[:3]}"


def _deviations() -> Iterator[str]:
    from batches.excursions.models import Excursion
    from batches.models import Deviation

    action_level = Excursion.objects.filter(level="action")
    opened = Counter(action_level.filter(deviation__isnull=False).values_list("deviation_id", flat=True))
    if lacking := action_level.filter(withdrawn_at=None, deviation=None).count():
        yield f"{lacking} excursions of action level have no deviation"
    if shared := [pk for pk, times in opened.items() if times > 1]:
        yield f"deviations that stand for more than one excursion: {shared[:3]}"
    all_of_them = set(Deviation.objects.filter(origin="excursion").values_list("pk", flat=True))
    yield from _differences("deviations and their excursions", set(opened), all_of_them)


def _evaluations() -> Iterator[str]:
    from batches.excursions.models import Evaluation
    from batches.excursions.rules.verdicts import conclusion_in

    last: dict[Any, Any] = {}
    for row in Evaluation.objects.order_by("phase", "rule", "version").iterator():
        before = last.get((row.phase_id, row.rule))
        if row.version != (before.version + 1 if before else 1):
            yield f"{row} does not follow version {before and before.version}"
        if before and (row.final, conclusion_in(row.content)) == (before.final, conclusion_in(before.content)):
            yield f"{row} says what the version before says"
        last[row.phase_id, row.rule] = row


def _jobs() -> Iterator[str]:
    from gatekeeper.jobs.models import Job

    for job in Job.objects.filter(done_at=None)[:3]:
        state = "was given up" if job.dead_at else "waits"
        yield f"the job {job.pk} ({job.kind}) {state} after {job.attempts} attempts: {job.error}"


def _evidence() -> Iterator[str]:
    from django.core.management import call_command

    text = StringIO()
    try:
        call_command("verify_ledger", stdout=text)
    except SystemExit:
        yield text.getvalue()


def _judged_again(owner_url: str) -> Iterator[str]:
    """Everything is judged anew from what is stored, as the gate does and as a worker without a memory does."""
    from batches.excursions.actions.evaluation import evaluate_phase
    from batches.excursions.models import Progress
    from batches.excursions.queries.states import newest_evaluations, states_of
    from batches.models import Phase
    from gatekeeper.accounts.queries import person_named

    before = _judgement()
    phases = Phase.objects.filter(pk__in=list(Progress.objects.values_list("phase", flat=True)))
    for phase in phases.select_related("batch_record__site"):
        recorded = newest_evaluations(phase)
        for rule in states_of(phase).rules:
            if not rule.up_to_date or rule.state != recorded[rule.rule].state:
                yield f"{phase}: rule {rule.rule} says something else now than what is recorded"
    with psycopg.connect(owner_url) as owner:
        owner.execute("DELETE FROM excursions_progress")
        owner.execute("DELETE FROM excursions_streamingstate")
    for phase in phases.all():
        evaluate_phase(by=person_named("monitor"), phase=phase)
    yield from _differences("judgements before and after judging again", before, _judgement())


def _judgement() -> set[Any]:
    from batches.excursions.models import Evaluation, Excursion
    from batches.models import Deviation

    excursions = {
        (row.phase_id, row.key, row.level, str(row.withdrawn_at), json.dumps(row.content, sort_keys=True))
        for row in Excursion.objects.all()
    }
    versions = set(Evaluation.objects.values_list("phase", "rule", "version", "state", "data_sha256"))
    return excursions | versions | set(Deviation.objects.values_list("pk", "origin_key"))
