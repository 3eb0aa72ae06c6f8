"""Links from the subject of a finding to the page where it is cleared."""

from django.urls import reverse

from release.rules.gate import Subject

# Kind of a subject -> name of its page; the key, split at slashes, gives the arguments.
_PAGES = {
    "lot": "lots:detail",
    "batch_record": "batches:detail",
    "phase": "batches:phase",
    "deviation": "batches:deviation_detail",
    "excursion": "excursions:excursion_detail",
    "phase_signals": "excursions:phase_signals",
    "review": "release:review",
    "results": "release:result_list",
    "specifications": "documents:specification_list",
}


def link_to(subject: Subject) -> str:
    """Return the address of the page of this subject, empty where it has none."""
    name = _PAGES.get(subject.kind)
    if name is None:
        return ""
    return reverse(name, args=subject.key.split("/") if subject.key else [])
