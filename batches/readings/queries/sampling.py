"""Tags that are sampled too seldom for those who use them: settings name who is asked."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from batches.readings.models import Tag


def sampling_check() -> Callable[[Sequence[Tag]], list[Any]]:
    """Return what gives a row for each rule that a tag is sampled too seldom for: rule_set, rule, tag, times."""
    checks = [import_string(path)() for path in settings.TAG_SAMPLING_CHECKS]
    return lambda tags: [row for check in checks for row in check(tags)]
