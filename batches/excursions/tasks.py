"""What the detection worker runs: outbox messages of frames and of phases that have ended, and the sweep.

A replay of a draft is no detection: it runs on the general queue, one phase a message.

A wake-up goes through Redis and may be lost; the message is in PostgreSQL (gatekeeper.ledger.actions.outbox).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from celery import shared_task

from batches.excursions.actions.evaluation import evaluate_frames, evaluate_phase
from batches.excursions.actions.what_ifs import replay_next
from batches.excursions.models import WhatIf
from batches.models import Phase
from batches.readings.models import ClockCorrection
from batches.readings.queries.assignments import phases_corrected
from batches.readings.tasks import MONITOR, frames_in
from gatekeeper.accounts.clock import as_read
from gatekeeper.accounts.queries import person_named, standing_of
from gatekeeper.ledger.actions import outbox
from gatekeeper.ledger.outbox import handler

QUEUE = "detection"


@handler("readings_recorded", queue=QUEUE, together=True)
def judge_frames(payloads: Sequence[Mapping[str, Any]]) -> None:
    """Evaluate the phases to which the readings of a source's frames belong, each once, and ask for their envelopes.

    What a later evaluation has covered costs one query.
    """
    monitor, at = standing_of(MONITOR)
    with as_read(at):
        evaluate_frames(by=monitor, frames=frames_in(payloads))


@handler("clock_corrected", queue=QUEUE)
def judge_corrected(payload: Mapping[str, Any]) -> None:
    """Evaluate the phases whose readings a correction (primary key ``correction``) moves, from or to."""
    correction = ClockCorrection.objects.select_related("source").get(pk=payload["correction"])
    for phase in phases_corrected(correction):
        evaluate_phase(by=person_named(MONITOR), phase=phase)


@handler("phase_ended", queue=QUEUE)
def judge_phase(payload: Mapping[str, Any]) -> None:
    """Make the evaluation of a phase final; ``payload`` holds its primary key as ``phase``."""
    phase = Phase.objects.select_related("batch_record__site").get(pk=payload["phase"])
    evaluate_phase(by=person_named(MONITOR), phase=phase)


@handler("replay_started")
def replay_phase(payload: Mapping[str, Any]) -> None:
    """Replay the next phase of a what-if; ``payload`` holds its primary key as ``what_if``."""
    replay_next(by=person_named(MONITOR), what_if=WhatIf.objects.get(pk=payload["what_if"]))


@shared_task(ignore_result=True)
def sweep() -> int:
    """Do what is due in the queue of detection and return how much was done; beat calls it every ten seconds."""
    return outbox.sweep(QUEUE)
