"""Forms of alarms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from batches.excursions.actions.alarms import Acknowledge
from batches.forms import ReasonField


class AcknowledgeForm(forms.Form):
    """The comment of a person who acknowledges an excursion; only the action knows when it must be something."""

    comment = ReasonField(label=_("What you saw, or did"), max_length=400)

    def __init__(self, *args: Any, asked: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["comment"].asked = asked

    def command(self) -> Acknowledge:
        """Return the command that the serializer gives too."""
        return Acknowledge(**self.cleaned_data)
