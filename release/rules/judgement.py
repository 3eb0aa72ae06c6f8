"""Results judged by the specification, line by line, for the gate, the page and the certificate."""

from dataclasses import dataclass
from decimal import Decimal

from gatekeeper.core.criteria import CriterionKind, Outcome, assess
from gatekeeper.core.quantity import Reported, decimal_text, number
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.replicates import Average, ReplicateScheme, reportable
from gatekeeper.core.rounding import to_figures
from release.rules.dossier import LineFacts, ResultFacts, SpecificationFacts
from release.rules.specification import criterion


@dataclass(frozen=True, slots=True)
class Judged:
    """One result judged by its line: ``reported_value`` as it goes on the certificate."""

    result: ResultFacts
    outcome: Outcome
    reported_value: str
    sentence: str
    code: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the specification with every result that counts, and the results that no longer count."""

    definition: LineFacts
    judged: tuple[Judged, ...]
    former: tuple[ResultFacts, ...]

    @property
    def result(self) -> Judged | None:
        """The single result of this line; None when there is none, or more than one."""
        return self.judged[0] if len(self.judged) == 1 else None


def judged_lines(specification: SpecificationFacts, results: tuple[ResultFacts, ...]) -> tuple[Line, ...]:
    """Return each line of the specification with its results, in the order of its printed form."""
    return tuple(
        Line(
            line,
            tuple(judge(line, result) for result in results if result.test == line.code and result.counts),
            tuple(result for result in results if result.test == line.code and not result.counts),
        )
        for line in specification.lines
    )


def judge(line: LineFacts, result: ResultFacts) -> Judged:
    """Return the outcome of one result by its line; one that cannot be judged is invalid, with the reason."""
    if line.method and result.method != line.method:
        return _invalid(result, f"“{result.method}” is not the registered method “{line.method}”.", "method_differs")
    try:
        reported = Reported.parse(result.reported)
        if line.replicates:
            average = _average(line, result, reported)
            # A value that is only reported stays as the laboratory rounded it; a judged one is judged unrounded.
            reported = reported if line.kind == CriterionKind.REPORT else average
        assessment = assess(criterion(line), reported, result.unit)
    except Refusal as refusal:
        return _invalid(result, refusal.message, refusal.code)
    return Judged(result, assessment.outcome, assessment.reported_value, assessment.reason, assessment.code)


def _average(line: LineFacts, result: ResultFacts, reported: Reported) -> Reported:
    """Return the unrounded average of the replicates, to be judged; the reported value must be this average, rounded.

    :raises Refusal: ``reported_is_not_the_average`` and those of ``core.replicates.reportable``.
    """
    values = [number(text, field="replicates") for text in result.replicates]
    scheme = ReplicateScheme(line.replicates, line.max_cv or Decimal(0), Average(line.average))
    (value,) = reportable(values, scheme)
    figures = len(reported.value.as_tuple().digits) if reported.value is not None else 0
    if not figures or reported.qualifier or to_figures(value, figures) != reported.value:
        raise Refusal(
            "reported_is_not_the_average",
            "{reported} is not the average of the replicates, {average}.",
            field="reported",
            reported=result.reported,
            average=decimal_text(to_figures(value, 6)),
        )
    return Reported.of(value)


def _invalid(result: ResultFacts, sentence: str, code: str) -> Judged:
    return Judged(result, Outcome.INVALID, result.reported, sentence, code)
