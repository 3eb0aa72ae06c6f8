"""The operator's pages: one step a screen, from the start of a phase to its verification."""

from functools import cached_property
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.actions import execution
from batches.forms import ContentSigningForm, CorrectionForm, EntryForm, ReasonForm, StartForm, UseForm
from batches.queries.deviations import lots_for
from batches.queries.equipment import fit_equipment
from batches.queries.phases import is_measured
from batches.queries.records import ControlView, PhaseView
from batches.rules.recipe import MaterialNeed
from batches.views.records import RecordPage
from batches.views.steps import after_entry, entry_words, hold_of, items_of, linked_steps, next_step
from gatekeeper.accounts.actions.authentication import signer_of
from gatekeeper.accounts.requests import permits
from gatekeeper.web import Page


class PhasePage(RecordPage):
    """Base of the screens of one phase: what stands beside every step."""

    @cached_property
    def phase(self) -> PhaseView:
        """The phase of the address."""
        view = self.view.phase(self.kwargs["code"])
        if view is None:
            raise Http404
        return view

    @cached_property
    def control(self) -> ControlView:
        """The control of the address."""
        for view in self.phase.controls:
            if view.control.code == self.kwargs["control"]:
                return view
        raise Http404

    def context(self) -> dict[str, Any]:
        """Return the phase, its steps, its hold clock and what was prepared."""
        performs = permits(self.request, "batches.perform")
        steps = linked_steps(self.record, self.phase, performs=performs)
        for step in steps:
            step["current"] = step["url"] == self.request.path
        return {
            "record": self.record,
            "view": self.phase,
            "count": len(self.view.phases),
            "steps": steps,
            "live": self.live(),
            "holds": [hold_of(self.phase)] if self.phase.hold else [],
            "entry": entry_words(self.control) if "control" in self.kwargs else None,
        }

    def live(self) -> str:
        """Return where what is measured now can be followed, empty where nothing is."""
        phase = self.phase.phase
        if phase.state != phase.State.RUNNING or not permits(self.request, "readings.view"):
            return ""
        return reverse("excursions:live", args=[self.record]) if is_measured(phase) else ""

    def onwards(self) -> str:
        """Return the address of the phase, which leads to the next step."""
        return reverse("batches:phase", args=[self.record, self.phase.phase.code])


class CurrentStep(PhasePage):
    """Leads to what is to be done next in the phase."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the step, or to the record when the step is closed to the person."""
        done = self.phase.phase.state in {"performed", "verified"}
        if not done and not permits(request, "batches.perform"):
            return redirect("batches:detail", self.record)
        return redirect(next_step(self.record, self.phase))


class Start(PhasePage):
    """Start the phase with its equipment."""

    permission = "batches.perform"
    template_name = "batches/phase_start.html"
    form_class = StartForm

    def form_options(self) -> dict[str, Any]:
        """Return what equipment the phase needs, and which is fit."""
        fit: dict[str, list[str]] = {}
        for unit in fit_equipment(self.record.site):
            fit.setdefault(unit.kind, []).append(unit.code)
        return {"phase": self.phase.recipe, "fit": fit}

    def perform(self, form: Any) -> str:
        """Start."""
        execution.start_phase(by=self.request.user, phase=self.phase.phase, command=form.command())
        return self.onwards()


class UseMaterial(PhasePage):
    """Scan a lot and say how much of it was used."""

    permission = "batches.perform"
    template_name = "batches/phase_material.html"
    form_class = UseForm

    @cached_property
    def need(self) -> MaterialNeed:
        """The material of the address."""
        for need in self.phase.recipe.materials:
            if need.name == self.kwargs["need"]:
                return need
        raise Http404

    def form_options(self) -> dict[str, Any]:
        """Return the need and the released lots that answer it."""
        lots = lots_for(self.need, self.record.site)
        return {"need": self.need, "lots": [lot.number for lot in lots]}

    def context(self) -> dict[str, Any]:
        """Return what was used so far."""
        used = {used.lot for used in self.phase.facts.used if used.need == self.need.name}
        return super().context() | {
            "need": self.need,
            "used": [use for use in self.phase.uses if use.parent.number in used],
        }

    def perform(self, form: Any) -> str:
        """Use the lot."""
        execution.use_lot(by=self.request.user, phase=self.phase.phase, command=form.command())
        return self.onwards()


class Enter(PhasePage):
    """Enter the value of one control."""

    permission = "batches.record_result"
    template_name = "batches/phase_control.html"
    form_class = EntryForm

    def form_options(self) -> dict[str, Any]:
        """Return the control."""
        return {"control": self.control.control}

    def perform(self, form: Any) -> str:
        """Enter."""
        execution.enter_result(by=self.request.user, phase=self.phase.phase, command=form.command())
        return after_entry(self.record, self.phase, self.control)


class Correct(PhasePage):
    """Correct a value with a reason; the former value stays, struck through."""

    permission = "batches.record_result"
    template_name = "batches/phase_correct.html"
    form_class = CorrectionForm

    def form_options(self) -> dict[str, Any]:
        """Return the control."""
        return {"control": self.control.control}

    def perform(self, form: Any) -> str:
        """Correct."""
        execution.correct_result(
            by=self.request.user,
            phase=self.phase.phase,
            command=form.command(),
            reason=form.cleaned_data["reason"],
        )
        return after_entry(self.record, self.phase, self.control)


class NotDone(PhasePage):
    """Say that a control was not done, and why."""

    permission = "batches.record_result"
    template_name = "batches/phase_not_done.html"
    form_class = ReasonForm

    def perform(self, form: Any) -> str:
        """Record it."""
        execution.mark_not_done(
            by=self.request.user,
            phase=self.phase.phase,
            control=self.control.control.code,
            reason=form.cleaned_data["reason"],
        )
        return self.onwards()


class CheckEntry(PhasePage):
    """A second person checks an entry, in their own session or with their own name and password at this screen."""

    template_name = "batches/phase_check.html"

    @property
    def own(self) -> bool:
        """Whether the person of the session can check it without another one's credentials."""
        result = self.control.result
        return result is not None and result.entered_by_id != self.request.user.pk

    def get_form_class(self) -> type[forms.Form]:
        """Return the form: credentials, unless the person of the session checks."""
        return forms.Form if self.own else ContentSigningForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the entry."""
        return self.show(form=self.get_form_class()(), own=self.own)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the entry."""
        self.form_class = self.get_form_class()
        return super().post(request, *args, **kwargs)

    def context(self) -> dict[str, Any]:
        """Return whose check it is."""
        return super().context() | {"own": self.own}

    def perform(self, form: Any) -> str:
        """Check."""
        target: dict[str, Any] = {"phase": self.phase.phase, "control": self.control.control.code}
        if self.own:
            execution.verify_result(by=self.request.user, **target)
        else:
            execution.check_result_here(credentials=form.credentials(self.request), **target)
        return self.onwards()


class Sign(PhasePage):
    """The performer signs for the phase."""

    permission = "batches.perform"
    template_name = "batches/phase_sign.html"
    form_class = ContentSigningForm

    def context(self) -> dict[str, Any]:
        """Return what is signed."""
        return super().context() | {
            "meaning": _("Performed"),
            "verb": _("Sign as performed"),
            "items": items_of(self.phase),
            "digest": self.phase.content_sha256,
            "printed_name": self.request.user.full_name,
        }

    def perform(self, form: Any) -> str:
        """Sign."""
        execution.sign_phase(
            by=self.request.user,
            credentials=form.credentials(self.request),
            phase=self.phase.phase,
            shown_digest=form.cleaned_data["shown_digest"],
        )
        return self.onwards()


class Verify(Sign):
    """Another person verifies the phase, in their own session or at the performer's screen."""

    permission = "batches.view"

    def context(self) -> dict[str, Any]:
        """Return what is signed, by whom it was performed."""
        performed = self.phase.phase.performed_by
        own = performed is not None and performed.pk != self.request.user.pk
        return super().context() | {
            "meaning": _("Checked"),
            "verb": _("Verify with my signature"),
            "printed_name": self.request.user.full_name if own else "",
            "handed_over": not own,
        }

    def perform(self, form: Any) -> str:
        """Verify, as the person whose name and password were typed."""
        credentials = form.credentials(self.request)
        execution.verify_phase(
            by=signer_of(credentials),
            credentials=credentials,
            phase=self.phase.phase,
            shown_digest=form.cleaned_data["shown_digest"],
        )
        return self.onwards()


class Done(Page):
    """The phase is verified: what it holds, and where to go on."""

    permission = "batches.view"
    template_name = "batches/phase_done.html"

    record, view, phase = PhasePage.record, PhasePage.view, PhasePage.phase

    def context(self) -> dict[str, Any]:
        """Return the phase and the one that follows."""
        following = next((row for row in self.view.phases if row.phase.state == "pending"), None)
        return {
            "record": self.record,
            "view": self.phase,
            "count": len(self.view.phases),
            "steps": linked_steps(self.record, self.phase, performs=permits(self.request, "batches.perform")),
            "items": items_of(self.phase),
            "following": following,
        }
