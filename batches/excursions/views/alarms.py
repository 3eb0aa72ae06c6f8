"""Acknowledging an excursion, at the tablet."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from batches.excursions.actions.alarms import acknowledge
from batches.excursions.forms import AcknowledgeForm
from batches.excursions.models import Excursion
from batches.excursions.presentation.formatting import excursion_pairs
from batches.excursions.queries.alarms import alarm_of, with_acknowledgements
from batches.readings.rules.parameters import parameter
from gatekeeper.web import ActionView


class AcknowledgeExcursion(ActionView):
    """Acknowledge an excursion: what it is, a place for a comment, one large button."""

    permission = "excursions.acknowledge"
    template_name = "excursions/excursion_acknowledge.html"
    form_class = AcknowledgeForm

    @cached_property
    def excursion(self) -> Excursion:
        """The excursion of the address, at a site where the person may acknowledge it."""
        rows = with_acknowledgements(Excursion.objects.filter(phase__batch_record__site__in=self.sites))
        return get_object_or_404(rows.select_related("evaluation__rule_set"), pk=self.kwargs["pk"])

    def form_options(self) -> dict[str, Any]:
        """Return whether a comment is asked for."""
        return {"asked": self.excursion.level == Excursion.Level.ACTION}

    def context(self) -> dict[str, Any]:
        """Return the excursion and who has acknowledged it."""
        excursion = self.excursion
        zone = excursion.phase.batch_record.site.timezone
        alarm = alarm_of(excursion)
        return {
            "excursion": excursion,
            "title": parameter(excursion.parameter).title,
            "record": excursion.phase.batch_record,
            "phase": excursion.phase,
            "pairs": excursion_pairs(excursion, zone=zone)[:_FACTS],
            "acknowledgements": alarm.acknowledgements,
            "own": any(
                acknowledgement.acknowledged_by_id == self.request.user.pk for acknowledgement in alarm.acknowledgements
            ),
            "zone": zone,
        }

    def perform(self, form: Any) -> str:
        """Acknowledge, and go back to the live page."""
        acknowledge(by=self.request.user, excursion=self.excursion, command=form.command())
        phase = self.excursion.phase
        if phase.state == phase.State.RUNNING:
            return reverse("excursions:live", args=[phase.batch_record.number])
        return reverse("excursions:excursion_detail", args=[self.excursion.pk])


_FACTS = 7  # level, times, how far: what is needed to acknowledge; the rest is on the excursion's own page
