"""Who did what for a lot, from which separation of duties is judged. domain.md 7.5."""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from batches.models import BatchRecord
from batches.queries.records import RecordView, record_view
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from release.models import Result, Review
from release.queries.results import results_of
from release.rules.dossier import Duty

type _Deed = tuple[Person | None, str, str]  # person, duty, subject


def duties_of(record: BatchRecord) -> tuple[Duty, ...]:
    """Return who did what for the batch, each once."""
    return duties_in(record_view(record, now()), list(results_of(record.lot)))


def duties_in(view: RecordView | None, results: Sequence[Result]) -> tuple[Duty, ...]:
    """Return who did what by this record and these results, each once, in the record's order."""
    deeds = [*_making(view), *_testing(results), *_reviewing(view)]
    duties = (Duty(p.username, p.full_name, duty, subject) for p, duty, subject in deeds if p is not None)
    return tuple(dict.fromkeys(duties))


def _making(view: RecordView | None) -> Iterable[_Deed]:
    for phase in view.phases if view else ():
        row, subject = phase.phase, f"phase {phase.phase.code}"
        yield from ((row.started_by, "performed", subject), (row.performed_by, "performed", subject))
        yield (row.verified_by, "verified", subject)
        yield from ((use.used_by, "performed", subject) for use in phase.uses)
        for entry in row.results.all():
            yield from ((entry.entered_by, "entered", subject), (entry.verified_by, "verified", subject))


def _testing(results: Sequence[Result]) -> Iterable[_Deed]:
    for result in results:
        yield from ((result.entered_by, "tested", result.test), (result.reviewed_by, "reviewed_result", result.test))
    for person in _analysts(results):
        yield (person, "tested", "the lot")


def _reviewing(view: RecordView | None) -> Iterable[_Deed]:
    if view is None:
        return
    yield (view.record.reviewed_by, "reviewed_production", view.record.number)
    for review in Review.objects.filter(batch_record=view.record).select_related("reviewed_by").order_by("id"):
        yield (review.reviewed_by, "reviewed_quality", view.record.number)


def _analysts(results: Sequence[Result]) -> Iterable[Person]:
    # An instrument or a LIMS reports the analyst as text: a person of that name is taken for the tester.
    named = Q(pk__in=[])
    for name in {result.analyst.strip() for result in results}:
        named |= Q(full_name__iexact=name) | Q(username__iexact=name)
    return Person.objects.filter(named).order_by("username")
