"""Impurities and strength per dose: a concentration times the volume that a patient receives."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from gatekeeper.core.quantity import EXACT, convert, unit
from gatekeeper.core.refusal import Refusal

# Kind of the concentration -> (its unit per millilitre, the unit for a dose).
_DOSE_UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mass_concentration": ("ng/mL", "ng/{dose}"),
        "endotoxin_concentration": ("{EU}/mL", "{EU}/{dose}"),
        "vector_genome_concentration": ("{vg}/mL", "{vg}/{dose}"),
        "transducing_unit_concentration": ("{TU}/mL", "{TU}/{dose}"),
    }
)


def per_dose(concentration: Decimal, unit_code: str, *, dose_volume: Decimal, volume_unit: str) -> tuple[Decimal, str]:
    """Return the amount in one dose, unrounded, and its unit: 2.4 ng/mL in 4.0 mL is 9.60 ``ng/{dose}``.

    :raises Refusal: ``unknown_unit``; ``units_differ_in_kind`` when the unit of the volume is none of a volume;
        ``no_unit_per_dose`` when the concentration's kind has no unit for a dose; ``dose_volume_not_positive``.
    """
    if dose_volume <= 0:
        raise Refusal("dose_volume_not_positive", "The volume of a dose must be above zero.", field="dose_volume")
    kind = unit(unit_code).kind
    if kind not in _DOSE_UNITS:
        raise Refusal("no_unit_per_dose", "“{unit}” has no amount in a dose.", field="unit", unit=unit_code)
    per_millilitre, for_dose = _DOSE_UNITS[kind]
    millilitres = convert(dose_volume, volume_unit, "mL")
    return EXACT.multiply(convert(concentration, unit_code, per_millilitre), millilitres), for_dose
