"""The closed table of what a skid can measure, and of what is derived from it: code, words, unit of the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from batches.readings.rules.signals import LARGEST, Signal, each_time_once
from gatekeeper.core.quantity import convert, unit
from gatekeeper.core.refusal import Refusal


class SignalType(StrEnum):
    """What happens between two samples: a straight line, the last value carried forward, or nothing."""

    LINEAR = "linear"
    HOLD = "hold"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One kind of signal: ``unit`` is what formulas and rules take; ``derived`` ones are computed, never sent.

    ``signal_type`` is that of a tag that says nothing else (domain.md E-8).
    """

    code: str
    title: str
    unit: str
    derived: bool = False
    signal_type: SignalType = SignalType.LINEAR


_ROWS = (
    Parameter("flow", "Feed flow", "L/min"),
    Parameter("permeate_flow", "Permeate flow", "L/min"),
    Parameter("pressure", "Pressure", "bar"),
    Parameter("feed_pressure", "Feed pressure", "bar"),
    Parameter("retentate_pressure", "Retentate pressure", "bar"),
    Parameter("permeate_pressure", "Permeate pressure", "bar"),
    Parameter("ph", "pH", "[pH]"),
    Parameter("conductivity", "Conductivity", "mS/cm"),
    Parameter("conductivity_compensated", "Conductivity, compensated by its probe", "mS/cm"),
    Parameter("temperature", "Temperature", "Cel"),
    Parameter("osmolality", "Osmolality", "mosm/kg", signal_type=SignalType.HOLD),  # measured at the line, by samples
    Parameter("volume", "Volume", "L"),
    Parameter("absorbance", "Absorbance", "mAU"),
    Parameter("agitation", "Agitation", "{rev}/min"),
    Parameter("dissolved_oxygen", "Dissolved oxygen", "%"),
    Parameter("wall_shear", "Wall shear", "1/s", derived=True),
    Parameter("wall_stress", "Wall shear stress", "Pa", derived=True),
    Parameter("particle_shear", "Shear on a particle, averaged over the system", "1/s", derived=True),
    Parameter("pass_rate", "Pump passes", "{pass}/s", derived=True),
    Parameter("tmp", "Transmembrane pressure", "bar", derived=True),
    Parameter("pressure_drop", "Pressure drop", "bar", derived=True),
    Parameter("flux", "Permeate flux", "L/m2/h", derived=True),
    Parameter("conductivity_25", "Conductivity at 25 °C", "mS/cm", derived=True),
    Parameter("salt", "Salt (NaCl)", "mol/L", derived=True),
    Parameter("potency_loss", "Loss of potency", "{log10}/s", derived=True),
)
PARAMETERS: Mapping[str, Parameter] = MappingProxyType({row.code: row for row in _ROWS})


def parameter(code: str, *, field: str = "parameter") -> Parameter:
    """Return the row of the table for this code.

    :raises Refusal: ``unknown_parameter``.
    """
    found = PARAMETERS.get(code)
    if found is None:
        raise Refusal("unknown_parameter", "The parameter “{code}” is not in the table.", field=field, code=code)
    return found


def measured(code: str, *, field: str = "parameter") -> Parameter:
    """Return the row of a parameter that a source can send.

    :raises Refusal: ``unknown_parameter``, ``parameter_is_derived``.
    """
    found = parameter(code, field=field)
    if found.derived:
        raise Refusal("parameter_is_derived", "“{title}” is computed here, never sent.", field=field, title=found.title)
    return found


def factor(source: str, target: str) -> float:
    """Return what a value in the source unit is multiplied by to be in the target unit.

    :raises Refusal: ``unknown_unit``, ``units_differ_in_kind``.
    """
    return float(convert(unit(source).factor, source, target) / unit(source).factor)


def rate_factor(source: str, target: str) -> float:
    """Return what a change a minute in the source unit is multiplied by to be in the target unit of a rate.

    :raises Refusal: ``unknown_unit``, ``units_differ_in_kind``.
    """
    changing, rate = unit(source), unit(target)
    if rate.kind != f"{changing.kind}_rate":
        raise Refusal(
            "units_differ_in_kind",
            "{source} and {target} are different kinds of quantity.",
            field="unit",
            source=source,
            target=target,
        )
    return float(changing.factor / rate.factor)


def sent_signal(signal: Signal, *, unit: str, code: str, low: Decimal | None, high: Decimal | None) -> Signal:
    """Return a tag's signal in the unit of its parameter, with what its sensor cannot measure marked as not good."""
    bottom = -LARGEST if low is None else max(float(low), -LARGEST)
    top = LARGEST if high is None else min(float(high), LARGEST)
    good = (signal.values >= bottom) & (signal.values <= top) & signal.good
    scale = factor(unit, parameter(code).unit)
    values = signal.values if scale == 1 else signal.values * scale
    # Put into order last, so that a signal in parts and the whole of it conflict at the same times.
    return each_time_once(Signal(signal.times, values, good, signal.void))
