"""The steps of a phase in words: what is done, what is next, what a signature covers."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from batches.models import BatchRecord
from batches.queries.records import ControlView, PhaseView
from batches.views.words import reported, verdict_mark


def steps_of(record: BatchRecord, view: PhaseView) -> list[dict[str, Any]]:
    """Return the steps of the phase in order, for components/progress.html."""
    state, used = view.phase.state, {used.need for used in view.facts.used}
    steps = [_step(record, view, _("Start"), "start", done=state != "pending")]
    for need in view.recipe.materials:
        label = _("Use %(need)s") % {"need": _(need.title)}
        steps.append(_step(record, view, label, "material", need.name, done=need.name in used))
    for control in view.controls:
        steps.append(_step(record, view, control.control.title, "enter", control.control.code) | _entered(control))
        if control.control.critical:
            steps.append(_check_step(record, view, control))
    steps.append(_step(record, view, _("Sign as performed"), "sign", done=state in {"performed", "verified"}))
    steps.append(_step(record, view, _("Verify"), "verify", done=state == "verified"))
    if view.void:
        steps[-2]["state"], steps[-2]["mark"] = "action", _("Void: sign again")
    return [{**step, "number": number} for number, step in enumerate(steps, start=1)]


def linked_steps(record: BatchRecord, view: PhaseView, *, performs: bool) -> list[dict[str, Any]]:
    """Return the steps of the phase, linked only for whoever performs them."""
    return [step if performs else {**step, "url": ""} for step in steps_of(record, view)]


def next_step(record: BatchRecord, view: PhaseView) -> str:
    """Return the address of what is to be done next."""
    facts = view.facts
    if view.phase.state in {"performed", "verified"}:
        if not facts.performed_signature_valid:
            return _url("sign", record, view)
        if view.phase.state == "performed" or not facts.verified_signature_valid:
            return _url("verify", record, view)
        return _url("done", record, view)
    undone = (step["url"] for step in steps_of(record, view) if not step["done"])
    return next(undone, _url("sign", record, view))


def after_entry(record: BatchRecord, view: PhaseView, control: ControlView) -> str:
    """Return where an entry leads: to its check where a second person must check it, else onwards."""
    if control.control.critical:
        return _url("check", record, view, control.control.code)
    return reverse("batches:phase", args=[record, view.phase.code])


def items_of(view: PhaseView) -> list[tuple[str, str]]:
    """Return what a signature on the phase covers, in words."""
    items = [(_("Step"), f"{view.phase.code} {view.phase.title}")]
    items += [(_("Equipment"), use.equipment.code) for use in view.phase.equipment_uses.all()]
    items += [(_("Lot used"), f"{use.parent.number}: {use.quantity.normalize():f} {use.unit}") for use in view.uses]
    for control in view.controls:
        if control.result is not None:
            mark = verdict_mark(control.result, control.control)["label"]
            items.append((control.control.title, f"{reported(control.result)} · {mark}"))
    return items


def entry_words(view: ControlView) -> dict[str, Any]:
    """Return the result of a control, its former values and its mark, in words."""
    return {
        "control": view.control,
        "result": view.result,
        "text": reported(view.result) if view.result else "",
        "mark": verdict_mark(view.result, view.control),
        "former": [(reported(row), row) for row in view.former],
        "deviation": view.deviation,
    }


def _step(record: BatchRecord, view: PhaseView, label: str, name: str, *args: Any, **options: Any) -> dict[str, Any]:
    done = options.get("done", False)
    step = {"label": label, "url": _url(name, record, view, *args), "done": done, "state": "", "mark": ""}
    return step | {"state": "inside", "mark": _("Done")} if done else step


def _entered(control: ControlView) -> dict[str, Any]:
    if control.result is None:
        return {}
    # The word alone: the list stands in a narrow column beside the work.
    word = control.result.get_verdict_display().capitalize()
    state = verdict_mark(control.result, control.control)["state"]
    return {"done": True, "state": state, "mark": word, "note": reported(control.result)}


def _check_step(record: BatchRecord, view: PhaseView, control: ControlView) -> dict[str, Any]:
    result = control.result
    done = result is not None and (result.not_done or result.verified_by_id is not None)
    return _step(record, view, _("Second person checks"), "check", control.control.code, done=done)


def hold_of(view: PhaseView) -> dict[str, Any]:
    """Return the hold time before the phase for components/clock.html."""
    clock, hold = view.hold, view.recipe.hold
    if clock is None or hold is None:
        raise ValueError(view.phase.code)
    seconds = int((1 - hold.alert_percent / 100) * clock.limit_h * 3600)
    return {
        "label": _("Hold since %(phase)s") % {"phase": clock.after},
        "deadline": clock.ends_at,
        "limit": _("of %(hours)s h") % {"hours": clock.limit_h},
        "warn_seconds": seconds,
        "running": view.phase.state == "pending",
        "elapsed": f"{clock.elapsed_h:.1f} h",
        "state": clock.verdict.value,
    }


def _url(name: str, record: BatchRecord, view: PhaseView, *args: Any) -> str:
    return reverse(f"batches:phase_{name}", args=[record.number, view.phase.code, *args])
