"""The kind of controlled document that readings are judged by: sets of excursion rules."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.excursions.presentation.formatting import rule_rows
from batches.excursions.presentation.replays import replay_summary, what_if_rows
from batches.excursions.queries.evaluation_inputs import rules_in
from batches.excursions.queries.sampling import tags_at, too_seldom_for
from batches.excursions.queries.what_ifs import (
    check_replayed,
    later_phases,
    past_phases,
    replay_content,
    replay_of,
    rows_of,
)
from batches.excursions.rules.rule_sets import KIND, content_of
from gatekeeper.accounts.models import Site
from gatekeeper.accounts.requests import permits, sites_in
from gatekeeper.core.documents import DocumentKind
from gatekeeper.documents.models import Document


def _present(document: Document, request: Any) -> dict[str, Any]:
    sites = sites_in(request, "readings.view")
    what_if = _what_if(document, sites)
    is_draft = document.status == Document.Status.DRAFT
    return {
        "columns": (_("Rule"), _("Signal"), _("Kind"), _("Alert"), _("Action"), _("Delays"), _("Phases")),
        "rules": rule_rows(rules_in(document)),
        "too_seldom": too_seldom_for([document], tags_at(sites)),
        "what_if": what_if,
        "may_replay": is_draft and permits(request, "readings.configure"),
        "items": [(_("What-if"), replay_summary(what_if))] if what_if else [],
    }


def _what_if(document: Document, sites: list[Site]) -> dict[str, Any] | None:
    """Return what a replay over the past batches found; None for a version that was approved without one."""
    replay, is_draft = replay_of(document), document.status == Document.Status.DRAFT
    if replay is None:
        return {"replay": None, "past": past_phases(document.code).count()} if is_draft else None
    rows = what_if_rows(rows_of(replay.what_if, sites=sites))
    return {
        "replay": replay,
        "later": later_phases(replay, document.code) if is_draft else 0,
        "elsewhere": replay.done - len(rows["flipping"]) - len(rows["same"]),
        "running": is_draft and not replay.finished,
        **rows,
    }


RULE_SETS = DocumentKind(
    code=KIND,
    address="rule-sets",
    title=gettext_lazy("Excursion rules"),
    titles=gettext_lazy("Excursion rules"),
    text=gettext_lazy("The excursion rules of a process. A file that is refused leaves nothing behind."),
    view="readings.view",
    author="readings.configure",
    approve="batches.approve",
    template="excursions/rule_set_content.html",
    heading="rule_set",
    content=content_of,
    check_approval=check_replayed,
    signed=replay_content,
    present=_present,
)
