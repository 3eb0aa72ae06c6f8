"""Whether the name of a tag says what the tag measures: loop names after ISA-5.1, such as ``PI101`` or ``FIC-12.PV``.

The first letter of a loop name is the measured variable. A name that looks like one and names another variable than
the tag's parameter is refused; any other name is free.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from batches.readings.rules.parameters import PARAMETERS, parameter
from gatekeeper.core.refusal import Refusal

_PRESSURES = frozenset({"pressure", "feed_pressure", "retentate_pressure", "permeate_pressure"})
_FLOWS = frozenset({"flow", "permeate_flow"})
_ANALYSES = frozenset(
    {"ph", "conductivity", "conductivity_compensated", "osmolality", "absorbance", "dissolved_oxygen"}
)  # fmt: skip
_ANY = frozenset(PARAMETERS)
# ANSI/ISA-5.1, table 4.1: what the first letter stands for, and which parameters that can be. What stands there as
# "user's choice" or unclassified can be any. Q is a quantity there and a quality (pH) in DIN 19227, so it can be both.
VARIABLES: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "A": ("analysis", _ANALYSES),
        "B": ("burner", frozenset()),
        "C": ("user's choice", _ANY),
        "D": ("user's choice", _ANY),
        "E": ("voltage", frozenset()),
        "F": ("flow rate", _FLOWS),
        "G": ("user's choice", _ANY),
        "H": ("hand", frozenset()),
        "I": ("current", frozenset()),
        "J": ("power", frozenset()),
        "K": ("time", frozenset()),
        "L": ("level", frozenset({"volume"})),
        "M": ("user's choice", _ANY),
        "N": ("user's choice", _ANY),
        "O": ("user's choice", _ANY),
        "P": ("pressure", _PRESSURES),
        "Q": ("quantity", _ANALYSES | {"volume"}),
        "R": ("radiation", frozenset({"absorbance"})),
        "S": ("speed", frozenset({"agitation"})),
        "T": ("temperature", frozenset({"temperature"})),
        "U": ("multivariable", _ANY),
        "V": ("vibration", frozenset()),
        "W": ("weight", frozenset({"volume"})),
        "X": ("unclassified", _ANY),
        "Y": ("event or state", _ANY),
        "Z": ("position", frozenset()),
    }
)
TOTALISED: Mapping[str, frozenset[str]] = MappingProxyType({"F": _FLOWS | {"volume"}})  # FQI: what has flowed
# Resistance thermometers are called by their resistance at 0 °C (IEC 60751): no loop of a pressure.
_NO_LOOP = frozenset({"PT100", "PT500", "PT1000"})
# Variable, perhaps a modifier (D difference, F ratio, Q total), functions (indicate, transmit, control …), number.
_LOOP = re.compile(r"(?P<variable>[A-Z])(?P<modifier>[DFQ]?)(?:[AEIRSTCYKG]{1,3}|V)-?[0-9]{2,5}[A-Z]?")
_ENDS = re.compile(r"\.(?:PV|MV|OUT|VALUE|ACT)$", re.IGNORECASE)


def check_loop_name(code: str, measures: str, *, field: str = "code") -> None:
    """Pass when the tag's name is no loop name, or one whose first letter can stand for the parameter it measures.

    Of a path (``TFF01/PI101.PV``) the last part counts.

    :raises Refusal: ``tag_name_contradicts``.
    """
    name = _ENDS.sub("", code.strip()).rpartition("/")[2].rpartition(".")[2]
    found = None if name in _NO_LOOP else _LOOP.fullmatch(name)
    if found is None:
        return
    letter = found["variable"]
    stands_for, allowed = VARIABLES[letter]
    if found["modifier"] == "Q":
        allowed = TOTALISED.get(letter, allowed)
    if measures not in allowed:
        raise Refusal(
            "tag_name_contradicts",
            "By ISA-5.1 “{tag}” is of {variable}, and it measures {title}.",
            field=field,
            tag=code,
            variable=stands_for,
            title=parameter(measures).title,
        )
