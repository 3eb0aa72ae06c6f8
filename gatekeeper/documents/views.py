"""Pages of controlled documents, for every kind: the list, import, one version, approval, retirement, export."""

from functools import cached_property, partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gatekeeper.accounts.clock import now
from gatekeeper.accounts.requests import permits
from gatekeeper.core.canonical import digest
from gatekeeper.core.documents import DocumentKind
from gatekeeper.core.refusal import Refusal
from gatekeeper.documents import queries
from gatekeeper.documents.actions.documents import approve_document, import_document, retire_document
from gatekeeper.documents.forms import ApprovalForm, ImportForm, RetirementForm
from gatekeeper.documents.models import Document
from gatekeeper.documents.presentation import VERBS, file_of, mark_of, place_in_file, rows_of
from gatekeeper.documents.rules.statuses import DOCUMENT
from gatekeeper.doors import STATUS, sentence
from gatekeeper.ledger.queries import signatures_of
from gatekeeper.web import ActionView, ImportView, Page

_VERBS = {"draft": "approve", "approved": "retire"}
_FORMS = {"approve": ApprovalForm, "retire": RetirementForm}


class DocumentPage(Page):
    """A page of one kind of document: each address has a class of its own, which declares its permission."""

    kind: ClassVar[DocumentKind]


class DocumentList(DocumentPage):
    """Every version of every document of the kind."""

    template_name = "documents/document_list.html"

    def context(self) -> dict[str, Any]:
        """Return one page of versions."""
        pages = Paginator(queries.documents_of(self.kind), 50).get_page(self.request.GET.get("page"))
        return {
            "kind": self.kind,
            "pages": pages,
            "rows": rows_of(self.kind, pages, now()),
            "import_url": reverse(f"documents:{self.kind.code}_import")
            if permits(self.request, self.kind.author)
            else "",
        }


class ImportDocument(ImportView, DocumentPage):
    """Import a draft from a TOML file: every fault is named with its line and its path."""

    form_class = ImportForm

    def context(self) -> dict[str, Any]:
        """Return the words of the page."""
        back = {"label": self.kind.titles, "url": reverse(f"documents:{self.kind.code}_list")}
        return {"heading": self.heading, "text": self.kind.text, "back": back}

    def perform(self, form: Any) -> Document:
        """Import."""
        source, reason = form.cleaned_data["file"].read(), form.cleaned_data["reason"]
        return import_document(by=self.request.user, kind=self.kind, source=source, reason=reason)

    def refused(self, form: Any, refusal: Refusal) -> HttpResponse:
        """Return the page with each fault, and where in the file it is."""
        for fault in refusal.all:
            field = "reason" if fault.field == "reason" else "file"
            place = place_in_file(fault.params, fault.field) if field == "file" else ""
            form.add_error(field, ValidationError(f"{place}{sentence(fault)}", code=fault.code))
        return self.show(form=form, refusal=refusal, status=STATUS[refusal.kind])


class DocumentDetail(DocumentPage):
    """One version: its content, what differs from the version before, its signatures, and what can be done with it."""

    template_name = "documents/document_detail.html"
    verb: ClassVar[str] = ""

    @cached_property
    def document(self) -> Document:
        """The version of the address."""
        rows = queries.documents_of(self.kind)
        return get_object_or_404(rows, code=self.kwargs["code"], version=self.kwargs["version"])

    def context(self) -> dict[str, Any]:
        """Return the version as it is shown, and the form by which it is approved or retired."""
        row, verb = self.document, self.verb or self._verb()
        shown = digest(
            queries.signed_content(row, "document.retire") if verb == "retire" else queries.approval_content(row)
        )
        content = self.kind.present(row, self.request)
        before, changed = queries.predecessor(row), queries.differences_of(row)
        return {
            "kind": self.kind,
            "document": row,
            "mark": mark_of(row, now()),
            "facts": [(fact.label, fact.of(row.content)) for fact in self.kind.facts],
            "content": content,
            "before": before,
            "difference_columns": (_("Value"), str(before), str(row)),
            "differences": [(change.path, change.before or "–", change.after or "–") for change in changed],
            "signatures": signatures_of(row, partial(queries.signed_content, row)),
            "list_url": f"documents:{self.kind.code}_list",
            "export_url": self._address("export"),
            "verb": verb,
            "form": _FORMS[verb]() if verb else None,
            "url": self._address(verb) if verb else "",
            "meaning": next((line.meaning for line in DOCUMENT if line.verb == verb), ""),
            "button": VERBS.get(verb, ""),
            "digest": shown,
            "items": [
                (self.kind.title, str(row)),
                (_("Author"), row.authored_by),
                (_("Supersedes"), str(before or "–")),
                (_("Values that differ"), len(changed)),
                *content.get("items", ()),
            ],
        }

    def _address(self, name: str) -> str:
        return reverse(f"documents:{self.kind.code}_{name}", args=[self.document.code, self.document.version])

    def _verb(self) -> str:
        """Return what the person may do with the version: approve, retire or nothing."""
        row = self.document
        verb = "" if row.effective_until else _VERBS.get(row.status, "")
        own = verb == "approve" and row.authored_by_id == self.request.user.pk
        return "" if own or not permits(self.request, self.kind.approve) else verb


class ApproveDocument(DocumentDetail, ActionView):
    """Approve a draft, from the page that shows what is signed."""

    verb = "approve"
    form_class = ApprovalForm

    def perform(self, form: Any) -> Document:
        """Approve."""
        return approve_document(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=self.sites[0],
            document=self.document,
            effective_date=form.cleaned_data["effective_date"],
            shown_digest=self.request.POST.get("shown_digest", ""),
        )


class RetireDocument(DocumentDetail, ActionView):
    """Retire a version, from the page that shows it."""

    verb = "retire"
    form_class = RetirementForm

    def perform(self, form: Any) -> Document:
        """Retire."""
        return retire_document(
            by=self.request.user,
            credentials=form.credentials(self.request),
            site=self.sites[0],
            document=self.document,
            reason=form.cleaned_data["reason"],
        )


class ExportDocument(DocumentDetail):
    """The file of a version, byte for byte as it came."""

    def show(self, *, status: int = 200, **more: Any) -> HttpResponse:
        """Return the file."""
        return file_of(self.document)
