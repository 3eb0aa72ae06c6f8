"""How findings, results and signatures of a dossier are shown on a page."""

from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.core.criteria import Outcome
from release.links import link_to
from release.rules.dossier import Dossier, SpecificationFacts
from release.rules.gate import Finding, State
from release.rules.judgement import Line, judged_lines
from release.rules.printing import raised, unit_label

_STATES = MappingProxyType(
    {
        State.ACTION: ("action", gettext_lazy("Action")),
        State.UNKNOWN: ("unknown", gettext_lazy("Unknown")),
        State.MISSING: ("alert", gettext_lazy("Missing")),
    }
)
_NEEDED_FOR = {"review": "release.review"}  # kind of subject: the permission that its page asks for
_OUTCOMES = MappingProxyType(
    {
        Outcome.PASS: ("inside", gettext_lazy("Pass")),
        Outcome.FAIL: ("action", gettext_lazy("Fail")),
        Outcome.INVALID: ("unknown", gettext_lazy("Invalid")),
        Outcome.REPORTED: ("inside", gettext_lazy("Reported")),
    }
)


def finding_rows(found: Iterable[Finding], held: Collection[str]) -> list[dict[str, Any]]:
    """Return findings as components/findings.html shows them, linked where the reader's permissions reach."""
    rows = []
    for one in found:
        state, label = _STATES[one.state]
        params = dict(one.params)
        rows.append(
            {
                "state": state,
                "label": label,
                "sentence": _(one.template).format(**params),
                "detail": _(one.clears).format(**params),
                "url": link_to(one.subject) if _NEEDED_FOR.get(one.subject.kind, "") in {"", *held} else "",
                "verb": _("Open"),
                "code": one.code,
                "check": one.check,
            }
        )
    return rows


def result_rows(asked: SpecificationFacts | None, dossier: Dossier) -> list[dict[str, Any]]:
    """Return each line of the specification with its result, judged now."""
    return [_result_row(line) for line in judged_lines(asked, dossier.results)] if asked else []


def _result_row(line: Line) -> dict[str, Any]:
    judged = line.judged[-1] if line.judged else None
    state, outcome = _OUTCOMES[judged.outcome] if judged else ("alert", _("Not reported"))
    return {
        "definition": line.definition,
        "criterion": raised(line.definition.asked),
        "reported": raised(judged.result.reported) if judged else "",
        "result": judged.result if judged else None,
        "unit": unit_label(judged.result.unit) if judged else "",
        "judged_as": raised(judged.reported_value) if judged else "",
        "sentence": judged.sentence if judged and judged.outcome in {Outcome.FAIL, Outcome.INVALID} else "",
        "state": state,
        "outcome": outcome,
        "reviewed": judged is not None and judged.result.status == "reviewed",
        "former": line.former,
        "competing": len(line.judged) > 1,
    }
