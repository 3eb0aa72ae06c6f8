"""domain.md 2.2, 8 and 9: late, repeated and shuffled frames give what frames in order give."""

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from batches.excursions.models import Evaluation, Excursion
from batches.excursions.queries.states import states_of
from batches.models import Deviation
from tests.excursions.making import frame

COUNT = 6


def surging(at):
    return 1.0 if 15 <= at <= 35 or 80 <= at <= 95 else 0.2


def outcome(plant, time, order, looks):
    """Send the frames in this order, judging after some of them, end the phase, and tell what is on record."""
    time.after(120)
    for place, number in enumerate(order):
        begin = 20 * number
        plant.send(frame(number, range(begin, begin + 20), surging))
        if looks[place % len(looks)]:
            plant.detect()
    plant.end()
    plant.detect()
    assert states_of(plant.phase).complete
    standing = Excursion.objects.filter(withdrawn_at__isnull=True).order_by("key")
    assert all(row.deviation_id for row in standing if row.level == "action")
    keys = [f"L10:{row.key}" for row in standing if row.level == "action"]
    assert Deviation.objects.filter(origin_key__in=keys).count() == len(keys)
    final = Evaluation.objects.filter(final=True).order_by("version").last()
    return list(standing.values_list("key", "level", "started_at", "ended_at", "peak", "content")), final.content


def taken_back(plant, time, order, looks):
    with transaction.atomic():
        found = outcome(plant, time, order, looks)
        transaction.set_rollback(True)
    plant.phase.refresh_from_db()
    return found


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(range(COUNT)),
    again=st.lists(st.integers(0, COUNT - 1), max_size=3),
    looks=st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_every_order_and_every_repetition_leaves_the_same_record(plant, time, order, again, looks):
    expected = taken_back(plant, time, list(range(COUNT)), [True])
    assert len(expected[0]) == 4
    assert taken_back(plant, time, [*order, *again], looks) == expected
