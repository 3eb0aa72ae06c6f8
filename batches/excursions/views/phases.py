"""The page of the signals of a phase."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from batches.excursions.models import Evaluation
from batches.excursions.presentation.charts import MARKS, small_chart, state_of
from batches.excursions.queries.evaluation_inputs import EvaluationInputs, Scope, inputs_unless_archived
from batches.excursions.queries.sampling import too_seldom_in
from batches.excursions.queries.states import excursions_of, states_of
from batches.excursions.queries.traces import traces_of
from batches.excursions.rules.excursions import State
from batches.models import Phase
from batches.readings.models import Source
from batches.readings.queries.clock_spans import CORRECTED, ClockSpan, clock_spans
from batches.readings.queries.corrected_samples import open_disputes_of, quarantined_of
from batches.readings.queries.sensors import lapses_of
from batches.readings.rules.parameters import parameter
from batches.readings.rules.signals import contradictions
from gatekeeper.doors import sentence
from gatekeeper.web import Page

_REFRESH_SECONDS = 5


class PhaseSignals(Page):
    """Every signal of a phase as small charts on one time axis; renewed by itself while the phase runs."""

    permission = "readings.view"
    template_name = "excursions/phase_signals.html"

    def context(self) -> dict[str, Any]:
        """Return the signals with the states of the rules that judge them."""
        phases = Phase.objects.filter(batch_record__site__in=self.sites).select_related("batch_record__site")
        phase = get_object_or_404(phases, batch_record__number=self.kwargs["number"], code=self.kwargs["code"])
        inputs, archived = inputs_unless_archived(phase, scope=Scope.ALL)
        states, spans = states_of(phase), clock_spans(phase)
        zone = phase.batch_record.site.timezone
        return {
            "phase": phase,
            "record": phase.batch_record,
            "signals": self.signals(inputs, spans, zone) if inputs else [],
            "corrected": any(span.kind == CORRECTED for span in spans),
            "rules": [
                {"row": row, "mark": MARKS[row.state], "label": _word(row.state), "percent": row.coverage * 100}
                for row in states.rules
            ],
            "states": states,
            "disputed": _disputed(phase),
            "contradictions": _contradictions(inputs) if inputs else [],
            "lapses": lapses_of(phase.batch_record, phase=phase),
            "too_seldom": too_seldom_in(phase),
            "quarantined": quarantined_of(phase) if inputs else 0,
            "archived": archived and sentence(archived),
            "mark": MARKS[states.state],
            "word": _word(states.state),
            "excursions": excursions_of(phase.batch_record).filter(phase=phase),
            "refresh": _REFRESH_SECONDS if phase.state == Phase.State.RUNNING else 0,
        }

    def signals(self, inputs: EvaluationInputs, spans: Sequence[ClockSpan], zone: str) -> list[dict[str, Any]]:
        """Return each signal that has a sample with its chart and its state, judged ones first."""
        if inputs.readings is None:
            return []
        start, end = inputs.readings.start_us, inputs.readings.end_us
        traces = [trace for trace in traces_of(inputs) if trace.verdicts or len(trace.signal.times)]
        traces.sort(key=lambda trace: not trace.verdicts)
        return [
            {
                "title": trace.parameter.title,
                "source": trace.source,
                "chart": small_chart(trace, spans=spans, start_us=start, end_us=end, zone=zone, place=place),
                "mark": MARKS[state_of(trace)] if trace.verdicts else "plain",
                "label": _word(state_of(trace)) if trace.verdicts else _("not judged"),
            }
            for place, trace in enumerate(traces)
        ]


def _disputed(phase: Phase) -> list[dict[str, Any]]:
    disputes = open_disputes_of(phase)
    codes = dict(
        Source.objects.filter(pk__in={dispute.source for dispute in disputes.values()}).values_list("pk", "code")
    )
    return [{"frame": pk, "source": codes[dispute.source], "known": dispute} for pk, dispute in disputes.items()]


def _contradictions(inputs: EvaluationInputs) -> list[dict[str, Any]]:
    """Return source and signal of which frames give two values for one time, with at how many times."""
    if inputs.readings is None:
        return []
    span = {"start": inputs.readings.start_us, "end": inputs.readings.end_us}
    return [
        {"source": sent.source, "title": parameter(code).title, "count": count}
        for sent in inputs.readings.sent
        for code, signal in sent.signals.items()
        if (count := contradictions(signal, **span))
    ]


def _word(state: State) -> str:
    return str(Evaluation.State(state.value).label)
