"""Rows of a page for the findings and the results of a dossier."""

from collections.abc import Collection, Iterable
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.core.criteria import Outcome
from release.links import link_to
from release.rules.dossier import Dossier
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
_NEEDED_FOR = {"review": "release.review"}  # kind of subject: the permission that its page needs
_OUTCOMES = MappingProxyType(
    {
        Outcome.PASS: ("inside", gettext_lazy("Pass")),
        Outcome.FAIL: ("action", gettext_lazy("Fail")),
        Outcome.INVALID: ("unknown", gettext_lazy("Invalid")),
        Outcome.REPORTED: ("inside", gettext_lazy("Reported")),
    }
)


def finding_rows(findings: Iterable[Finding], permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of components/findings.html, with links to the pages that these permissions open."""
    return [_finding_row(finding, permissions) for finding in findings]


def _finding_row(finding: Finding, permissions: Collection[str]) -> dict[str, Any]:
    state, label = _STATES[finding.state]
    params = dict(finding.params)
    may_open = _NEEDED_FOR.get(finding.subject.kind, "") in {"", *permissions}
    return {
        "state": state,
        "label": label,
        "sentence": _(finding.template).format(**params),
        "detail": _(finding.clears).format(**params),
        "url": link_to(finding.subject) if may_open else "",
        "verb": _("Open"),
        "code": finding.code,
        "check": finding.check,
    }


def result_rows(dossier: Dossier) -> list[dict[str, Any]]:
    """Return each line of the dossier's specification with its result, judged now."""
    specification = dossier.specification
    return [_result_row(line) for line in judged_lines(specification, dossier.results)] if specification else []


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
