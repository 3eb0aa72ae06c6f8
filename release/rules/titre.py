"""A titre and its replicates from the wells of a digital PCR file. domain.md K-3, K-16."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gatekeeper.core.quantity import decimal_text
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.replicates import mean
from gatekeeper.core.rounding import to_figures
from gatekeeper.instruments.readings import Reading
from gatekeeper.instruments.titre import ddpcr_titre

FIGURES = 2  # K-16: a titre is reported to two significant figures
_REPLICATE_FIGURES = 9  # more than any instrument can resolve


@dataclass(frozen=True, slots=True)
class Reaction:
    """How a reaction was made: volumes in µL, dilution of the sample as total over part."""

    volume_ul: Decimal
    template_ul: Decimal
    dilution: Decimal


@dataclass(frozen=True, slots=True)
class Titre:
    """A titre as reported, with the titre of each well as text and the place of each in the file."""

    reported: str
    replicates: tuple[str, ...]
    locator: str


def titre_of(wells: Sequence[Reading], reaction: Reaction) -> Titre:
    """Return the mean titre of the wells, each computed back to the undiluted sample in copies per mL.

    :raises Refusal: ``reading_not_found`` without a well, ``titre_not_computable``.
    """
    if not wells:
        raise Refusal("reading_not_found", "The file has no such reading.", field="sample")
    titres = [
        ddpcr_titre(well.value, reaction.volume_ul, reaction.template_ul, reaction.dilution)
        for well in wells
        if well.value is not None
    ]
    replicates = [to_figures(titre, _REPLICATE_FIGURES) for titre in titres]
    return Titre(
        reported=_scientific(to_figures(mean(replicates), FIGURES)),
        replicates=tuple(str(titre) for titre in replicates),
        locator=", ".join(well.locator for well in wells),
    )


def _scientific(value: Decimal) -> str:
    power = value.adjusted()
    return decimal_text(value) if not value else f"{value.scaleb(-power):.{FIGURES - 1}f}×10^{power}"
