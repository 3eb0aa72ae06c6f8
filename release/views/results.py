"""Results of a lot: entry, review, correction, invalidation; instrument files and their readings."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.core.canonical import digest
from gatekeeper.web import ActionView
from release import queries
from release.actions.files import receive_file, results_from_file
from release.actions.results import correct_result, invalidate_result, record_result, review_results
from release.forms import CorrectionForm, FileForm, FileResultForm, ReasonForm, ResultForm, ResultReviewForm
from release.models import InstrumentFile, Result
from release.rules import specification as rules
from release.rules.dossier import LineFacts
from release.views.gate import OfLot
from release.views.rows import result_rows


class ResultList(OfLot):
    """Every line of the specification with its result, corrected and invalidated ones included."""

    template_name = "release/result_list.html"

    def context(self) -> dict[str, Any]:
        """Return the lines and the files."""
        return {
            "lot": self.lot,
            "dossier": self.dossier,
            "lines": result_rows(self.dossier),
            "files": queries.files_of(self.lot),
            "may_record": "release.record_result" in self.permissions_here,
            "may_review": "release.review_result" in self.permissions_here
            and bool(queries.unreviewed_results_of(self.lot)),
            "may_invalidate": "release.review_result" in self.permissions_here,
        }


class EnterResult(OfLot, ActionView):
    """Enter a result as the laboratory reported it."""

    permission = "release.record_result"
    template_name = "release/result_form.html"
    form_class: Any = ResultForm

    def form_options(self) -> dict[str, Any]:
        """Return the tests to choose from."""
        return {"lines": self.lines(), "lot": self.lot}

    def initial(self) -> dict[str, Any]:
        """Return what the specification says of the test in the address."""
        code = self.request.GET.get("test", "")
        line = next((line for line in self.lines() if line.code == code), None)
        of_line = {"test": line.code, "method": line.method, "unit": line.unit} if line else {}
        return {"analyst": self.request.user.full_name} | of_line

    def lines(self) -> tuple[LineFacts, ...]:
        """Return the lines of the specification in force."""
        specification = queries.specification_for(self.lot, queries.first_market(self.lot), None)
        return rules.lines(specification.content) if specification else ()

    def context(self) -> dict[str, Any]:
        """Return what the form is about."""
        return {"lot": self.lot, "heading": _("Enter a result"), "verb": _("Record")}

    def perform(self, form: Any) -> str:
        """Record the result."""
        record_result(by=self.request.user, command=form.command())
        return reverse("release:result_list", args=[self.lot])


class OneResult(OfLot):
    """A page about one result of the lot."""

    @cached_property
    def result(self) -> Result:
        """The result of the address."""
        return get_object_or_404(queries.results_of(self.lot), pk=self.kwargs["result"])


class CorrectResult(OneResult, EnterResult):
    """Correct a result; the former one stays to be read."""

    form_class = CorrectionForm

    def initial(self) -> dict[str, Any]:
        """Return the former result."""
        names = ("test", "method", "sample", "reported", "unit", "measured_at", "analyst")
        return {name: getattr(self.result, name) for name in names} | {"replicates": "; ".join(self.result.replicates)}

    def context(self) -> dict[str, Any]:
        """Return what the form is about."""
        return {"lot": self.lot, "heading": _("Correct a result"), "verb": _("Record the correction")}

    def perform(self, form: Any) -> str:
        """Record the correction."""
        reason = form.cleaned_data["reason"]
        correct_result(by=self.request.user, result=self.result, command=form.command(), reason=reason)
        return reverse("release:result_list", args=[self.lot])


class InvalidateResult(OneResult, ActionView):
    """Invalidate a result for a proven reason."""

    permission = "release.review_result"
    template_name = "release/result_form.html"
    form_class = ReasonForm

    def context(self) -> dict[str, Any]:
        """Return what the form is about."""
        return {"lot": self.lot, "result": self.result, "heading": _("Invalidate a result"), "verb": _("Invalidate")}

    def perform(self, form: Any) -> str:
        """Invalidate the result."""
        invalidate_result(by=self.request.user, result=self.result, reason=form.cleaned_data["reason"])
        return reverse("release:result_list", args=[self.lot])


class ReviewResults(OfLot, ActionView):
    """Review another analyst's results, signed."""

    permission = "release.review_result"
    template_name = "release/result_review.html"
    form_class = ResultReviewForm

    @cached_property
    def unreviewed(self) -> Any:
        """The results that a second person has not reviewed."""
        return queries.unreviewed_results_of(self.lot)

    def form_options(self) -> dict[str, Any]:
        """Return what can be chosen."""
        return {"results": self.unreviewed}

    def context(self) -> dict[str, Any]:
        """Return what is signed: each chosen result by its content."""
        contents = [queries.result_content(result) for result in self.unreviewed]
        items = [(row["test"], f"{row['reported']} {row['unit']} · {row['analyst']}") for row in contents]
        return {"lot": self.lot, "items": items, "digest": digest(contents)}

    def perform(self, form: Any) -> str:
        """Sign the review."""
        review_results(
            by=self.request.user,
            credentials=form.credentials(self.request),
            results=list(form.cleaned_data["results"]),
        )
        return reverse("release:result_list", args=[self.lot])


class ReceiveFile(OfLot, ActionView):
    """Receive an instrument's file for the lot."""

    permission = "release.record_result"
    template_name = "release/file_form.html"
    form_class = FileForm

    def context(self) -> dict[str, Any]:
        """Return the lot."""
        return {"lot": self.lot}

    def perform(self, form: Any) -> str:
        """Receive the file and show what was read in it."""
        file = receive_file(by=self.request.user, command=form.command(self.lot))
        if any(finding["blocking"] for finding in file.findings):
            messages.warning(self.request, _("The file is stored; some of its readings cannot become results."))
        return reverse("release:file_detail", args=[self.lot, file.pk])


class OneFile(OfLot):
    """A page about one received file of the lot."""

    @cached_property
    def file(self) -> InstrumentFile:
        """The file of the address."""
        return get_object_or_404(queries.files_of(self.lot), pk=self.kwargs["file"])


class MakeResult(OneFile, EnterResult):
    """Make a result of a reading of the file, without typing it."""

    form_class: Any = FileResultForm

    def form_options(self) -> dict[str, Any]:
        """Return the tests to choose from, and the file with its readings."""
        return {"lines": self.lines(), "file": self.file}

    def context(self) -> dict[str, Any]:
        """Return what the form is about."""
        return {"lot": self.lot, "heading": _("Make a result of %(file)s") % {"file": self.file}, "verb": _("Record")}

    def perform(self, form: Any) -> str:
        """Record the result with its place in the file."""
        analyst, commands = form.cleaned_data["analyst"], [form.command()]
        results_from_file(by=self.request.user, file=self.file, analyst=analyst, wanted=commands)
        return reverse("release:file_detail", args=[self.lot, self.file.pk])

    def place(self, form: Any, field: str) -> str:
        """Return the field of the form: the action numbers its results, the page has a single one."""
        return field.removeprefix("results.0.")


class FileDetail(OneFile):
    """A received file: its findings first, then every reading with its place in the file."""

    template_name = "release/file_detail.html"

    def context(self) -> dict[str, Any]:
        """Return the file as its reader understood it."""
        file = self.file
        rows = [
            {
                "state": "action" if row["blocking"] else "alert",
                "label": _("Blocks") if row["blocking"] else _("Note"),
                "sentence": row["message"],
                "who": row["locator"],
                "code": row["code"],
            }
            for row in file.findings
        ]
        return {
            "lot": self.lot,
            "file": file,
            "findings": rows,
            "results": queries.results_from(file),
            "may_record": "release.record_result" in self.permissions_here and bool(file.readings),
        }
