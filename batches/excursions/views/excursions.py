"""The page of an excursion."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from batches.excursions.models import Acknowledgement, Evaluation, Excursion
from batches.excursions.presentation.charts import excursion_chart
from batches.excursions.presentation.formatting import evaluation_rows, excursion_pairs
from batches.excursions.queries.alarms import alarm_of, with_acknowledgements
from batches.excursions.queries.evaluation_inputs import inputs_unless_archived
from batches.excursions.rules.excursion_rules import rule_from
from batches.excursions.rules.judging import needed_parameters
from batches.excursions.rules.verdicts import Verdict
from batches.readings.queries.clock_spans import clock_spans
from batches.readings.queries.sensors import LapseOf, lapses_of
from batches.readings.rules.parameters import parameter
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.requests import sites_in
from gatekeeper.charts.plots import Chart
from gatekeeper.doors import sentence
from gatekeeper.web import Page


class ExcursionDetail(Page):
    """One excursion: the chart first, then how long, how far, by which rule, and what became of it."""

    permission = "readings.view"
    template_name = "excursions/excursion_detail.html"

    @cached_property
    def excursion(self) -> Excursion:
        """The excursion of the address, when the person may see it."""
        rows = with_acknowledgements(Excursion.objects.filter(phase__batch_record__site__in=self.sites))
        return get_object_or_404(rows.select_related("evaluation__rule_set"), pk=self.kwargs["pk"])

    def context(self) -> dict[str, Any]:
        """Return the excursion, drawn from the readings as they are now; archived ones are not drawn."""
        excursion = self.excursion
        inputs, archived = inputs_unless_archived(excursion.phase)
        verdicts = inputs.verdicts() if inputs else ()
        verdict = next((verdict for verdict in verdicts if verdict.name == excursion.rule), None)
        zone = excursion.phase.batch_record.site.timezone
        acknowledgements = alarm_of(excursion).acknowledgements
        is_drawn = verdict is not None and excursion.key in verdict.keys
        versions = Evaluation.objects.filter(phase=excursion.phase, rule=excursion.rule).select_related("evaluated_by")
        pairs = excursion_pairs(excursion, zone=zone)
        return {
            "excursion": excursion,
            "title": parameter(excursion.parameter).title,
            "phase": excursion.phase,
            "record": excursion.phase.batch_record,
            "archived": archived and sentence(archived),
            "chart": self._chart(verdict, zone) if verdict is not None and is_drawn else None,
            "pairs": pairs,
            "exact": [{"term": pair["term"], "value": pair["full"]} for pair in pairs if pair["full"]],
            "versions": evaluation_rows(versions.order_by("-version"), zone=zone),
            "version_columns": (_("Version"), _("State"), _("Final"), _("Evaluated"), _("By"), _("Digest of the data")),
            "rule": excursion.evaluation.content["rule"],
            "lapses": self.lapses(),
            "acknowledgements": acknowledgements,
            "may_acknowledge": self._may_acknowledge(acknowledgements),
        }

    def lapses(self) -> list[LapseOf]:
        """Return where during the excursion the instrument or its unit was out of calibration."""
        excursion = self.excursion
        needed = needed_parameters(rule_from(excursion.evaluation.content["rule"]))
        until = excursion.ended_at or now()
        return [
            lapse
            for lapse in lapses_of(excursion.phase.batch_record, phase=excursion.phase)
            if lapse.lapse.began_at < until
            and lapse.lapse.ended_at > excursion.started_at
            and (not lapse.tags or any(tag.parameter in needed for tag in lapse.tags))
        ]

    def _chart(self, verdict: Verdict, zone: str) -> Chart:
        spans = clock_spans(self.excursion.phase)
        return excursion_chart(verdict, self.excursion.key, spans=spans, zone=zone)

    def _may_acknowledge(self, acknowledgements: Iterable[Acknowledgement]) -> bool:
        site = self.excursion.phase.batch_record.site
        is_acknowledged = any(
            acknowledgement.acknowledged_by_id == self.request.user.pk for acknowledgement in acknowledgements
        )
        return (
            not is_acknowledged
            and not self.excursion.withdrawn_at
            and site in sites_in(self.request, "excursions.acknowledge")
        )
