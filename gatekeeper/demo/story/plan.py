"""What the demonstration makes: a lentiviral lot with a shear excursion, an AAV lot, and one that stays blocked.

Every number here is simulated. Titres of the phases are the same analyte by the same method, so yields can be formed.
"""

from decimal import Decimal

from gatekeeper.demo.process import Fault, FaultKind
from gatekeeper.demo.story.batch import Batch
from gatekeeper.demo.story.plasmids import AAV, LENTIVIRAL

_LV_VALUES = {
    "L1": {"cell_density": "2.1", "viability": "96.4"},
    "L4": {"viability": "84"},
    "L5": {"viability": "81", "harvest_titre": "1.2e9"},
    "L7": {"turbidity": "4.2", "clarified_volume": "49.5", "clarified_titre": "1.1e9"},
    "L8": {"time_to_dilution": "6", "eluate_conductivity": "15.0", "eluate_volume": "5.0", "eluate_titre": "8.0e9"},
    "L10": {"retentate_osmolality": "324", "retentate_volume": "0.50", "retentate_titre": "6.6e10"},
    "L12": {"bioburden": "0", "bubble_point": "3.6", "filtrate_volume": "0.48", "filtrate_titre": "5.2e10"},
    "L13": {"rejected_vials": "1", "labels_unaccounted": "0", "vials_filled": "84", "fill_deviation": "1.8"},
    "L14": {"time_to_freezer": "25"},
}
_LV_HOURS = {"L1": 96.0, "L2": 48.0, "L3": 1.0, "L4": 20.0, "L5": 28.0, "L6": 1.2, "L7": 2.0, "L12": 0.5, "L13": 2.0}
_LV_SKID_RUNS = {"L8": "aex", "L10": "uf_df", "L11": "hold"}

SHEARED = Batch(
    number="BR-2026-0041",
    lot="LV-2026-0041",
    master="LV-3G",
    vector="LV",
    constructs=LENTIVIRAL,
    seed=41,
    module="HF-0117",
    flow_l_min=1.0,
    skid_runs=_LV_SKID_RUNS,
    values=_LV_VALUES,
    # The pump runs up to the shear of X2, 13 059 1/s at the wall: 7.7 L/min through 100 fibres of 1.0 mm
    faults={"L10": (Fault(FaultKind.SHEAR, at_s=900, duration_s=90),)},
    hours=_LV_HOURS,
)
CLEAN = Batch(
    number="BR-2026-0042",
    lot="AAV-2026-0007",
    master="AAV-3P",
    vector="AAV",
    constructs=AAV,
    seed=42,
    module="HF-0118",
    flow_l_min=1.0,
    skid_runs={"A8": "affinity", "A9": "aex", "A10": "uf_df"},
    values={
        "A1": {"viability": "97.1"},
        "A3": {"harvest_titre": "9.5e10"},
        "A4": {"lysed_cells": "96"},
        "A6": {"turbidity": "5.1", "clarified_volume": "49.0", "clarified_titre": "9.2e10"},
        "A8": {"time_to_neutral": "4", "eluate_volume": "1.5", "eluate_titre": "2.55e12"},
        "A9": {"full_capsids": "78", "pool_volume": "1.2", "pool_titre": "2.75e12"},
        "A10": {"retentate_osmolality": "333", "retentate_volume": "0.20", "retentate_titre": "1.60e13"},
        "A11": {
            "bioburden": "0",
            "bubble_point": "3.7",
            "filtrate_volume": "0.195",
            "filtrate_titre": "1.58e13",
            "labels_unaccounted": "0",
            "vials_filled": "60",
        },
    },
    hours={"A1": 96.0, "A2": 1.0, "A3": 72.0, "A4": 2.0, "A5": 2.0, "A6": 3.0},
    feed_infectious=Decimal("1.7E9"),
    feed_physical=Decimal("2.8E12"),
)
BLOCKED = Batch(
    number="BR-2026-0043",
    lot="LV-2026-0042",
    master="LV-3G",
    vector="LV",
    constructs=LENTIVIRAL,
    seed=43,
    module="HF-0118",
    flow_l_min=1.0,
    skid_runs=_LV_SKID_RUNS,
    values=_LV_VALUES,
    # The pH probe falls silent during diafiltration: what is not known is not good.
    faults={"L10": (Fault(FaultKind.DROPOUT, at_s=1700, duration_s=1000, tag="AI101"),)},
    hours=_LV_HOURS,
)
