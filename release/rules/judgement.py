"""What the results say to the specification, line by line: for the gate, the page and the certificate alike."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from gatekeeper.core.criteria import Assessment, CriterionKind, Outcome, assess
from gatekeeper.core.quantity import Reported, number, shown
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.replicates import Average, ReplicateScheme, reportable
from release.rules.dossier import LineFacts, ResultFacts, SpecificationFacts
from release.rules.specification import criterion


@dataclass(frozen=True, slots=True)
class Judged:
    """One result held against its line: ``reported_value`` as it goes on the certificate."""

    result: ResultFacts
    outcome: Outcome
    reported_value: str
    sentence: str
    code: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the specification with every result that counts, and the ones that count no more."""

    asked: LineFacts
    judged: tuple[Judged, ...]
    former: tuple[ResultFacts, ...]

    @property
    def result(self) -> Judged | None:
        """The one result of this line; None when there is none, or more than one."""
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
    """Return what one result says to its line; what cannot be judged is invalid and says why."""
    if line.method and result.method != line.method:
        return _invalid(result, f"“{result.method}” is not the registered method “{line.method}”.", "method_differs")
    try:
        reported = Reported.parse(result.reported)
        if line.replicates:
            average = _average(line, result, reported)
            # A value that is only reported stays as the laboratory rounded it; a judged one is judged unrounded.
            reported = reported if line.kind == CriterionKind.REPORT else average
        found: Assessment = assess(criterion(line), reported, result.unit)
    except Refusal as refusal:
        return _invalid(result, refusal.message, refusal.code)
    return Judged(result, found.outcome, found.reported_value, found.reason, found.code)


def _average(line: LineFacts, result: ResultFacts, reported: Reported) -> Reported:
    """Return the average of the replicates, which is judged unrounded; what the laboratory wrote must follow from it.

    :raises Refusal: ``reported_is_not_the_average`` and those of ``core.replicates.reportable``.
    """
    values = [number(text, field="replicates") for text in result.replicates]
    fixed = ReplicateScheme(line.replicates, line.max_cv or Decimal(0), Average(line.average))
    (value,) = reportable(values, fixed)
    if reported.value is None or reported.qualifier or _to_figures(value, reported.value) != reported.value:
        raise Refusal(
            "reported_is_not_the_average",
            "{reported} is not the average of the replicates, {average}.",
            field="reported",
            reported=result.reported,
            average=shown(_to_figures(value, value, at_most=6)),
        )
    return Reported.of(value)


def _to_figures(value: Decimal, like: Decimal, *, at_most: int = 40) -> Decimal:
    figures = min(len(like.as_tuple().digits), at_most)
    return Context(prec=figures, rounding=ROUND_HALF_UP).plus(value)


def _invalid(result: ResultFacts, sentence: str, code: str) -> Judged:
    return Judged(result, Outcome.INVALID, result.reported, sentence, code)
