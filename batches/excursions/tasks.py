"""Handlers of the jobs that evaluate phases (settings.JOBS).

A replay of a draft is no detection: it runs on the general queue, one phase a job.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from batches.excursions.actions.evaluation import evaluate_frames, evaluate_phase
from batches.excursions.actions.what_ifs import replay_next
from batches.excursions.models import WhatIf
from batches.models import Phase
from batches.readings.models import ClockCorrection
from batches.readings.queries.assignments import phases_corrected
from batches.readings.tasks import MONITOR, frames_in
from gatekeeper.accounts.clock import as_read
from gatekeeper.accounts.queries import person_authority, person_named


def judge_frames(payloads: Sequence[Mapping[str, Any]]) -> None:
    """Evaluate the phases to which the readings of a source's frames belong, each once, and ask for their envelopes.

    What a later evaluation has covered costs one query.
    """
    monitor, at = person_authority(MONITOR)
    with as_read(at):
        evaluate_frames(by=monitor, frames=frames_in(payloads))


def judge_corrected(payload: Mapping[str, Any]) -> None:
    """Evaluate the phases whose readings a correction (primary key ``correction``) moves, from or to."""
    correction = ClockCorrection.objects.select_related("source").get(pk=payload["correction"])
    for phase in phases_corrected(correction):
        evaluate_phase(by=person_named(MONITOR), phase=phase)


def judge_phase(payload: Mapping[str, Any]) -> None:
    """Make the evaluation of a phase final; ``payload`` holds its primary key as ``phase``."""
    phase = Phase.objects.select_related("batch_record__site").get(pk=payload["phase"])
    evaluate_phase(by=person_named(MONITOR), phase=phase)


def replay_phase(payload: Mapping[str, Any]) -> None:
    """Replay the next phase of a what-if; ``payload`` holds its primary key as ``what_if``."""
    replay_next(by=person_named(MONITOR), what_if=WhatIf.objects.get(pk=payload["what_if"]))
