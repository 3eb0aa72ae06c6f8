"""The content of a specification: its panel, and what its methods fix about replicates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.core import panels
from gatekeeper.core.criteria import Criterion, CriterionKind
from gatekeeper.core.panels import Attribute, panel
from gatekeeper.core.quantity import number
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.replicates import Average, ReplicateScheme
from gatekeeper.core.rounding import RoundingRule
from release.rules.dossier import LineFacts


@dataclass(frozen=True, slots=True)
class Heading:
    """Which version of a specification, for which material and market."""

    code: str
    version: int
    title: str
    material: str
    market: str


def heading(content: Mapping[str, Any]) -> Heading:
    """Return the heading of a specification's table.

    :raises Refusal: ``specification_incomplete`` naming the key, every missing one at once; ``key_malformed``.
    """
    base = panels.heading(content, "material", "market")
    return Heading(base.code, base.version, base.title, **base.named)


def lines(content: Mapping[str, Any]) -> tuple[LineFacts, ...]:
    """Return the lines of a specification in the order of its printed form.

    :raises Refusal: those of :func:`~gatekeeper.core.panels.panel`, ``replicate_scheme_incomplete``.
    """
    attributes = panel(content).attributes
    rows = {str(row.get("code")): row for row in content["attribute"]}
    return tuple(_line(attribute, scheme(rows[attribute.code])) for attribute in attributes)


def scheme(row: Mapping[str, Any]) -> ReplicateScheme | None:
    """Return what the method fixes about replicates, None when it fixes nothing.

    :raises Refusal: ``replicate_scheme_incomplete``, ``not_a_number``.
    """
    keys = [key for key in ("replicates", "max_cv", "average") if key in row]
    if not keys:
        return None
    try:
        return ReplicateScheme(
            count=int(row["replicates"]),
            max_cv=number(str(row["max_cv"]), field="max_cv"),
            average=Average(row["average"]),
        )
    except (KeyError, ValueError, TypeError):
        raise Refusal(
            "replicate_scheme_incomplete",
            "Replicates of “{code}” need their number, the largest %CV and the average.",
            field="replicates",
            code=row.get("code", ""),
        ) from None


def criterion(line: LineFacts) -> Criterion:
    """Return the criterion of a line."""
    return Criterion(CriterionKind(line.kind), line.low, line.high, line.unit, RoundingRule(line.rounding))


def _line(attribute: Attribute, fixed: ReplicateScheme | None) -> LineFacts:
    criterion = attribute.criterion
    return LineFacts(
        code=attribute.code,
        title=attribute.title,
        category=attribute.category,
        method=attribute.method,
        sample=attribute.sample,
        asked=attribute.asked,
        kind=criterion.kind.value,
        low=criterion.low_text,
        high=criterion.high_text,
        unit=criterion.unit,
        rounding=criterion.rounding.value,
        replicates=fixed.count if fixed else 0,
        max_cv=fixed.max_cv if fixed else None,
        average=fixed.average.value if fixed else "",
        basis=attribute.basis,
    )
