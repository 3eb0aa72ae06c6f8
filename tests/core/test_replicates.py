"""C-6, C-7, C-8, C-10: replicates are averaged only as fixed in advance, and amounts are given for a dose."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.doses import per_dose
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.replicates import (
    Average,
    ReplicateScheme,
    cv_percent,
    geometric_cv_percent,
    geometric_mean,
    mean,
    reportable,
    standard_deviation,
    validity,
)
from gatekeeper.core.rounding import RoundingRule, rounded_text

TITRES = [Decimal("2.4e8"), Decimal("2.9e8"), Decimal("2.6e8")]
POSITIVE = st.lists(st.decimals(min_value="0.001", max_value=10**12, places=3), min_size=2, max_size=6)


def seven(value):
    return f"{value:.6e}"


def test_the_worked_example_of_three_titres():
    assert seven(mean(TITRES)) == "2.633333e+8"
    assert seven(standard_deviation(TITRES)) == "2.516611e+7"
    assert seven(cv_percent(TITRES)) == "9.556752e+0"
    assert seven(geometric_mean(TITRES)) == "2.625392e+8"
    assert seven(geometric_cv_percent(TITRES)) == "9.520932e+0"
    assert rounded_text(mean(TITRES), "1.0×10^8", RoundingRule.USP) == "2.6×10^8"


@pytest.mark.parametrize(
    ("texts", "centre", "deviation"),
    [
        (("26.0", "41.9", "39.7"), "35.86667", "8.615296"),
        (("1.45", "2.32", "2.51"), "2.093333", "0.565184"),
        (("23", "33", "30"), "28.66667", "5.131601"),
    ],
)
def test_published_validation_lots_give_their_published_spread(texts, centre, deviation):
    values = [Decimal(text) for text in texts]
    assert f"{mean(values):.7g}" == centre
    assert str(standard_deviation(values)).startswith(deviation)


def test_published_validation_lots_give_their_published_cv():
    assert seven(cv_percent([Decimal("26.0"), Decimal("41.9"), Decimal("39.7")])) == "2.402034e+1"
    assert seven(cv_percent([Decimal("1.45"), Decimal("2.32"), Decimal("2.51")])) == "2.699925e+1"


def test_equal_values_have_exactly_their_own_geometric_mean():
    assert geometric_mean([Decimal("10.05")] * 3) == Decimal("10.05")


def test_a_spread_equal_to_its_limit_is_valid_and_a_little_more_is_not():
    pair = [Decimal(1), Decimal(3)]
    cv = cv_percent(pair)
    assert validity(pair, cv).valid
    result = validity(pair, Decimal("70.7"))
    assert (result.valid, result.code, result.cv) == (False, "cv_above_limit", cv)
    assert result.reason == "The %CV of 70.71 is above 70.7."


def test_replicates_around_zero_are_invalid_and_have_no_cv():
    zeros = [Decimal(0), Decimal(0)]
    result = validity(zeros, Decimal(20))
    assert (result.valid, result.cv, result.code) == (False, None, "cv_undefined")
    with pytest.raises(Refusal, match="not positive"):
        cv_percent(zeros)


@pytest.mark.parametrize("statistic", [standard_deviation, cv_percent, lambda values: validity(values, Decimal(20))])
def test_one_value_has_no_spread(statistic):
    with pytest.raises(Refusal) as refused:
        statistic([Decimal(-1)])
    assert refused.value.code == "too_few_replicates"


def test_a_geometric_mean_needs_values_above_zero():
    with pytest.raises(Refusal) as refused:
        geometric_mean([Decimal(1), Decimal(0)])
    assert refused.value.code == "value_not_positive"


def test_without_a_scheme_every_single_value_must_comply():
    assert reportable(TITRES, None) == tuple(TITRES)


def test_a_scheme_reports_its_own_average():
    arithmetic = ReplicateScheme(3, Decimal(30), Average.ARITHMETIC)
    geometric = ReplicateScheme(3, Decimal(30), Average.GEOMETRIC)
    assert reportable(TITRES, arithmetic) == (mean(TITRES),)
    assert reportable(TITRES, geometric) == (geometric_mean(TITRES),)


@pytest.mark.parametrize(
    ("count", "max_cv", "code"), [(2, "30", "replicates_miscounted"), (3, "9.5", "replicates_invalid")]
)
def test_replicates_outside_their_scheme_are_refused(count, max_cv, code):
    with pytest.raises(Refusal) as refused:
        reportable(TITRES, ReplicateScheme(count, Decimal(max_cv), Average.ARITHMETIC))
    assert refused.value.code == code


def test_nothing_measured_is_nothing_to_report():
    with pytest.raises(Refusal) as refused:
        reportable([], None)
    assert refused.value.code == "too_few_replicates"


@given(POSITIVE)
def test_the_means_lie_between_the_extremes_and_the_geometric_one_is_never_larger(values):
    hair = max(values) * Decimal("1e-26")
    assert min(values) - hair <= geometric_mean(values) <= mean(values) + hair <= max(values) + 2 * hair


@pytest.mark.parametrize(
    ("volume", "limit", "expected"),
    [("4.0", "10", "10"), ("4.0", "10.0", "9.6"), ("4.2", "10", "10"), ("4.2", "10.0", "10.1")],
)
def test_residual_dna_is_given_for_the_volume_of_a_dose(volume, limit, expected):
    amount, unit = per_dose(Decimal("2.4"), "ng/mL", dose_volume=Decimal(volume), volume_unit="mL")
    assert unit == "ng/{dose}"
    assert rounded_text(amount, limit, RoundingRule.USP) == expected


def test_the_units_of_a_dose_are_converted_first():
    amount = per_dose(Decimal("0.0024"), "ug/mL", dose_volume=Decimal("0.004"), volume_unit="L")
    assert amount == (Decimal("9.6"), "ng/{dose}")
    assert per_dose(Decimal("2e13"), "{vg}/mL", dose_volume=Decimal(2), volume_unit="mL")[1] == "{vg}/{dose}"


@pytest.mark.parametrize(
    ("unit", "volume", "volume_unit", "code"),
    [
        ("[pH]", "4", "mL", "no_unit_per_dose"),
        ("ng/mL", "0", "mL", "dose_volume_not_positive"),
        ("ng/mL", "4", "mg", "units_differ_in_kind"),
        ("ng/ml", "4", "mL", "unknown_unit"),
    ],
)
def test_an_impossible_dose_is_refused(unit, volume, volume_unit, code):
    with pytest.raises(Refusal) as refused:
        per_dose(Decimal(1), unit, dose_volume=Decimal(volume), volume_unit=volume_unit)
    assert refused.value.code == code
