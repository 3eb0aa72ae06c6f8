"""Pages of lists: searched by a word, narrowed by choices, fifty rows at a time."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.paginator import Page as Rows
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from gatekeeper.web import Page

_ROWS = 50  # on a page


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Rows:
    """Return the page of the rows that the address names, the first one without."""
    return Paginator(rows, _ROWS).get_page(request.GET.get("page"))


class ListPage(Page):
    """A page of a list.

    The template gets the rows under ``name``, the ``word`` that they are searched for, ``choices`` for
    components/filters.html, and whether the list is ``filtered``.
    """

    name: ClassVar[str] = ""

    def filters(self) -> dict[str, tuple[str, Iterable[tuple[str, Any]]]]:
        """Return label and choices (value, label) of each parameter that narrows the list."""
        return {}

    def rows(self, word: str, **chosen: str) -> QuerySet[Any]:
        """Return the rows; a parameter that nobody chose is empty."""
        raise NotImplementedError

    def prepare(self, row: Any) -> None:
        """Add to a row what the page shows beside its record."""

    def context(self) -> dict[str, Any]:
        """Return one page of rows with what they are narrowed by."""
        word = self.request.GET.get("q", "")
        filters = {name: (label, dict(choices)) for name, (label, choices) in self.filters().items()}
        sent = {name: self.request.GET.get(name, "") for name in filters}
        chosen = {name: value if value in filters[name][1] else "" for name, value in sent.items()}
        rows = page_of(self.request, self.rows(word, **chosen))
        for row in rows:
            self.prepare(row)
        choices = [_choice(name, *filters[name], chosen[name]) for name in filters]
        return {self.name: rows, "word": word, "choices": choices, "filtered": bool(word or any(chosen.values()))}


def _choice(name: str, label: str, choices: dict[str, Any], chosen: str) -> dict[str, Any]:
    options = [{"value": value, "label": text, "selected": value == chosen} for value, text in choices.items()]
    return {
        "name": name,
        "label": label,
        "options": [{"value": "", "label": _("All"), "selected": not chosen}, *options],
    }
