"""A specification as a table of text: its heading, and its panel, the attributes to test with their criteria."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatekeeper.core.criteria import Criterion, CriterionKind, describe
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.core.rounding import RoundingRule


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of a specification: what is tested, how, on which sample, and the criterion."""

    code: str
    title: str
    category: str  # identity, purity, potency, strength, safety or general
    method: str
    sample: str
    criterion: Criterion
    basis: str  # where the limit comes from

    @property
    def asked(self) -> str:
        """The criterion for people."""
        return describe(self.criterion)


@dataclass(frozen=True, slots=True)
class Panel:
    """The attributes of one version of a specification, in the order of its printed form."""

    attributes: tuple[Attribute, ...]

    def attribute(self, code: str) -> Attribute:
        """Return the attribute of this code.

        :raises Refusal: ``unknown_test`` when the panel has no such attribute.
        """
        for attribute in self.attributes:
            if attribute.code == code:
                return attribute
        raise Refusal("unknown_test", "The specification has no test “{test}”.", field="test", test=code)


def panel(content: Mapping[str, Any]) -> Panel:
    """Return the panel that this table describes: ``rounding`` and a list ``attribute`` of tables.

    :raises Refusal: every fault at once: ``panel_empty``, ``attribute_no_table``, ``attribute_incomplete``,
        ``attribute_twice``, ``unknown_criterion`` and those of :class:`~gatekeeper.core.criteria.Criterion`.
    """
    rows: Sequence[Mapping[str, Any]] = content.get("attribute", [])
    if not rows:
        raise Refusal("panel_empty", "The specification has no attribute.", field="attribute")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Refusal("attribute_no_table", "Each attribute is a table of its own: [[attribute]].", field="attribute")
    attributes: list[Attribute] = []
    faults: list[Refusal] = []
    for row in rows:
        try:
            attributes.append(_attribute(row, str(content.get("rounding", "usp"))))
        except Refusal as refusal:
            faults.append(refusal)
    codes = [attribute.code for attribute in attributes]
    faults += [
        Refusal("attribute_twice", "The attribute “{name}” stands twice.", field="code", name=code)
        for code in sorted({code for code in codes if codes.count(code) > 1})
    ]
    refuse_all(faults)
    return Panel(tuple(attributes))


def _attribute(row: Mapping[str, Any], rounding: str) -> Attribute:
    missing = [key for key in ("code", "title", "kind") if not row.get(key)]
    if missing:
        raise Refusal("attribute_incomplete", "An attribute lacks “{key}”.", field=missing[0], key=missing[0])
    try:
        kind, rule = CriterionKind(row["kind"]), RoundingRule(str(row.get("rounding", rounding)))
    except ValueError:
        raise Refusal(
            "unknown_criterion", "“{name}” is not a kind of criterion.", field="kind", name=row["kind"]
        ) from None
    return Attribute(
        code=str(row["code"]),
        title=str(row["title"]),
        category=str(row.get("category", "general")),
        method=str(row.get("method", "")),
        sample=str(row.get("sample", "")),
        criterion=Criterion(kind, str(row.get("low", "")), str(row.get("high", "")), str(row.get("unit", "")), rule),
        basis=str(row.get("basis", "")),
    )
