"""Units as other systems write them: by UCUM, or by the common codes of UNECE Recommendation 20 that OPC UA sends.

The table is closed in every spelling. Codes: UN/CEFACT Recommendation 20, as in the OPC Foundation's map of it to
OPC UA (OPC 10000-8, 5.6.3); what that recommendation has no code for has none here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gatekeeper.core.quantity import UNITS, Unit
from gatekeeper.core.refusal import Refusal

UNECE: Mapping[str, str] = MappingProxyType(
    {
        "1": "C62",
        "%": "P1",
        "[ppm]": "59",
        "[pH]": "Q30",
        "mS/cm": "H61",
        "S/m": "D10",
        "uS/cm": "G42",
        "Cel": "CEL",
        "Cel/min": "H13",
        "1/s": "C97",
        "Pa": "PAL",
        "mbar": "MBR",
        "kPa": "KPA",
        "mm[Hg]": "HN",
        "bar": "BAR",
        "MPa": "MPA",
        "mPa.s": "C24",
        "mL/h": "G55",
        "mL/min": "41",
        "L/h": "E32",
        "L/min": "L2",
        "cm/h": "H49",
        "uL": "4G",
        "mL": "MLT",
        "L": "LTR",
        "ug": "MC",
        "mg": "MGM",
        "g": "GRM",
        "kg": "KGM",
        "mg/L": "M1",
        "g/L": "GL",
        "mmol/L": "M33",
        "mol/L": "C38",
        "{rev}/min": "RPM",
        "s": "SEC",
        "min": "MIN",
        "h": "HUR",
        "d": "DAY",
        "nm": "C45",
        "um": "4H",
        "mm": "MMT",
        "m": "MTR",
        "m2": "MTK",
    }
)
# Further codes of that recommendation for the very same units: a cubic decimetre is a litre, a centipoise a mPa·s.
ALSO: Mapping[str, str] = MappingProxyType(
    {
        "C35": "mol/L",
        "C7": "mPa.s",
        "CMQ": "mL",
        "DMQ": "L",
        "E92": "L/h",
        "F23": "g/L",
        "G48": "mL/h",
        "G49": "mL/min",
        "J92": "L/min",
        "M46": "{rev}/min",
    }
)
# The code of the table comes last, so that it wins: two of its units may share one UCUM code.
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    dict(ALSO)
    | {unece: code for code, unece in UNECE.items()}
    | {row.ucum: code for code, row in UNITS.items()}
    | {code: code for code in UNITS}
)


def unit_spelled(text: str, *, field: str = "unit") -> Unit:
    """Return the unit that is written by its code of the table, by UCUM or by UNECE Recommendation 20.

    :raises Refusal: ``unknown_unit``; a unit is never guessed; case matters.
    """
    code = _SPELLINGS.get(text.strip())
    if code is None:
        raise Refusal("unknown_unit", "The unit “{unit}” is not in the table of units.", field=field, unit=text)
    return UNITS[code]


def unit_id_of(unece: str) -> int:
    """Return the UnitId that OPC UA sends for a UNECE code: its letters as the bytes of a number (OPC 10000-8)."""
    return int.from_bytes(unece.encode("ascii"), "big")


def unece_of(unit_id: int) -> str:
    """Return the UNECE code that an OPC UA UnitId stands for, empty when there is none: -1 means "not known"."""
    if not 0 < unit_id < 1 << 24:
        return ""
    letters = unit_id.to_bytes(3, "big").lstrip(b"\0")
    return letters.decode("ascii") if letters.isascii() and letters.isalnum() else ""
