"""What pages say of replays and of earlier lots, in words and units."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.monitoring.models import Evaluation, WhatIfPhase
from batches.monitoring.pictures import MARKS
from batches.monitoring.rules.excursions import State
from batches.monitoring.rules.what_if import Change, Said, comparison_from, lots_that_flip


def what_if_rows(rows: Iterable[WhatIfPhase]) -> dict[str, Any]:
    """Return what a replay found: the phases that flip, those that stay as they are, and the lots of the first."""
    compared = [(row, comparison_from(row.content)) for row in rows]
    shown = [
        {
            "lot": row.phase.batch_record.lot.number,
            "url": reverse("lots:detail", args=[row.phase.batch_record.lot.number]),
            "record": row.phase.batch_record.number,
            "phase": row.phase.code,
            "before": _marked(one.before),
            "after": _marked(one.after),
            "changes": [_change(change) for change in one.changes if change.before != change.after],
            "flips": one.flips,
        }
        for row, one in compared
    ]
    return {
        "lots": lots_that_flip((row.phase.batch_record.lot.number, one) for row, one in compared),
        "flipping": [one for one in shown if one["flips"]],
        "same": [one for one in shown if not one["flips"]],
    }


def said_of(what_if: dict[str, Any]) -> str:
    """Return one line on a replay for what is signed."""
    replay = what_if["replay"]
    if replay is None:
        return _("no past batch") if not what_if["past"] else _("not replayed yet")
    words = _("%(flips)s of %(of)s past phases would be judged differently")
    return words % {"flips": replay.flips, "of": replay.of} if replay.finished else _("replay not finished")


def _marked(state: State) -> tuple[str, str]:
    return MARKS[state], str(Evaluation.State(state.value).label)


def _change(change: Change) -> dict[str, str]:
    before, after = _total(change.before), _total(change.after)
    counts = _("%(before)s → %(after)s excursions") % {"before": before, "after": after}
    return {
        "rule": change.rule,
        "before": _word(change.before),
        "after": _word(change.after),
        "counts": "" if before == after else counts,
    }


def _word(said: Said | None) -> str:
    return _("no such rule") if said is None else str(Evaluation.State(said.state.value).label)


def _total(said: Said | None) -> int:
    return 0 if said is None else said.alerts + said.actions
