"""The page of an excursion."""

from functools import cached_property
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from batches.monitoring import queries
from batches.monitoring.models import Evaluation, Excursion
from batches.monitoring.pictures import excursion_chart
from batches.monitoring.rules.parameters import parameter
from batches.monitoring.rules.verdicts import verdicts
from batches.monitoring.shown import (
    evaluation_rows,
    excursion_pairs,
)
from gatekeeper.web import Page


class ExcursionDetail(Page):
    """One excursion: the picture first, then how long, how far, by which rule, and what became of it."""

    permission = "monitoring.view"
    template_name = "monitoring/excursion_detail.html"

    @cached_property
    def excursion(self) -> Excursion:
        """The excursion of the address, when the person may see it."""
        rows = Excursion.objects.filter(phase__batch_record__site__in=self.sites)
        return get_object_or_404(
            rows.select_related("phase__batch_record__site", "evaluation__rule_set", "deviation"), pk=self.kwargs["pk"]
        )

    def context(self) -> dict[str, Any]:
        """Return the excursion, drawn from the readings as they are now."""
        excursion = self.excursion
        facts = queries.phase_facts(excursion.phase)
        judged = verdicts(facts.readings, facts.rules) if facts.readings else ()
        verdict = next((one for one in judged if one.name == excursion.rule), None)
        zone = excursion.phase.batch_record.site.timezone
        shown = verdict is not None and excursion.key in verdict.keys
        versions = Evaluation.objects.filter(phase=excursion.phase, rule=excursion.rule).select_related("evaluated_by")
        return {
            "excursion": excursion,
            "title": parameter(excursion.parameter).title,
            "phase": excursion.phase,
            "record": excursion.phase.batch_record,
            "chart": excursion_chart(verdict, excursion.key, zone=zone) if shown else None,
            "pairs": excursion_pairs(excursion, zone=zone),
            "versions": evaluation_rows(versions.order_by("-version"), zone=zone),
            "version_columns": (_("Version"), _("State"), _("Final"), _("Evaluated"), _("By"), _("Digest of the data")),
            "rule": excursion.evaluation.content["rule"],
        }
