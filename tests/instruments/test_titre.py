"""K-3: a ddPCR titre follows from droplet counts, reaction and template volume and dilution."""

from decimal import Decimal

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.titre import ddpcr_titre, droplet_concentration

DROPLET = Decimal("0.00085")


def test_the_worked_example_gives_three_point_four_times_ten_to_the_twelve() -> None:
    assert ddpcr_titre(Decimal(850), Decimal(20), Decimal(5), Decimal(10) ** 6) == Decimal("3.4e12")


def test_a_positive_share_of_0_55_gives_939_copies_per_microlitre() -> None:
    found = droplet_concentration(negatives=4_500, accepted=10_000, droplet_volume_ul=DROPLET)
    assert round(found, 4) == Decimal("939.4208")


def test_without_positive_droplets_the_concentration_is_zero() -> None:
    assert droplet_concentration(negatives=12_000, accepted=12_000, droplet_volume_ul=DROPLET) == 0


@pytest.mark.parametrize(("negatives", "accepted"), [(0, 12_000), (12_001, 12_000), (0, 0), (-1, 5)])
def test_impossible_droplet_counts_give_no_concentration(negatives: int, accepted: int) -> None:
    with pytest.raises(Refusal) as refused:
        droplet_concentration(negatives=negatives, accepted=accepted, droplet_volume_ul=DROPLET)
    assert refused.value.code == "titre_not_computable"


@pytest.mark.parametrize(
    ("concentration", "reaction", "template", "dilution", "field"),
    [
        ("-1", "20", "5", "1", "concentration"),
        ("NaN", "20", "5", "1", "concentration"),
        ("1", "0", "5", "1", "reaction_volume_ul"),
        ("1", "20", "0", "1", "template_volume_ul"),
        ("1", "20", "5", "-2", "dilution_factor"),
        ("1", "20", "5", "Infinity", "dilution_factor"),
    ],
)
def test_a_titre_from_impossible_numbers_is_refused_at_its_field(
    concentration: str, reaction: str, template: str, dilution: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        ddpcr_titre(Decimal(concentration), Decimal(reaction), Decimal(template), Decimal(dilution))
    assert (refused.value.code, refused.value.field) == ("titre_not_computable", field)
