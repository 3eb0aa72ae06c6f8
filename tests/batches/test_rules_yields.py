"""K-5, F-5: yields step by step, and none where numerator and denominator do not compare."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.rules.yields import Measure, plasmid_need, steps, total
from gatekeeper.core.limits import Limits, Verdict
from gatekeeper.core.quantity import Quantity

K5 = (
    ("Harvest", "50", "1.2e7", "6.000E+11", None, None),
    ("Clarified", "49.5", "1.1e7", "5.445E+11", "90.750000", "90.750000"),
    ("AEX (diluted)", "2.0", "1.7e8", "3.400E+11", "62.442608", "56.666667"),
    ("UF/DF", "0.5", "5.4e8", "2.700E+11", "79.411765", "45.000000"),
    ("Sterile filtered", "0.48", "3.6e8", "1.728E+11", "64.000000", "28.800000"),
)


def measure(title, volume="1", titre="1e7", **more):
    fields = {
        "analyte": "{TU}",
        "method": "FACS",
        "method_version": "1",
        "volume": Quantity.parse(volume, "L") if volume else None,
        "concentration": Quantity.parse(titre, "{TU}/mL") if titre else None,
    }
    return Measure(phase=title, title=title, **(fields | more))


def six(value):
    return None if value is None else str(value.quantize(Decimal("0.000001")))


def test_the_table_of_yields_is_exact():
    rows = steps([measure(title, volume, titre) for title, volume, titre, *_ in K5])
    for row, (title, _, _, amount, step, overall) in zip(rows, K5, strict=True):
        assert (row.title, row.total) == (title, Decimal(amount))
        assert (six(row.step_percent), six(row.overall_percent)) == (step, overall)
        assert row.verdict is Verdict.INSIDE


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"analyte": "{vg}", "concentration": Quantity.parse("1e7", "{vg}/mL")}, "{vg} and {TU} do not compare"),
        ({"method": "qPCR"}, "qPCR 1 and FACS 1 do not compare"),
        ({"method_version": "2"}, "FACS 2 and FACS 1 do not compare"),
        ({"volume": None}, "a measured value is missing"),
        ({"concentration": None}, "a measured value is missing"),
    ],
)
def test_what_does_not_compare_is_not_computable(more, why):
    limits = Limits(None, None, Decimal(50), None, "%")
    rows = steps([measure("in"), measure("out", **more, step_limits=limits)])
    assert (rows[1].step_percent, rows[1].overall_percent) == (None, None)
    assert rows[1].why_not == why
    assert rows[1].verdict is Verdict.UNKNOWN


def test_nothing_is_divided_by_nothing():
    rows = steps([measure("in", titre="0"), measure("out")])
    assert rows[1].step_percent is None


def test_a_first_measure_that_is_missing_is_unknown():
    assert steps([measure("in", volume="")])[0].verdict is Verdict.UNKNOWN


def test_a_step_is_computable_where_the_whole_is_not():
    rows = steps([measure("in", method="p24"), measure("mid"), measure("out")])
    assert rows[2].step_percent == 100
    assert rows[2].overall_percent is None
    assert rows[2].why_not == "FACS 1 and p24 1 do not compare"


def test_a_yield_outside_its_limits_is_judged():
    limits = Limits(None, None, Decimal(85), Decimal(110), "%")
    rows = steps([measure("in"), measure("out", titre="8e6", step_limits=limits)])
    assert rows[1].verdict is Verdict.ACTION


amounts = st.decimals(min_value="0.1", max_value="1000", places=3)


@given(amounts, amounts, amounts)
def test_overall_is_the_product_of_the_steps(first, second, third):
    rows = steps([measure(name, str(volume)) for name, volume in (("a", first), ("b", second), ("c", third))])
    product = rows[1].step_percent * rows[2].step_percent / 100
    assert abs(product - rows[2].overall_percent) < Decimal("1e-15") * max(1, product)


@given(amounts)
def test_the_total_does_not_depend_on_the_unit_of_volume(volume):
    litres = measure("a", str(volume))
    millilitres = replace(litres, volume=Quantity.parse(str(volume * 1000), "mL"))
    assert total(litres) == total(millilitres)


def test_the_plasmid_that_a_transfection_needs():
    """K-15: 150 mg in all, split 4:1:1:1."""
    need = plasmid_need(
        viable_cells=Quantity.parse("2.5", "10*6{cells}/mL"),
        volume=Quantity.parse("50", "L"),
        ug_per_million_cells=Decimal("1.2"),
        parts={"transfer": Decimal(4), "gag_pol": Decimal(1), "rev": Decimal(1), "envelope": Decimal(1)},
    )
    assert sum(need.values()).quantize(Decimal("0.000001")) == Decimal(150)
    assert six(need["transfer"]) == "85.714286"
    assert six(need["rev"]) == "21.428571"
