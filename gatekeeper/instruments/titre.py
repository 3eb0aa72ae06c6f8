"""From droplets to a titre: Poisson statistics of digital PCR and the way back through the dilutions."""

from decimal import Decimal, localcontext

from gatekeeper.core.refusal import Refusal

_MICROLITRES_PER_MILLILITRE = Decimal(1000)


def _check_positive(**values: Decimal) -> None:
    for name, value in values.items():
        if not value.is_finite() or value <= 0:
            raise Refusal("titre_not_computable", "{name} must be above zero.", field=name, name=name)


def droplet_concentration(*, negatives: int, accepted: int, droplet_volume_ul: Decimal) -> Decimal:
    """Copies per µL of reaction, -ln(negatives / accepted) / droplet volume (µL), to 28 digits.

    Source: domain.md K-3; Bio-Rad, Droplet Digital PCR Applications Guide, "Formula for calculating concentration".

    :raises Refusal: ``titre_not_computable`` unless 0 < negatives <= accepted and the volume is above zero.
    """
    _check_positive(droplet_volume_ul=droplet_volume_ul)
    if not 0 < negatives <= accepted:
        raise Refusal(
            "titre_not_computable",
            "{negatives} negative of {accepted} accepted droplets give no concentration.",
            field="negatives",
            negatives=negatives,
            accepted=accepted,
        )
    if negatives == accepted:
        return Decimal(0)
    with localcontext(prec=28):
        return -(Decimal(negatives) / Decimal(accepted)).ln() / droplet_volume_ul


def ddpcr_titre(
    concentration: Decimal, reaction_volume_ul: Decimal, template_volume_ul: Decimal, dilution_factor: Decimal
) -> Decimal:
    """Copies per mL of the undiluted sample from copies per µL of reaction: c * V_reaction / V_template * DF * 1000.

    Volumes in µL; the dilution factor is total over part, 1 for undiluted. Source: domain.md K-3.

    :raises Refusal: ``titre_not_computable`` when the concentration is negative or another argument not above zero.
    """
    if not concentration.is_finite() or concentration < 0:
        raise Refusal("titre_not_computable", "The concentration must not be negative.", field="concentration")
    _check_positive(
        reaction_volume_ul=reaction_volume_ul, template_volume_ul=template_volume_ul, dilution_factor=dilution_factor
    )
    with localcontext(prec=28):
        # Multiplied before divided, so that exact inputs give an exact titre.
        product = concentration * reaction_volume_ul * dilution_factor * _MICROLITRES_PER_MILLILITRE
        return product / template_volume_ul
