"""What apps that watch batch records add to what a reviewer signs: they know the records, the records not them."""

from collections.abc import Callable
from typing import Any

from batches.models import BatchRecord

type Part = Callable[[BatchRecord], dict[str, Any]]
type Check = Callable[[BatchRecord], None]
_parts: list[Part] = []
_checks: list[Check] = []


def also_reviewed(part: Part, *, check: Check) -> None:
    """Have every review cover this part of the record's content, and wait until the check passes."""
    _parts.append(part)
    _checks.append(check)


def reviewed_beside(record: BatchRecord) -> dict[str, Any]:
    """Return what the reviewer's signature covers of other apps, by the name that each gives it."""
    return {name: value for part in _parts for name, value in part(record).items()}


def check_may_be_reviewed(record: BatchRecord) -> None:
    """Pass when nothing that a review covers is still being worked out.

    :raises Refusal: those of the apps that watch batch records.
    """
    for check in _checks:
        check(record)
