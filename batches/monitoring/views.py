"""Pages of monitoring: an excursion and its picture, the signals of a phase, skids, sets of rules."""

from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.models import BatchRecord, Phase
from batches.monitoring import queries
from batches.monitoring.actions.rule_sets import approve_rule_set, import_rule_set
from batches.monitoring.actions.sources import register_source
from batches.monitoring.forms import SourceForm
from batches.monitoring.models import Evaluation, Excursion, RuleSet, Source, Tag
from batches.monitoring.pictures import MARKS, excursion_chart, exposure_bars, small_chart, state_of
from batches.monitoring.queries.traces import traces_of
from batches.monitoring.rules import statuses
from batches.monitoring.rules.excursions import State
from batches.monitoring.rules.parameters import parameter
from batches.monitoring.rules.verdicts import verdicts
from batches.monitoring.shown import (
    assumption_rows,
    evaluation_rows,
    excursion_pairs,
    exposure_rows,
    place_in_file,
    rule_rows,
    total_rows,
)
from batches.views.rows import RowsPage
from gatekeeper.accounts.requests import sites_in
from gatekeeper.core.canonical import digest
from gatekeeper.core.quantity import unit
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.transitions import transition
from gatekeeper.doors import STATUS, sentence
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page, SigningForm

_REFRESH_SECONDS = 5
_RECENT_FRAMES = 20


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


class PhaseSignals(Page):
    """Every signal of a phase as small pictures of one time axis; renewed by itself while the phase runs."""

    permission = "monitoring.view"
    template_name = "monitoring/phase_signals.html"

    def context(self) -> dict[str, Any]:
        """Return the signals with the states of the rules that judge them."""
        phases = Phase.objects.filter(batch_record__site__in=self.sites).select_related("batch_record__site")
        phase = get_object_or_404(phases, batch_record__number=self.kwargs["number"], code=self.kwargs["code"])
        facts = queries.phase_facts(phase, every_signal=True)
        states = queries.states_of(phase)
        zone = phase.batch_record.site.timezone
        return {
            "phase": phase,
            "record": phase.batch_record,
            "signals": self.signals(facts, zone),
            "rules": [
                {"row": row, "mark": MARKS[row.state], "label": _word(row.state), "percent": row.coverage * 100}
                for row in states.rules
            ],
            "states": states,
            "mark": MARKS[states.state],
            "word": _word(states.state),
            "excursions": queries.excursions_of(phase.batch_record).filter(phase=phase),
            "refresh": _REFRESH_SECONDS if phase.state == Phase.State.RUNNING else 0,
        }

    def signals(self, facts: queries.PhaseFacts, zone: str) -> list[dict[str, Any]]:
        """Return each signal that has a sample with its picture and its state, judged ones first."""
        if facts.readings is None:
            return []
        start, end = facts.readings.start_us, facts.readings.end_us
        traces = [trace for trace in traces_of(facts) if trace.verdicts or len(trace.signal.times)]
        traces.sort(key=lambda trace: not trace.verdicts)
        return [
            {
                "title": trace.parameter.title,
                "source": trace.source,
                "chart": small_chart(trace, start_us=start, end_us=end, zone=zone, place=place),
                "mark": MARKS[state_of(trace)] if trace.verdicts else "plain",
                "label": _word(state_of(trace)) if trace.verdicts else _("not judged"),
            }
            for place, trace in enumerate(traces)
        ]


class ExposureOfRecord(Page):
    """What the vector of a batch went through, as recorded: one picture, one table, the totals and what they assume."""

    permission = "monitoring.view"
    template_name = "monitoring/exposure.html"

    def context(self) -> dict[str, Any]:
        """Return the exposure of the record in words and units."""
        records = BatchRecord.objects.filter(site__in=self.sites).select_related("site", "lot", "master")
        record = get_object_or_404(records, number=self.kwargs["number"])
        found = queries.exposure_of(record)
        return {
            "record": record,
            "bars": exposure_bars(found.rows) if found.rows else None,
            "legend": (
                ("action", _("action")),
                ("alert", _("alert")),
                ("unknown", _("unknown")),
                ("inside", _("inside")),
            ),
            "rows": exposure_rows(found.rows, marks=MARKS),
            "totals": total_rows(found),
            "assumptions": assumption_rows(found.assumptions),
            "half_life_columns": (_("Temperature"), _("Half-life"), _("State"), _("Source of the number")),
        }


class SourceList(Page):
    """The skids and probes of the person's sites, with when they last sent."""

    permission = "monitoring.view"
    template_name = "monitoring/source_list.html"

    def context(self) -> dict[str, Any]:
        """Return the sources."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        return {"sources": rows.annotate(last_at=Max("frames__last_at"))}


class SourceDetail(Page):
    """One skid: its tags, what it sent last, and frames that came twice with different bodies."""

    permission = "monitoring.view"
    template_name = "monitoring/source_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the source with its newest frames."""
        rows = Source.objects.filter(site__in=self.sites).select_related("site", "equipment")
        source = get_object_or_404(rows, code=self.kwargs["code"])
        return {
            "source": source,
            "tags": [_tag(row) for row in source.tags.all()],
            "frames": source.frames.order_by("-id")[:_RECENT_FRAMES],
            "conflicts": _conflicts(source),
        }


class RegisterSource(RowsPage):
    """Register a skid or probe with its tags, one a row."""

    permission = "monitoring.configure"
    template_name = "monitoring/source_register.html"
    form_class = SourceForm
    rows = 8

    def form_options(self) -> dict[str, Any]:
        """Return the sites whose equipment can have a source."""
        return super().form_options() | {"sites": self.sites}

    def perform(self, form: Any) -> str:
        """Register."""
        source = register_source(by=self.request.user, command=form.command())
        return reverse("monitoring:source_detail", args=[source.code])


class RuleSetList(Page):
    """Every version of every set of excursion rules."""

    permission = "monitoring.view"
    template_name = "monitoring/rule_set_list.html"

    def context(self) -> dict[str, Any]:
        """Return the versions, newest first within a code."""
        rows = RuleSet.objects.select_related("authored_by", "approved_by")
        return {"rule_sets": [{"row": row, "mark": _RULE_SET_MARKS[row.status]} for row in rows]}


class ImportRuleSet(ImportView):
    """Import a draft of a set of rules from a TOML file: every fault is named with its rule and its field."""

    permission = "monitoring.configure"
    text = gettext_lazy("The excursion rules of a process. A file that is refused leaves nothing behind.")
    back = (gettext_lazy("Excursion rules"), "monitoring:rule_set_list")

    def perform(self, form: Any) -> str:
        """Import."""
        draft = import_rule_set(by=self.request.user, site=self.sites[0], toml=form.cleaned_data["file"].read())
        return reverse("monitoring:rule_set_detail", args=[draft.code, draft.version])

    def refused(self, form: Any, refusal: Refusal) -> HttpResponse:
        """Return the page with each fault at the file, and where in the file it is."""
        for one in refusal.all:
            fault = ValidationError(f"{place_in_file(one.field)}{sentence(one)}", code=one.code)
            form.add_error("file", fault)
        return self.show(form=form, refusal=refusal, status=STATUS[refusal.kind])


class RuleSetDetail(ActionView):
    """One version of a set of rules; who may approve signs here, below everything that is signed."""

    permission = "monitoring.view"
    template_name = "monitoring/rule_set_detail.html"
    form_class = SigningForm

    @cached_property
    def rule_set(self) -> RuleSet:
        """The version of the address."""
        rows = RuleSet.objects.select_related("authored_by", "approved_by")
        return get_object_or_404(rows, code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the rules as a table, and what an approver would sign."""
        row, content = self.rule_set, queries.rule_set_content(self.rule_set)
        approves = row.status == RuleSet.Status.DRAFT and sites_in(self.request, "batches.approve")
        return {
            "rule_set": row,
            "mark": _RULE_SET_MARKS[row.status],
            "rules": rule_rows(queries.rules_in(row)),
            "rule_columns": (_("Rule"), _("Signal"), _("Kind"), _("Alert"), _("Action"), _("Delays"), _("Phases")),
            "signatures": signatures_of(row, content),
            "approves": bool(approves) and row.authored_by_id != self.request.user.pk,
            "digest": digest(content),
            "meaning": transition(statuses.RULE_SET, source="draft", verb="approve").meaning,
            "items": [
                (_("Rule set"), str(row)),
                (_("Rules"), len(row.content["rules"])),
                (_("Author"), row.authored_by),
            ],
        }

    def perform(self, form: Any) -> HttpResponse | str:
        """Approve the version."""
        sites = sites_in(self.request, "batches.approve") or self.sites
        approve_rule_set(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=sites[0],
            rule_set=self.rule_set,
        )
        return reverse("monitoring:rule_set_detail", args=[self.rule_set.code, self.rule_set.version])


_LEGEND = (
    ("action", lambda: _("action")),
    ("alert", lambda: _("alert")),
    ("unknown", lambda: _("unknown")),
    ("inside", lambda: _("inside")),
)
_RULE_SET_MARKS = {"draft": "plain", "approved": "inside", "retired": "unknown"}


def _conflicts(source: Source) -> Any:
    frames = source.frames.filter(conflicts__isnull=False).distinct().order_by("-id")
    return frames.prefetch_related("conflicts")[:_RECENT_FRAMES]


def _tag(row: Tag) -> Tag:
    row.title, row.label = parameter(row.parameter).title, unit(row.unit).label
    return row


def _word(state: State) -> str:
    return str(Evaluation.State(state.value).label)
