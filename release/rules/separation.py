"""Who may not release or review a lot: the people who had another duty for it. domain.md 7.5, G-12."""

from collections.abc import Iterable
from types import MappingProxyType

from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from release.rules.dossier import Duty

DUTIES = MappingProxyType(
    {
        "performed": "performed",
        "verified": "checked",
        "entered": "entered a value of",
        "tested": "tested",
        "reviewed_result": "reviewed a result of",
        "reviewed_production": "reviewed for production",
        "reviewed_quality": "reviewed for quality",
    }
)
_BARRED_FROM_RELEASE = frozenset(DUTIES)
_BARRED_FROM_REVIEW = _BARRED_FROM_RELEASE - {"reviewed_quality"}  # a review can be renewed by its reviewer


def check_may_release(person: str, duties: Iterable[Duty]) -> None:
    """Return when this person had no duty for the lot; name every duty otherwise.

    :raises Refusal: ``maker_releases``, one for each duty.
    """
    refuse_all(
        _refusals(
            "maker_releases", "{name} {did} {subject} and cannot release it.", person, duties, _BARRED_FROM_RELEASE
        )
    )


def check_may_review(person: str, duties: Iterable[Duty]) -> None:
    """Return when this person had no duty for the lot but reviewing it for quality.

    :raises Refusal: ``maker_reviews``, one for each duty.
    """
    refuse_all(
        _refusals("maker_reviews", "{name} {did} {subject} and cannot review it.", person, duties, _BARRED_FROM_REVIEW)
    )


def _refusals(code: str, template: str, person: str, duties: Iterable[Duty], barred: frozenset[str]) -> list[Refusal]:
    return [
        Refusal(code, template, kind=Kind.FORBIDDEN, name=duty.name, did=DUTIES[duty.duty], subject=duty.subject)
        for duty in dict.fromkeys(duties)
        if duty.person == person and duty.duty in barred
    ]
