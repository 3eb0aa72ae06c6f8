"""E-1 to E-14: wall shear, pump passes, doses, pressures and compensated conductivity follow their equations."""

from decimal import Decimal

import numpy as np
import pytest

from batches.excursions.rules import derived
from batches.excursions.rules.geometry import HollowFibre, geometry_from
from gatekeeper.core.refusal import Refusal

X1 = HollowFibre(100, Decimal("1.0"), Decimal("0.30"))
X2 = HollowFibre(13, Decimal("1.0"), Decimal("0.30"))
X4_SECONDS = np.array([0.0, 60.0, 120.0, 180.0, 240.0])
X4_SHEAR = np.array([2000.0, 2500.0, 4500.0, 4500.0, 2500.0])


def test_x1_a_hundred_fibres_at_one_and_a_half_litres_a_minute():
    flow = derived.fibre_flow(1.5, X1)
    assert flow.velocity == pytest.approx(0.3183099, rel=1e-6)
    assert flow.shear == pytest.approx(2546.479, rel=1e-6)
    assert flow.shear == pytest.approx(8 * flow.velocity / 0.001)
    assert flow.reynolds == pytest.approx(318.3, abs=0.05)
    assert flow.stress == pytest.approx(2.546479, rel=1e-6)


def test_x2_thirteen_fibres_at_one_litre_a_minute():
    assert derived.fibre_flow(1.0, X2).shear == pytest.approx(13058.87, abs=0.005)
    assert derived.wall_shear(np.array([1.0]), X2)[0] == pytest.approx(13058.87, abs=0.005)


def test_e1_reports_no_shear_where_the_flow_is_not_laminar():
    flow = derived.fibre_flow(1.3, X2)
    assert flow.reynolds > 2100
    assert (flow.shear, flow.stress, flow.reason) == (None, None, "flow_not_laminar")
    assert np.isnan(derived.wall_shear(np.array([1.3]), X2)[0])
    assert np.isnan(derived.wall_shear(np.array([np.nan]), X2)[0])


def test_x3_open_channel_and_refusal_for_a_screened_cassette():
    assert derived.channel_shear(1.0, width_m=1.0, height_m=0.0004, screened=False) == pytest.approx(625)
    with pytest.raises(Refusal) as refused:
        derived.channel_shear(1.0, width_m=1.0, height_m=0.0004, screened=True)
    assert refused.value.code == "shear_formula_not_valid"


def test_x4_dose_time_above_and_excess_dose():
    assert derived.dose(X4_SECONDS, X4_SHEAR) == 825_000
    assert derived.time_above(X4_SECONDS, X4_SHEAR, 4000) == 90
    assert derived.excess_dose(X4_SECONDS, X4_SHEAR, 4000) == 37_500
    assert derived.excess_dose(X4_SECONDS, X4_SHEAR, 1000) == 825_000 - 240_000


def test_x5_pump_passes():
    concentration = derived.pump_passes(1.5, 90, start_l=10, end_l=1)
    diafiltration = derived.pump_passes(1.5, 40, start_l=1, end_l=1)
    assert concentration == pytest.approx(34.53878, abs=5e-6)
    assert diafiltration == pytest.approx(60)
    assert concentration + diafiltration == pytest.approx(94.53878, abs=5e-6)


def test_x6_particle_average_dose():
    assert X1.lumen_ml == pytest.approx(23.56194, abs=5e-6)
    whole = derived.fibre_flow(1.5, X1).shear * 40 * 60
    assert derived.particle_dose(whole, X1, system_ml=1000) == pytest.approx(144_000)


def test_x7_transmembrane_pressure_meets_the_limit_exactly():
    columns = (np.array([1.2]), np.array([0.6]), np.array([0.1]))
    assert derived.transmembrane_pressure(*columns)[0] == 0.8
    assert derived.pressure_drop(np.array([1.2]), np.array([0.6]))[0] == 0.6
    assert derived.transmembrane_pressure(np.array([1.1]), np.array([0.7]), np.array([0.1]))[0] == 0.8


def test_e7_flux_is_permeate_flow_over_area():
    assert X1.area_m2 == pytest.approx(0.0942478, rel=1e-6)
    assert derived.flux(0.942478, X1) == pytest.approx(10, rel=1e-6)


def test_x12_conductivity_at_25_degrees():
    assert derived.conductivity_at_25(np.array([40.0]), np.array([20.0]))[0] == pytest.approx(44.44444, abs=5e-6)
    assert np.isnan(derived.conductivity_at_25(np.array([40.0]), np.array([-30.0]))[0])


def test_x13_slope_of_temperature():
    minutes = np.arange(6.0)
    assert derived.slope(minutes, np.array([5.0, 5.1, 5.4, 5.9, 6.3, 6.8])) == pytest.approx(0.3742857, abs=5e-8)


def test_e14_needs_three_points():
    with pytest.raises(Refusal) as refused:
        derived.slope(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert refused.value.code == "slope_needs_three_points"


def test_k11_diafiltration_residual():
    assert derived.diafiltration_residual(5) == pytest.approx(0.006737947, abs=5e-10)
    assert derived.diafiltration_residual(7) == pytest.approx(0.000911882, abs=5e-10)
    assert derived.diafiltration_residual(5, sieving=0.9) == pytest.approx(0.011108997, abs=5e-10)


def test_k12_yield_of_a_concentration_with_leakage():
    assert derived.concentration_yield(10, rejection=0.995) == pytest.approx(0.9885531, abs=5e-8)


def test_a_geometry_is_read_from_master_data():
    assert geometry_from({"n_fibres": 100, "diameter_mm": "1.0", "length_m": "0.30"}) == X1
    assert geometry_from({"n_fibres": 13, "diameter_mm": 1, "length_m": 1, "viscosity_mpa_s": "1.2"}).n_fibres == 13


def test_every_fault_of_a_geometry_is_named():
    with pytest.raises(Refusal) as refused:
        geometry_from({"n_fibres": "1.5", "diameter_mm": "wide", "density_kg_m3": 0})
    assert [(row.code, row.field) for row in refused.value.all] == [
        ("geometry_not_positive", "n_fibres"),
        ("geometry_not_positive", "diameter_mm"),
        ("geometry_missing", "length_m"),
        ("geometry_not_positive", "density_kg_m3"),
    ]
