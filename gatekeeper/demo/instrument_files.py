"""Simulated instruments: bytes in the layouts of Bio-Rad QX Manager and Nova FLEX2 for given true values.

Chance comes only from the caller's generator, so the same seed writes the same bytes.
"""

import csv
import io
import math
import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from gatekeeper.instruments.nova_flex2 import COLUMNS

_QX_MANAGER_COLUMNS = (
    "Well,Sample description 1,Sample description 2,Sample description 3,Sample description 4,Target,Conc(copies/µL),"
    "pg/µL,Status,Status Reason,Experiment,SampleType,TargetType,Supermix,DyeName(s),Copies/20µLWell,TotalConfMax,"
    "TotalConfMin,PoissonConfMax,PoissonConfMin,Accepted Droplets,Positives,Negatives,Copies/uL linked molecules,CNV,"
    "TotalCNVMax,TotalCNVMin,PoissonCNVMax,PoissonCNVMin,ReferenceCopies,UnknownCopies,Threshold1,Threshold2,"
    "Threshold3,ThresholdSigmaAbove,ThresholdSigmaBelow,ReferenceUsed,Ratio,TotalRatioMax,TotalRatioMin,"
    "PoissonRatioMax,PoissonRatioMin,Fractional Abundance,TotalFractionalAbundanceMax,TotalFractionalAbundanceMin,"
    "PoissonFractionalAbundanceMax,PoissonFractionalAbundanceMin,MeanAmplitudeOfPositives,MeanAmplitudeOfNegatives,"
    "MeanAmplitudeTotal,ExperimentComments,MergedWells,TotalConfidenceMax68,TotalConfidenceMin68,"
    "PoissonConfidenceMax68,PoissonConfidenceMin68,TotalCNVMax68,TotalCNVMin68,PoissonCNVMax68,PoissonCNVMin68,"
    "TotalRatioMax68,TotalRatioMin68,PoissonRatioMax68,PoissonRatioMin68,TotalFractionalAbundanceMax68,"
    "TotalFractionalAbundanceMin68,PoissonFractionalAbundanceMax68,PoissonFractionalAbundanceMin68,TiltCorrected,"
    "Ch1+Ch2+,Ch1+Ch2-,Ch1-Ch2+,Ch1-Ch2-"
)
_NOVA_FLEX2_COLUMNS = (
    "Date & Time,Sample ID,Sample Type,Gln,Glu,Gluc,Lac,NH4+,Na+,K+,Ca++,pH,PO2,PCO2,Osm,Total Density,Viable Density,"
    "Viability,Avg. Live Diameter,Total Live Count,Total Cell Count,Live Cell Std. Deviation,Cell Inspection Type,"
    "Pre-Dilution Multiplier,Cell Density Dilution,Valid Images,Vessel ID,Batch ID,Cell Type,Vessel Temperature (°C),"
    "Vessel Pressure (psi),Sparging O2%,Chemistry Dilution Ratio,pH @ Temp,PCO2 @ Temp,PO2 @ Temp,O2 Saturation,"
    "CO2 Saturation,HCO3,Chemistry Flow Time,pH / Gas Flow Time,Cell Density Flow,Tray Location,Time In Tray,"
    "Sample Time,Operator,"
)
QX_MANAGER_HEADER = tuple(next(csv.reader([_QX_MANAGER_COLUMNS])))
NOVA_FLEX2_HEADER = tuple(next(csv.reader([_NOVA_FLEX2_COLUMNS])))
_DROPLET_VOLUME_UL = 0.00085  # Bio-Rad's constant, as the reader's layout states it
_DROPLETS_MEAN, _DROPLETS_SD, _DROPLETS_LEAST = 19_500, 900, 12_000
_DECIMALS = {
    "glutamine": 2,
    "glutamate": 2,
    "glucose": 2,
    "lactate": 2,
    "ammonium": 2,
    "potassium": 2,
    "calcium": 2,
    "total_cell_density": 2,
    "viable_cell_density": 2,
    "ph": 3,
    "ph_at_temperature": 3,
    "osmolality": 0,
    "live_cell_count": 0,
    "total_cell_count": 0,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One assay in a well: name, dye, true concentration in copies per µL of reaction, and its role."""

    name: str
    dye: str
    concentration: Decimal
    role: str = "Unknown"


@dataclass(frozen=True, slots=True)
class Well:
    """One read well: ``clusters`` are the droplets positive in both, only the first, only the second, no channel."""

    position: str
    sample: str
    targets: tuple[Target, ...]
    clusters: tuple[int, int, int, int]
    sample_type: str = "Unknown"
    experiment: str = "DQ"

    @property
    def accepted(self) -> int:
        """The accepted droplets of the well, the same for every target."""
        return sum(self.clusters)

    def positives(self, place: int) -> int:
        """The droplets that are positive for the first (0) or second (1) target."""
        return self.clusters[0] + self.clusters[1 + place]


def simulated_well(
    rng: random.Random,
    *,
    position: str,
    sample: str,
    targets: Sequence[Target],
    sample_type: str = "Unknown",
    accepted: int | None = None,
) -> Well:
    """A well of one or two targets with droplets drawn from the Poisson model of digital PCR.

    ``accepted`` fixes the number of accepted droplets, else it is drawn as a good run gives it.
    """
    if accepted is None:
        accepted = max(_DROPLETS_LEAST, round(rng.gauss(_DROPLETS_MEAN, _DROPLETS_SD)))
    shares = [-math.expm1(-float(target.concentration) * _DROPLET_VOLUME_UL) for target in targets]
    second_share = shares[1] if len(shares) > 1 else 0.0
    first = rng.binomialvariate(accepted, shares[0])
    both = rng.binomialvariate(first, second_share)
    second_only = rng.binomialvariate(accepted - first, second_share)
    clusters = (both, first - both, second_only, accepted - first - second_only)
    return Well(position, sample, tuple(targets), clusters, sample_type)


def _single(value: float) -> str:
    """The value as QX Manager prints it: rounded to single precision, fifteen digits."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"{rounded:.15g}"


def _concentration_of(negatives: float, accepted: int) -> float:
    return max(0.0, -math.log(negatives / accepted) / _DROPLET_VOLUME_UL)


def _interval(negatives: int, accepted: int, z: float) -> tuple[str, str]:
    """Upper and lower Poisson confidence bound: the binomial interval of the negative share, turned into copies."""
    spread = z * math.sqrt(negatives * (accepted - negatives) / accepted)
    most = min(float(accepted), negatives + spread)
    least = max(0.5, negatives - spread)
    return _single(_concentration_of(least, accepted)), _single(_concentration_of(most, accepted))


def _qx_result(well: Well, place: int) -> dict[str, str]:
    target = well.targets[place]
    positives = well.positives(place)
    negatives = well.accepted - positives
    called = negatives > 0 and not (well.sample_type == "NTC" and positives == 0)
    cells = {
        "Well": well.position,
        "Sample description 1": well.sample,
        "Target": target.name,
        "Conc(copies/µL)": "No Call",
        "Status": "OK" if called else "CHECK",
        "Status Reason": "" if called else "Automatic Analysis Unsuccessful",
        "Experiment": well.experiment,
        "SampleType": well.sample_type,
        "TargetType": target.role,
        "Supermix": "ddPCR Supermix for Probes (No dUTP)",
        "DyeName(s)": target.dye,
        "Accepted Droplets": str(well.accepted),
        "Positives": str(positives),
        "Negatives": str(negatives),
        "TiltCorrected": "No",
    }
    cells |= dict(zip(QX_MANAGER_HEADER[-4:], map(str, well.clusters), strict=True))
    if called:
        concentration = _concentration_of(negatives, well.accepted)
        cells["Conc(copies/µL)"] = _single(concentration)
        cells["Copies/20µLWell"] = _single(concentration * 20)
        cells["PoissonConfMax"], cells["PoissonConfMin"] = _interval(negatives, well.accepted, 1.96)
        cells["PoissonConfidenceMax68"], cells["PoissonConfidenceMin68"] = _interval(negatives, well.accepted, 1.0)
    return cells


def _csv(header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return out.getvalue()


def qx_manager_csv(wells: Sequence[Well]) -> bytes:
    """A QX Manager result file of 73 columns, one row for each target of each well."""
    rows = [_qx_result(well, place) for well in wells for place in range(len(well.targets))]
    return (_QX_MANAGER_COLUMNS + "\n" + _csv(QX_MANAGER_HEADER, rows)).encode()


@dataclass(frozen=True, slots=True)
class FlexSample:
    """One FLEX2 row; ``measured_at`` is aware, in the site's zone.

    ``values`` maps a parameter of the reader to its number, or to the very text that the cell shall hold.
    """

    sample: str
    measured_at: datetime
    values: Mapping[str, Decimal | str]
    sample_type: str = "Default"
    operator: str = ""
    batch: str = ""
    vessel: str = ""
    cell_type: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def simulated_flex_sample(
    rng: random.Random,
    *,
    sample: str,
    measured_at: datetime,
    values: Mapping[str, Decimal | str],
    operator: str,
    batch: str = "",
    sample_type: str = "Default",
) -> FlexSample:
    """A complete row: the given values (pH, osmolality, ...) with plausible ones for what was not given."""

    def near(middle: float, spread: float) -> Decimal:
        return Decimal(str(round(max(0.0, rng.gauss(middle, spread)), 4)))

    total = near(2.4, 0.2)
    live_share = Decimal(str(round(rng.uniform(0.93, 0.98), 3)))
    counted = rng.randint(900, 1400)
    drawn: dict[str, Decimal | str] = {
        "glutamine": near(2.1, 0.2),
        "glutamate": near(0.6, 0.05),
        "glucose": near(4.2, 0.3),
        "lactate": near(1.1, 0.1),
        "ammonium": near(1.2, 0.1),
        "sodium": near(128, 2),
        "potassium": near(5.2, 0.2),
        "calcium": near(0.9, 0.05),
        "po2": near(150, 6),
        "pco2": near(38, 2),
        "bicarbonate": near(19, 1),
        "oxygen_saturation": near(99, 0.2),
        "carbon_dioxide_saturation": near(5.2, 0.2),
        "vessel_temperature": Decimal("37.0"),
    }
    if sample_type != "Simple":
        drawn |= {
            "total_cell_density": total,
            "viable_cell_density": total * live_share,
            "viability": 100 * live_share,
            "average_live_diameter": near(15.2, 0.3),
            "total_cell_count": Decimal(counted),
            "live_cell_count": Decimal(int(counted * live_share)),
        }
    merged = {**drawn, **values}
    warm = {f"{name}_at_temperature": merged[name] for name in ("ph", "po2", "pco2") if name in merged}
    return FlexSample(sample, measured_at, warm | merged, sample_type, operator, batch)


def _printed(parameter: str, value: Decimal | str) -> str:
    return value if isinstance(value, str) else f"{value:.{_DECIMALS.get(parameter, 1)}f}"


def _clock(moment: datetime) -> str:
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year}  {hour}:{moment:%M:%S} {half}"


def _flex_row(row: FlexSample) -> dict[str, str]:
    names = {column.parameter: column.name for column in COLUMNS} | {"vessel_temperature": "Vessel Temperature (°C)"}
    cells = {
        "Date & Time": _clock(row.measured_at),
        "Sample ID": row.sample,
        "Sample Type": row.sample_type,
        "Pre-Dilution Multiplier": "1.00",
        "Chemistry Dilution Ratio": "1:1",
        "Vessel ID": row.vessel,
        "Batch ID": row.batch,
        "Cell Type": row.cell_type,
        "Sample Time": _clock(row.measured_at),
        "Operator": row.operator,
    }
    return {**cells, **row.settings, **{names[key]: _printed(key, value) for key, value in row.values.items()}}


def nova_flex2_csv(
    device: str, rows: Sequence[FlexSample], *, exported_at: datetime | None = None
) -> tuple[str, bytes]:
    """File name and bytes of a FLEX2 export, two minutes after the last sample unless ``exported_at`` is given."""
    moment = exported_at or max(row.measured_at for row in rows) + timedelta(minutes=2)
    header = ",".join(f'"{name}"' for name in NOVA_FLEX2_HEADER[:-1]) + ",\n"
    content = header + _csv(NOVA_FLEX2_HEADER, [_flex_row(row) for row in rows])
    return f"SampleResults{device}{moment:%Y-%m-%d_%H%M%S}.csv", content.encode()
