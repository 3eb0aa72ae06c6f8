"""What apps above contribute to the review of a batch record: settings name them."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from batches.models import BatchRecord


def contributed_review_content(record: BatchRecord) -> dict[str, Any]:
    """Return what the reviewer's signature covers of other apps, by the name that each gives it."""
    contents = [import_string(path)(record) for path in settings.BATCH_REVIEW_CONTENT]
    return {name: value for content in contents for name, value in content.items()}


def check_may_be_reviewed(record: BatchRecord) -> None:
    """Pass when nothing that a review covers is still being computed.

    :raises Refusal: those of the checks that settings name.
    """
    for path in settings.BATCH_REVIEW_CHECKS:
        import_string(path)(record)
