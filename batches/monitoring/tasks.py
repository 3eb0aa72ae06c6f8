"""What the detection worker runs: outbox messages of frames and of phases that have ended, and the sweep.

A replay of a draft is no detection: it runs on the general queue, one phase a message.

A ring is carried by Redis and may be lost; the message is in PostgreSQL (gatekeeper.ledger.actions.outbox).
"""

from collections.abc import Mapping
from typing import Any

from celery import shared_task

from batches.models import Phase
from batches.monitoring.actions.envelopes import keep_envelopes
from batches.monitoring.actions.evaluation import evaluate_phase
from batches.monitoring.actions.what_ifs import replay_next
from batches.monitoring.models import ClockCorrection, Frame, WhatIf
from batches.monitoring.queries import phases_of
from batches.monitoring.queries.reading_of import phases_corrected
from gatekeeper.accounts.queries import person_named
from gatekeeper.ledger.actions import outbox
from gatekeeper.ledger.outbox import handler

QUEUE = "detection"
MONITOR = "monitor"  # the machine that judges readings


@handler("readings_recorded", queue=QUEUE)
def judge_frame(payload: Mapping[str, Any]) -> None:
    """Evaluate the phases to which a frame's readings belong, then make its envelopes.

    What a later evaluation has covered costs a look.
    """
    frame = Frame.objects.select_related("source__site").get(pk=payload["frame"])
    for phase in phases_of(frame):
        evaluate_phase(by=person_named(MONITOR), phase=phase, frame=frame)
    keep_envelopes(by=person_named(MONITOR), frame=frame)


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
