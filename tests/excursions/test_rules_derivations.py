"""E-1 to E-13: each derived signal is named by its equation, its geometry's version and the samples it came from."""

from decimal import Decimal

import numpy as np
import pytest

from batches.excursions.rules import derived
from batches.excursions.rules.derivations import DERIVATIONS, Constants, Derived, derive, origin_content
from batches.excursions.rules.geometry import Channel, HollowFibre, geometry_content, geometry_from
from batches.excursions.rules.potency import HalfLife
from batches.readings.rules.parameters import PARAMETERS
from batches.readings.rules.signals import NOT_VALID, signal_of
from gatekeeper.core.refusal import Refusal

SECOND = 1_000_000
FIBRES = HollowFibre(100, Decimal("1.0"), Decimal("0.30"))
OPEN = {"width_m": "1.0", "height_mm": "0.4", "area_m2": "0.5", "screened": False}
EVERYTHING = Constants(
    half_lives=(HalfLife(Decimal(2), Decimal(40), Decimal(96)),),
    salt_points=((Decimal(0), Decimal(0)), (Decimal(45), Decimal("0.5")), (Decimal(85), Decimal(1))),
)
VALUES = {
    "flow": 1.5,
    "permeate_flow": 0.1,
    "volume": 1.0,
    "feed_pressure": 1.2,
    "retentate_pressure": 0.6,
    "permeate_pressure": 0.1,
    "conductivity": 45.0,
    "temperature": 25.0,
}


def steady(value):
    return signal_of([0, SECOND, 2 * SECOND], [value] * 3)


INPUTS = {name: steady(value) for name, value in VALUES.items()}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Derived.WALL_SHEAR, 2546.479089),
        (Derived.WALL_STRESS, 2.546479089),
        (Derived.PARTICLE_SHEAR, 60.0),
        (Derived.PUMP_PASSES, 0.025),
        (Derived.TMP, 0.8),
        (Derived.PRESSURE_DROP, 0.6),
        (Derived.FLUX, 63.661977),
        (Derived.COND25, 45.0),
        (Derived.SALT, 0.5),
        (Derived.POTENCY_LOSS, 8.710358e-7),
    ],
)
def test_each_derivation_gives_the_value_of_its_formula(kind, value):
    found = derive(kind, INPUTS, FIBRES, constants=EVERYTHING)
    assert found.values == pytest.approx([value] * 3, rel=1e-6)
    assert found.good.all()


def test_every_way_of_deriving_is_in_the_table_and_gives_a_parameter_that_nobody_sends():
    assert set(DERIVATIONS) == set(Derived) - {Derived.NONE}
    for row in DERIVATIONS.values():
        assert PARAMETERS[row.parameter].derived
        assert not any(PARAMETERS[name].derived for name in row.inputs)


@pytest.mark.parametrize("kind", [item for item, row in DERIVATIONS.items() if row.geometry])
def test_what_needs_a_module_is_refused_without_one(kind):
    with pytest.raises(Refusal) as refused:
        derive(kind, INPUTS)
    assert refused.value.code == "geometry_required"


@pytest.mark.parametrize("kind", [Derived.PUMP_PASSES, Derived.PARTICLE_SHEAR])
@pytest.mark.parametrize("volume", [0.0, -1.0])
def test_an_empty_vessel_makes_passes_and_doses_unknown(kind, volume):
    found = derive(kind, INPUTS | {"volume": steady(volume)}, FIBRES)
    assert not found.good.any()
    assert (found.marks == NOT_VALID).all()


@pytest.mark.parametrize("conductivity", [-1.0, 86.0])
def test_salt_is_not_extrapolated(conductivity):
    found = derive(Derived.SALT, INPUTS | {"conductivity": steady(conductivity)}, constants=EVERYTHING)
    assert not found.good.any()


def test_a_rule_may_name_its_own_temperature_coefficient():
    warm = INPUTS | {"temperature": steady(35.0)}
    plain = derive(Derived.COND25, warm)
    own = derive(Derived.COND25, warm, constants=Constants(temperature_coefficient=Decimal("0.0191")))
    assert (plain.values[0], own.values[0]) == (37.5, pytest.approx(45 / 1.191))


def test_osmolality_is_estimated_as_a_check():
    assert derived.osmolality_estimate([(0.93, 2, 150)]) == pytest.approx(279)


def test_an_open_channel_has_a_shear_and_a_screened_cassette_has_none():
    assert derived.wall_shear(np.array([1.0]), geometry_from(OPEN))[0] == 625
    turbulent = derived.wall_shear(np.array([63.1, 62.9]), geometry_from(OPEN))
    assert np.isnan(turbulent).tolist() == [True, False]
    for screened in ({"screened": True}, {"screened": None}, {"screened": "no"}):
        module = geometry_from(OPEN | screened)
        assert geometry_content(module)["screened"] is True
        for kind in (Derived.WALL_SHEAR, Derived.WALL_STRESS):
            with pytest.raises(Refusal) as refused:
                derive(kind, INPUTS, module)
            assert refused.value.code == "shear_formula_not_valid"
        assert derive(Derived.FLUX, INPUTS, module).values[0] == 12


def test_the_dose_of_a_particle_needs_the_volume_inside_fibres():
    with pytest.raises(Refusal) as refused:
        derive(Derived.PARTICLE_SHEAR, INPUTS, geometry_from(OPEN))
    assert refused.value.code == "particle_dose_needs_fibres"


def test_a_geometry_tells_whose_version_it_is():
    module = geometry_from(OPEN | {"equipment": "TFF-1", "version": 3})
    assert isinstance(module, Channel)
    told = geometry_content(module)
    assert (told["equipment"], told["version"], told["width_m"], told["area_m2"]) == ("TFF-1", 3, "1.0", "0.5")
    assert geometry_content(None) is None


@pytest.mark.parametrize(
    ("module", "equation", "formula"),
    [(FIBRES, "E-1", "γ = 4Q/(nπr³), Re < 2100"), (geometry_from(OPEN), "E-2", "γ = 6Q/(wh²), Re < 2100")],
)
def test_the_equation_told_is_that_of_the_module(module, equation, formula):
    told = origin_content(Derived.WALL_SHEAR, INPUTS, module)
    assert (told["equation"], told["formula"]) == (equation, formula)


def test_the_samples_told_are_those_of_the_inputs_however_they_came():
    told = origin_content(Derived.TMP, INPUTS, None)
    assert set(told["inputs"]) == set(DERIVATIONS[Derived.TMP].inputs)
    one = told["inputs"]["feed_pressure"]
    assert (one["samples"], one["first_us"], one["last_us"]) == (3, 0, 2 * SECOND)
    shuffled = INPUTS | {"feed_pressure": signal_of([2 * SECOND, 0, SECOND, 0], [1.2] * 4)}
    assert origin_content(Derived.TMP, shuffled, None) == told
    other = INPUTS | {"feed_pressure": signal_of([0, SECOND, 2 * SECOND], [1.2, 1.2, 1.3])}
    assert origin_content(Derived.TMP, other, None)["inputs"]["feed_pressure"]["sha256"] != one["sha256"]
    empty = origin_content(Derived.TMP, INPUTS | {"feed_pressure": signal_of([], [])}, None)
    assert empty["inputs"]["feed_pressure"]["first_us"] is None
    assert origin_content(Derived.NONE, INPUTS, None) is None
