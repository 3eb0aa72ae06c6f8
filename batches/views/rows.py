"""Pages whose form ends in a table of rows: whoever needs more of them gets more, and what was typed stays."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from batches.forms import RowsForm
from gatekeeper.web import ActionView

_MORE = 6


class RowsPage(ActionView):
    """Base of a page with such a form. ``rows`` of them are there before anybody asks for more."""

    rows = 6

    def form_options(self) -> dict[str, Any]:
        """Return how many rows there are: as many as were sent, at least ``rows``."""
        sent = RowsForm.count_in(self.request.POST)
        return {"count": max(self.rows, sent + (_MORE if "more" in self.request.POST else 0))}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Perform the action, or show the form with more rows: nothing is judged or recorded by that."""
        if "more" not in request.POST:
            return super().post(request, *args, **kwargs)
        typed = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        return self.show(form=self.form_class(initial=typed, **self.form_options()))

    def place(self, form: Any, field: str) -> str:
        """Return the field of the row as it was typed: empty rows were not sent on."""
        return form.place_of(field)
