"""The suite: equipment, skids with their tags, cell bank and buffers: what is there before a batch begins."""

from datetime import timedelta
from typing import Any

from gatekeeper.demo.process import MODULE_100, TAGS
from gatekeeper.demo.story.stage import SITE, Stage

# code, name, kind (as the masters ask for it), geometry
EQUIPMENT: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("INC-01", "Incubator 1", "incubator", {}),
    ("BIO-50", "Bioreactor, 50 L", "bioreactor", {}),
    ("MIX-01", "Mixing vessel 1", "mixing_vessel", {}),
    ("DEP-01", "Depth filtration skid", "filtration_skid", {}),
    ("AKTA01", "Chromatography skid", "chromatography_skid", {}),
    ("TFF01", "Tangential-flow skid", "tff_skid", {}),
    ("HF-0117", "Hollow-fibre module, 100 fibres", "hollow_fibre_module", {}),
    ("HF-0118", "Hollow-fibre module, 100 fibres", "hollow_fibre_module", {}),
    ("COLD01", "Cold room probe", "temperature_probe", {}),
    ("SF-2211", "Sterile filter 0.2 µm", "sterile_filter", {}),
    ("FILL-01", "Filling line", "filling_line", {}),
    ("FRZ-80", "Freezer −80 °C", "freezer", {}),
)
# source, code, name, kind, and the tags that the sensor measures
SENSORS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("TFF01", "FT-101", "Flow sensor, feed", "flow_sensor", ("FI101",)),
    ("TFF01", "FT-102", "Flow sensor, permeate", "flow_sensor", ("FI102",)),
    ("TFF01", "PT-101", "Pressure sensor, feed", "pressure_sensor", ("PI101",)),
    ("TFF01", "PT-102", "Pressure sensor, retentate", "pressure_sensor", ("PI102",)),
    ("TFF01", "PT-103", "Pressure sensor, permeate", "pressure_sensor", ("PI103",)),
    ("TFF01", "AE-101", "pH electrode", "ph_electrode", ("AI101",)),
    ("TFF01", "CE-101", "Conductivity cell with thermometer", "conductivity_cell", ("CI101", "TI101")),
    ("TFF01", "WT-101", "Load cell of the vessel", "load_cell", ("WI101",)),
    ("AKTA01", "AE-201", "pH electrode", "ph_electrode", ("AI201",)),
    ("AKTA01", "CE-201", "Conductivity cell with thermometer", "conductivity_cell", ("CI201", "TI201")),
)
MODULES = {"HF-0117": MODULE_100, "HF-0118": MODULE_100}
RANGES = {
    "flow": ("0", "10"),
    "permeate_flow": ("0", "5"),
    "pressure": ("0", "10"),
    "feed_pressure": ("-1", "6"),
    "retentate_pressure": ("-1", "6"),
    "permeate_pressure": ("-1", "6"),
    "ph": ("0", "14"),
    "conductivity": ("0", "200"),
    "temperature": ("-10", "60"),
    "osmolality": ("0", "2000"),
    "volume": ("0", "100"),
    "absorbance": ("-100", "3000"),
}


def equip(stage: Stage) -> None:
    """Register equipment and the skids that will send readings."""
    sensors: tuple[tuple[Any, ...], ...] = tuple((code, name, kind, {}) for _source, code, name, kind, _tags in SENSORS)
    for code, name, kind, geometry in EQUIPMENT + sensors:
        stage["mei"].post(
            "equipment/",
            {
                "code": code,
                "name": name,
                "kind": kind,
                "site": SITE,
                "geometry": geometry or _geometry(code),
                "calibration_due_date": (stage.present + timedelta(days=200)).date().isoformat(),
            },
        )
    for source, tags in TAGS.items():
        stage["mei"].post(
            "sources/",
            {
                "code": source,
                "name": next(name for code, name, *_ in EQUIPMENT if code == source),
                "equipment": source,
                "tags": [
                    {
                        "code": code,
                        "parameter": tag.parameter,
                        "unit": tag.unit,
                        "range_low": RANGES[tag.parameter][0],
                        "range_high": RANGES[tag.parameter][1],
                        "signal_type": tag.signal_type,
                        "sampling_s": str(tag.sampling_s),
                        "sensor": _sensor(source, code),
                    }
                    for code, tag in tags.items()
                ],
            },
        )


def codes_for(kinds: list[str], module: str) -> list[str]:
    """Return the code of the equipment of each kind; for a hollow-fibre module, this one."""
    by_kind: dict[str, str] = {kind: code for code, _, kind, _ in EQUIPMENT}
    return [module if kind == "hollow_fibre_module" else by_kind[kind] for kind in kinds]


def _sensor(source: str, tag: str) -> str:
    return next((code for at, code, _name, _kind, tags in SENSORS if at == source and tag in tags), "")


def _geometry(code: str) -> dict[str, Any]:
    module = MODULES.get(code)
    if module is None:
        return {}
    return {
        "n_fibres": module.n_fibres,
        "diameter_mm": str(module.diameter_mm),
        "length_m": str(module.length_m),
    }
