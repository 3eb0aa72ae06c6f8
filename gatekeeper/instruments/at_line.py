"""Samples measured beside the line -> points of a signal: time, tag, value, unit and the place in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import nova_flex2
from gatekeeper.instruments.readings import Finding, Pairs, ParsedFile, Reading

# Kind of file -> parameter of its readings -> tag, a parameter of monitoring in the same unit. The FLEX2's vessel
# temperature is typed in by the operator, its pH at temperature follows from that, and its oxygen saturation is of the
# sample in the analyser and not of the vessel: none of the three is a measurement of the process.
TAGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {nova_flex2.KIND: MappingProxyType({"ph": "ph", "osmolality": "osmolality"})}
)


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement beside the line; ``context`` says what else the row does: vessel, batch, operator, ..."""

    at: datetime
    tag: str
    value: Decimal
    unit: str
    text: str
    sample: str
    locator: str
    context: Pairs


@dataclass(frozen=True, slots=True)
class AtLine:
    """The points of a file in its order, and the findings because of which a reading gave none."""

    points: tuple[Point, ...]
    left_out: tuple[Finding, ...]


def points_of(parsed: ParsedFile) -> AtLine:
    """Return the points of a parsed file; a reading that a blocking finding of its row is about gives none.

    :raises Refusal: ``no_points_at_line`` for a kind of file whose results are no points of a signal.
    """
    tags = TAGS.get(parsed.kind)
    if tags is None:
        raise Refusal(
            "no_points_at_line",
            "{instrument_kind} files hold no points of a signal.",
            field="kind",
            instrument_kind=parsed.kind,
        )
    blocking = [finding for finding in parsed.findings if finding.blocking]
    points: list[Point] = []
    left_out: dict[Finding, None] = {}
    for reading in parsed.readings:
        tag = tags.get(reading.parameter)
        if tag is None:
            continue
        reasons = [finding for finding in blocking if _is_about(finding, reading)]
        left_out.update(dict.fromkeys(reasons))
        # Both are named by a finding wherever they are absent; a reading without either is no point in any case.
        if not reasons and reading.value is not None and reading.measured_at is not None:
            points.append(
                Point(
                    at=reading.measured_at,
                    tag=tag,
                    value=reading.value,
                    unit=reading.unit,
                    text=reading.text,
                    sample=reading.sample,
                    locator=reading.locator,
                    context=reading.context,
                )
            )
    return AtLine(tuple(points), tuple(left_out))


def _is_about(finding: Finding, reading: Reading) -> bool:
    """True for a finding about this row as a whole or about this very cell."""
    row, _, _column = reading.locator.partition(",")
    return finding.locator.partition(",")[0] == row and finding.parameter in {"", reading.parameter}
