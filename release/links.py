"""From what a finding is about to the page where it is cleared."""

from django.urls import reverse

from release.rules.gate import Subject

# The kind of a subject, the name of its page; the parts of its key are the arguments.
_PAGES = {
    "lot": "lots:detail",
    "batch_record": "batches:detail",
    "phase": "batches:phase",
    "deviation": "batches:deviation_detail",
    "excursion": "excursions:excursion_detail",
    "phase_signals": "excursions:phase_signals",
    "review": "release:review",
    "results": "release:result_list",
    "specifications": "release:specification_list",
}


def link_to(subject: Subject) -> str:
    """Return the address of the page of this subject, empty where it has none."""
    name = _PAGES.get(subject.kind)
    if name is None:
        return ""
    return reverse(name, args=subject.key.split("/") if subject.key else [])
