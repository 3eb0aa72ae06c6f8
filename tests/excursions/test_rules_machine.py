"""E-8, G-3: the columnar state machine agrees with one that walks sample by sample."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from batches.excursions.rules.excursions import evaluate, rule_from
from batches.readings.rules.signals import signal_of

SECOND = 1_000_000


def crossing(left, right, level):
    (t0, v0), (t1, v1) = left, right
    return t0 + round(Fraction(level - v0, v1 - v0) * (t1 - t0))


def spans(samples, outside, level):
    """Every span in which the condition holds, walked one sample after the other."""
    found, since = [], None
    for k, (at, value) in enumerate(samples):
        if outside(value) and since is None:
            since = at if k == 0 else crossing(samples[k - 1], samples[k], level)
        elif not outside(value) and since is not None:
            found.append((since, crossing(samples[k - 1], samples[k], level)))
            since = None
    return found if since is None else [*found, (since, samples[-1][0])]


def walked(samples, *, limit, deadband, t_on, t_off, t_merge):
    """Excursions by a machine with two states, moments in order of time; a return goes before an entry."""
    release = limit - deadband
    moments = [(begin, 1) for begin, end in spans(samples, lambda v: v > limit, limit) if end - begin >= t_on] + [
        (begin, 0) for begin, end in spans(samples, lambda v: v <= release, release) if end - begin >= t_off
    ]
    found = []
    inside = True
    for at, entering in sorted(moments):
        if entering and inside:
            if found and at - found[-1][1] < t_merge:
                found[-1] = (found[-1][0], None)
            else:
                found.append((at, None))
            inside = False
        elif not entering and not inside:
            found[-1] = (found[-1][0], at)
            inside = True
    return found


seconds = st.integers(0, 4)


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=40),
    st.integers(0, 3),
    seconds,
    seconds,
    seconds,
)
@settings(max_examples=500, deadline=None)
def test_the_columns_agree_with_the_walk(values, deadband, t_on, t_off, t_merge):
    rule = rule_from(
        {
            "code": "x",
            "version": 1,
            "parameter": "x",
            "unit": "1",
            "signal_type": "linear",
            "kind": "duration",
            "direction": "high",
            "action_high": 8,
            "deadband": deadband,
            "t_on_s": t_on,
            "t_off_s": t_off,
            "t_merge_s": t_merge,
            "max_gap_s": 5,
        }
    )
    samples = [(k * SECOND, value) for k, value in enumerate(values)]
    found = evaluate(signal_of(*zip(*samples, strict=True)), rule, start=0, end=samples[-1][0])
    delays = {"t_on": t_on * SECOND, "t_off": t_off * SECOND, "t_merge": t_merge * SECOND}
    expected = walked(samples, limit=8, deadband=deadband, **delays)
    assert [(excursion.started_us, excursion.ended_us) for excursion in found.excursions] == expected
    for row in found.excursions:
        ended = samples[-1][0] if row.ended_us is None else row.ended_us
        inside = [(at, value) for at, value in samples if row.started_us <= at <= ended]
        assert row.peak == max(value for _at, value in inside)
        assert row.peak_at_us == next(at for at, value in inside if value == row.peak)
