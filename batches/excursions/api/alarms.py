"""Alarms of a batch record, and who acknowledges them."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from batches.excursions.actions.alarms import Acknowledge, acknowledge
from batches.excursions.models import Acknowledgement, Excursion
from batches.excursions.queries.alarms import alarm_of, alarms_of
from batches.excursions.serializers import AcknowledgeInput, AcknowledgementOutput, AlarmOutput
from batches.models import BatchRecord
from gatekeeper.api import ApiView


class RecordAlarms(ApiView):
    """The alarms of a batch record: raised, acknowledged, cleared."""

    permission = "readings.view"

    @extend_schema(responses=AlarmOutput(many=True))
    def get(self, request: Request, number: str) -> Response:
        """List every alarm that was ever raised, newest first; one that later readings withdrew has sounded too."""
        record = get_object_or_404(BatchRecord, number=number, site__in=self.sites)
        return self.listed(alarms_of(record), alarm_content)


class Acknowledgements(ApiView):
    """Who acknowledged an excursion."""

    permission = "excursions.acknowledge"

    @extend_schema(request=AcknowledgeInput, responses={201: AcknowledgementOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Acknowledge the excursion, once a person; it resolves nothing."""
        excursion = get_object_or_404(Excursion, pk=pk, phase__batch_record__site__in=self.sites)
        command = Acknowledge(**self.parsed(AcknowledgeInput).validated_data)
        acknowledgement = acknowledge(by=request.user, excursion=excursion, command=command)
        return Response(_noted(acknowledgement), status=201)


def alarm_content(excursion: Excursion) -> dict[str, Any]:
    """Return an excursion as an alarm, as clients see it."""
    alarm = alarm_of(excursion)
    return {
        "id": excursion.pk,
        "batch_record": excursion.phase.batch_record.number,
        "phase": excursion.phase.code,
        "rule": excursion.rule,
        "parameter": excursion.parameter,
        "level": excursion.level,
        "state": alarm.state.value,
        "started_at": excursion.started_at,
        "raised_at": excursion.detected_at,
        "cleared_at": alarm.cleared_at,
        "withdrawn": excursion.withdrawn_at is not None,
        "acknowledgements": [_noted(acknowledgement) for acknowledgement in alarm.acknowledgements],
        "deviation": excursion.deviation.number if excursion.deviation else None,
    }


def _noted(row: Acknowledgement) -> dict[str, Any]:
    return {
        "acknowledged_by": row.acknowledged_by.username,
        "acknowledged_at": row.acknowledged_at,
        "comment": row.comment,
    }
