"""How numbers and units are printed for people, on pages and certificates alike."""

import re

from gatekeeper.core.quantity import unit

_POWER = re.compile(r"10\^(-?\d+)")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised(text: str) -> str:
    """Return the text with its powers of ten raised: ``1.0×10^8`` becomes ``1.0×10⁸``."""
    return _POWER.sub(lambda match: "10" + match[1].translate(_SUPERSCRIPT), text)


def unit_label(code: str) -> str:
    """Return the unit for people, empty for none."""
    return unit(code).label if code else ""
