"""The content of a specification: its panel, and what its methods fix about replicates."""

from collections.abc import Mapping
from typing import Any

from gatekeeper.core.criteria import Criterion, CriterionKind
from gatekeeper.core.panels import Attribute, panel
from gatekeeper.core.quantity import number
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.core.replicates import Average, ReplicateScheme
from gatekeeper.core.rounding import RoundingRule
from release.rules.dossier import LineFacts

KIND = "specification"  # of controlled document


def scope(material: str, market: str) -> str:
    """Return what a specification governs: a product for a market."""
    return f"{material}/{market}"


def subject(content: Mapping[str, Any]) -> None:
    """Pass when a specification names its material and its market.

    :raises Refusal: ``specification_incomplete`` naming the key, every missing one at once.
    """
    refuse_all(
        [
            Refusal("specification_incomplete", "A specification lacks “{key}”.", field=key, key=key)
            for key in ("material", "market")
            if not isinstance(content.get(key), str) or not content[key].strip()
        ]
    )


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
