"""domain.md 2.2, points 6 and 7: what is drawn of a running phase, and where nothing is known."""

import tomllib
from decimal import Decimal

from batches.excursions.rules.excursion_rules import rule_from
from batches.excursions.rules.plots import plots_of, plotted, silences
from batches.readings.rules.signals import signal_of
from tests.excursions.making import PH, SECOND, SHEAR


def rule(text, **changes):
    return rule_from(tomllib.loads(text)["rule"][0] | changes)


LIMITS = dict.fromkeys(("alert_low", "alert_high", "action_low", "action_high"))
SLOPE = {"code": "ph-rate", "kind": "rate", "unit": "[pH]/min", "aggregation": "slope", "window_s": "60"}
RATE = tomllib.loads(PH)["rule"][0] | SLOPE | {"direction": "high"}
RATE = rule_from({key: value for key, value in RATE.items() if key not in LIMITS} | {"action_high": "0.5"})


def test_each_judged_signal_of_each_source_has_one_plot_and_a_rate_joins_it():
    rules = (RATE, rule(PH), rule(SHEAR), rule(PH, code="other", phases=["L1"]))
    plots = plots_of(rules, "L10", {"A": ["ph", "flow"], "B": ["ph"]})
    assert [(plot.source, plot.parameter, [name for name, _rule in plot.rules]) for plot in plots] == [
        ("A", "ph", ["ph@A", "ph-rate@A"]),
        ("B", "ph", ["ph@B", "ph-rate@B"]),
        ("A", "wall_shear", ["shear"]),
    ]
    assert (plots[0].max_gap_s, plots[0].stepped) == (Decimal(180), False)


def test_a_rate_alone_is_drawn_as_its_signal_and_what_cannot_be_computed_is_empty():
    (alone,) = plots_of((RATE,), "L10", {"A": ["ph"]})
    (shear,) = plots_of((rule(SHEAR),), "L10", {"A": ["flow"]})
    sent = {"ph": signal_of([0, SECOND], [7.0, 7.1]), "flow": signal_of([0], [1.0])}
    assert plotted(alone, sent, None).values.tolist() == [7.0, 7.1]
    (plain,) = plots_of((rule(PH),), "L10", {"A": ["ph"]})
    assert plotted(plain, sent, None).values.tolist() == [7.0, 7.1]
    assert len(plotted(shear, sent, None).times) == 0


def test_a_silence_is_longer_than_the_gap_or_has_two_values_for_one_time():
    assert silences(signal_of([], []), max_gap_s=Decimal(5), start=0) == []
    long = signal_of([0, 10 * SECOND, 11 * SECOND], [1, 1, 1])
    assert silences(long, max_gap_s=Decimal(5), start=0) == [(0, 10 * SECOND)]
    assert silences(long, max_gap_s=None, start=0) == []
