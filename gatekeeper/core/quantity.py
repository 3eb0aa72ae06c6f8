"""Numbers with the text as reported, and a closed table of units; only units of one kind convert."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType
from typing import Literal, Self

from gatekeeper.core.refusal import Refusal

# Numbers are bounded below, so that 200 digits hold every product and every rounding without a loss.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
_CONVERSION = Context(prec=60, rounding=ROUND_HALF_UP)
_MOST_DIGITS = 40
_LARGEST_POWER = 40

_NUMBER = re.compile(
    r"(?P<mantissa>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
    r"(?:[eE](?P<e>[+-]?[0-9]{1,4})|\s*[×xX*]\s*10\^(?P<ten>[+-]?[0-9]{1,4}))?"
)
_SUPERSCRIPTS = re.compile("[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN_DIGITS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
# "ND" is left out of every list: it is read both as "not detected" and as "not determined".
_NO_RESULT = frozenset({"n/a", "na", "none", "null", "pending", "tbd", "not tested", "not determined", "not done"})


@dataclass(frozen=True, slots=True)
class Unit:
    """One permitted unit: ``factor`` times a value gives the value in the base unit of its kind."""

    code: str
    ucum: str
    kind: str
    factor: Decimal
    label: str


# code, UCUM code, kind of quantity, factor to the base of the kind, label for people.
# [EU] is the Ehrlich unit in UCUM, so endotoxin is {EU}; UCUM drops {annotations}, so the kind keeps them apart.
_ROWS = (
    ("1", "1", "fraction", "1", ""),
    ("%", "%", "fraction", "0.01", "%"),
    ("[ppm]", "[ppm]", "fraction", "0.000001", "ppm"),
    ("[pH]", "[pH]", "acidity", "1", "pH"),
    ("mS/cm", "mS/cm", "conductivity", "1", "mS/cm"),
    ("S/m", "S/m", "conductivity", "10", "S/m"),
    ("uS/cm", "uS/cm", "conductivity", "0.001", "µS/cm"),
    ("Cel", "Cel", "temperature", "1", "°C"),
    ("Cel/min", "Cel/min", "temperature_rate", "1", "°C/min"),
    ("[pH]/min", "[pH]/min", "acidity_rate", "1", "pH/min"),
    ("mS/cm/min", "mS/cm/min", "conductivity_rate", "1", "mS/cm/min"),
    ("Pa/min", "Pa/min", "pressure_rate", "1", "Pa/min"),
    ("mbar/min", "mbar/min", "pressure_rate", "100", "mbar/min"),
    ("bar/min", "bar/min", "pressure_rate", "100000", "bar/min"),
    ("{pass}/s", "{pass}/s", "pass_rate", "1", "passes/s"),
    ("{log10}/s", "{log10}/s", "log_reduction_rate", "1", "log₁₀/s"),
    ("mosm/kg", "mosm/kg", "osmolality", "1", "mOsm/kg"),
    ("1/s", "1/s", "shear_rate", "1", "s⁻¹"),
    ("Pa", "Pa", "pressure", "1", "Pa"),
    ("mbar", "mbar", "pressure", "100", "mbar"),
    ("kPa", "kPa", "pressure", "1000", "kPa"),
    ("mm[Hg]", "mm[Hg]", "pressure", "133.322387415", "mmHg"),
    ("bar", "bar", "pressure", "100000", "bar"),
    ("MPa", "MPa", "pressure", "1000000", "MPa"),
    ("mPa.s", "mPa.s", "viscosity", "1", "mPa·s"),
    ("mL/h", "mL/h", "flow", "1", "mL/h"),
    ("mL/min", "mL/min", "flow", "60", "mL/min"),
    ("L/h", "L/h", "flow", "1000", "L/h"),
    ("L/min", "L/min", "flow", "60000", "L/min"),
    ("cm/h", "cm/h", "linear_velocity", "1", "cm/h"),
    ("cm/min", "cm/min", "linear_velocity", "60", "cm/min"),
    ("{CV}/h", "{CV}/h", "column_volume_rate", "1", "CV/h"),
    ("L/m2/h", "L/m2/h", "flux", "1", "L/m²/h"),
    ("L/min/m2", "L/min/m2", "flux", "60", "L/min/m²"),
    ("L/m2", "L/m2", "area_load", "1", "L/m²"),
    ("uL", "uL", "volume", "0.001", "µL"),
    ("mL", "mL", "volume", "1", "mL"),
    ("L", "L", "volume", "1000", "L"),
    ("ng", "ng", "mass", "0.001", "ng"),
    ("ug", "ug", "mass", "1", "µg"),
    ("mg", "mg", "mass", "1000", "mg"),
    ("g", "g", "mass", "1000000", "g"),
    ("kg", "kg", "mass", "1000000000", "kg"),
    ("pg/mL", "pg/mL", "mass_concentration", "0.001", "pg/mL"),
    ("ng/mL", "ng/mL", "mass_concentration", "1", "ng/mL"),
    ("ug/mL", "ug/mL", "mass_concentration", "1000", "µg/mL"),
    ("mg/mL", "mg/mL", "mass_concentration", "1000000", "mg/mL"),
    ("mg/L", "mg/L", "mass_concentration", "1000", "mg/L"),
    ("g/L", "g/L", "mass_concentration", "1000000", "g/L"),
    ("ng/mg", "ng/mg", "mass_fraction", "0.001", "ng/mg"),
    ("ug/mg", "ug/mg", "mass_fraction", "1", "µg/mg"),
    ("pg/{dose}", "pg/{dose}", "mass_per_dose", "0.001", "pg/dose"),
    ("ng/{dose}", "ng/{dose}", "mass_per_dose", "1", "ng/dose"),
    ("ug/{dose}", "ug/{dose}", "mass_per_dose", "1000", "µg/dose"),
    ("mmol/L", "mmol/L", "amount_concentration", "1", "mmol/L"),
    ("mM", "mmol/L", "amount_concentration", "1", "mM"),
    ("mol/L", "mol/L", "amount_concentration", "1000", "mol/L"),
    ("{vg}", "{vg}", "vector_genomes", "1", "vg"),
    ("{vg}/mL", "{vg}/mL", "vector_genome_concentration", "1", "vg/mL"),
    ("{vg}/uL", "{vg}/uL", "vector_genome_concentration", "1000", "vg/µL"),
    ("{vg}/{dose}", "{vg}/{dose}", "vector_genomes_per_dose", "1", "vg/dose"),
    ("{vp}", "{vp}", "viral_particles", "1", "vp"),
    ("{vp}/mL", "{vp}/mL", "viral_particle_concentration", "1", "vp/mL"),
    ("{cp}", "{cp}", "capsids", "1", "cp"),
    ("{cp}/mL", "{cp}/mL", "capsid_concentration", "1", "cp/mL"),
    ("{TU}", "{TU}", "transducing_units", "1", "TU"),
    ("{TU}/mL", "{TU}/mL", "transducing_unit_concentration", "1", "TU/mL"),
    ("{TU}/{dose}", "{TU}/{dose}", "transducing_units_per_dose", "1", "TU/dose"),
    ("{IU}", "{IU}", "infectious_units", "1", "IU (infectious)"),
    ("{IU}/mL", "{IU}/mL", "infectious_unit_concentration", "1", "IU/mL (infectious)"),
    ("{copies}", "{copies}", "copies", "1", "copies"),
    ("{copies}/mL", "{copies}/mL", "copy_concentration", "1", "copies/mL"),
    ("{copies}/uL", "{copies}/uL", "copy_concentration", "1000", "copies/µL"),
    ("{copies}/{cell}", "{copies}/{cell}", "copies_per_cell", "1", "copies/cell"),
    ("{copies}/{TU}", "{copies}/{TU}", "copies_per_transducing_unit", "1", "copies/TU"),
    ("{cells}", "{cells}", "cells", "1", "cells"),
    ("10*6{cells}", "10*6{cells}", "cells", "1000000", "×10⁶ cells"),
    ("{cells}/mL", "{cells}/mL", "cell_concentration", "1", "cells/mL"),
    ("10*6{cells}/mL", "10*6{cells}/mL", "cell_concentration", "1000000", "×10⁶ cells/mL"),
    ("ug/10*6{cells}", "ug/(10*6.{cells})", "mass_per_cells", "1", "µg/10⁶ cells"),
    ("U/mL", "U/mL", "enzyme_concentration", "1", "U/mL"),
    ("{rev}/min", "{rev}/min", "rotation", "1", "rpm"),
    ("{EU}/mL", "{EU}/mL", "endotoxin_concentration", "1", "EU/mL"),
    ("{EU}/mg", "{EU}/mg", "endotoxin_per_mass", "1", "EU/mg"),
    ("{EU}/{dose}", "{EU}/{dose}", "endotoxin_per_dose", "1", "EU/dose"),
    ("[CFU]/mL", "[CFU]/mL", "colony_concentration", "1", "CFU/mL"),
    ("[CFU]/(10.mL)", "[CFU]/(10.mL)", "colony_concentration", "0.1", "CFU/10 mL"),
    ("[CFU]/(100.mL)", "[CFU]/(100.mL)", "colony_concentration", "0.01", "CFU/100 mL"),
    ("{pp}/{TU}", "{pp}/{TU}", "particles_per_transducing_unit", "1", "pp:TU"),
    ("{vg}/{IU}", "{vg}/{IU}", "genomes_per_infectious_unit", "1", "vg:IU"),
    ("{vp}/{IU}", "{vp}/{IU}", "particles_per_infectious_unit", "1", "vp:IU"),
    ("{particles}/{vial}", "{particles}/{vial}", "particles_per_container", "1", "particles/vial"),
    ("{vial}", "{vial}", "vials", "1", "vials"),
    ("s", "s", "time", "1", "s"),
    ("min", "min", "time", "60", "min"),
    ("h", "h", "time", "3600", "h"),
    ("d", "d", "time", "86400", "d"),
    ("nm", "nm", "length", "0.000001", "nm"),
    ("um", "um", "length", "0.001", "µm"),
    ("mm", "mm", "length", "1", "mm"),
    ("m", "m", "length", "1000", "m"),
    ("[bp]", "{bp}", "sequence_length", "1", "bp"),
    ("m2", "m2", "area", "1", "m²"),
    ("NTU", "{NTU}", "turbidity", "1", "NTU"),
    ("mAU", "10*-3.{AU}", "absorbance", "1", "mAU"),
)

UNITS: Mapping[str, Unit] = MappingProxyType(
    {code: Unit(code, ucum, kind, Decimal(factor), label) for code, ucum, kind, factor, label in _ROWS}
)


def unit(code: str) -> Unit:
    """Return the unit with this code.

    :raises Refusal: ``unknown_unit`` when the table has no such code; a unit is never guessed.
    """
    row = UNITS.get(code)
    if row is None:
        raise Refusal("unknown_unit", "The unit “{unit}” is not in the table of units.", field="unit", unit=code)
    return row


def convert(value: Decimal, source: str, target: str) -> Decimal:
    """Return the value in the target unit; unchanged, digits and all, when the units are the same.

    :raises Refusal: ``unknown_unit``, or ``units_differ_in_kind`` when the two do not measure the same thing.
    """
    source_unit, target_unit = unit(source), unit(target)
    if source_unit.kind != target_unit.kind:
        raise Refusal(
            "units_differ_in_kind",
            "“{source}” cannot be converted into “{target}”: they measure different things.",
            field="unit",
            source=source,
            target=target,
        )
    if source_unit is target_unit:
        return value
    return _CONVERSION.divide(_CONVERSION.multiply(value, source_unit.factor), target_unit.factor)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: its value and, where it was written as a power of ten, that power."""

    value: Decimal
    power: int | None


def written_number(text: str, *, field: str = "value") -> Number:
    """Return the number that this text writes: ``7.80``, ``2.6e8``, ``2.6×10^8``, ``2.6×10⁸`` or ``2.6x10^8``.

    The value keeps the digits: ``1.0×10^8`` is two digits times ten to the seventh.

    :raises Refusal: ``blank_value``; ``not_a_number`` for anything else, a comma included, because it may part
        thousands or decimals; ``number_out_of_range`` beyond 40 digits or ten to the fortieth.
    """
    stripped = text.strip().replace("−", "-")
    if not stripped:
        raise Refusal("blank_value", "A value is missing.", field=field)
    stripped = _SUPERSCRIPTS.sub(lambda match: "^" + match[0].translate(_PLAIN_DIGITS), stripped)
    match = _NUMBER.fullmatch(stripped)
    if match is None:
        raise Refusal("not_a_number", "“{text}” is not a number.", field=field, text=text)
    power = match["e"] or match["ten"]
    value = Decimal(f"{match['mantissa']}e{power or 0}")
    shape = value.as_tuple()
    # Decimal counts one digit in "0.000", so the exponent is bounded as well.
    if len(shape.digits) > _MOST_DIGITS or max(abs(value.adjusted()), abs(int(shape.exponent))) > _LARGEST_POWER:
        raise Refusal("number_out_of_range", "“{text}” has too many digits.", field=field, text=text)
    return Number(value, int(power) if power else None)


def number(text: str, *, field: str = "value") -> Decimal:
    """Return the value of the number that this text writes, see :func:`written_number`."""
    return written_number(text, field=field).value


def fitting(value: Decimal, *, digits: int, places: int, field: str = "value") -> Decimal:
    """Return the value, when a column of so many digits, so many of them decimal places, holds it as it is.

    :raises Refusal: ``number_out_of_range``; it is never rounded on the way into a record.
    """
    if value.adjusted() >= digits - places or value != value.quantize(Decimal(1).scaleb(-places), context=EXACT):
        raise Refusal("number_out_of_range", "“{text}” has too many digits.", field=field, text=f"{value.normalize()}")
    return value


def decimal_text(value: Decimal) -> str:
    """Return the number for people with all its digits: ``7.80`` or ``1.0×10^8``."""
    mantissa, _, power = str(value).partition("E")
    return f"{mantissa}×10^{int(power)}" if power else mantissa


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured or demanded amount: value, unit code and the text as reported."""

    value: Decimal
    unit: str
    text: str

    @classmethod
    def parse(cls, text: str, unit_code: str, *, field: str = "value") -> Self:
        """Return the quantity that this text and this unit code say.

        :raises Refusal: ``unknown_unit``, ``blank_value``, ``not_a_number``, ``number_out_of_range``.
        """
        return cls(number(text, field=field), unit(unit_code).code, text.strip())

    def converted(self, target: str) -> Decimal:
        """Return the value in another unit of the same kind, see :func:`convert`."""
        return convert(self.value, self.unit, target)

    def __str__(self) -> str:
        return f"{self.text} {unit(self.unit).label}".strip()


type Qualifier = Literal["", "<", ">"]


@dataclass(frozen=True, slots=True)
class Reported:
    """A result as a laboratory reported it: a number, a number behind ``<`` or ``>``, or words (value None)."""

    value: Decimal | None
    qualifier: Qualifier
    text: str

    @classmethod
    def parse(cls, text: str, *, field: str = "value") -> Self:
        """Return the result that this text reports, with the text; ``<0.5`` is never a number and never zero.

        :raises Refusal: ``blank_value`` for blanks and for words that say there is no result; ``ambiguous_result``
            for "ND"; ``not_a_number`` for what begins as a number but is none, and for signs without words.
        """
        stripped = text.strip()
        word = " ".join(stripped.casefold().split())
        if word in _NO_RESULT:
            raise Refusal("blank_value", "“{text}” says that there is no result.", field=field, text=text)
        if word in {"nd", "n.d."}:
            raise Refusal(
                "ambiguous_result", "“{text}” may mean “not detected” or “not determined”.", field=field, text=text
            )
        if stripped[:1].isalpha() and word not in {"nan", "inf", "infinity"}:
            return cls(None, "", stripped)
        qualifier: Qualifier = "<" if stripped.startswith("<") else ">" if stripped.startswith(">") else ""
        return cls(number(stripped.removeprefix(qualifier), field=field), qualifier, stripped)

    @classmethod
    def of(cls, value: Decimal) -> Self:
        """Return a calculated value as a result, written with all its digits."""
        return cls(value, "", decimal_text(value))
