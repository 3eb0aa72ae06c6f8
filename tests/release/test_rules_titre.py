"""K-3, K-16: a titre by digital PCR is the mean of its wells, back at the undiluted sample, to two figures."""

from decimal import Decimal

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.readings import Reading
from release.rules.printing import raised, unit_label
from release.rules.titre import Reaction, titre_of

REACTION = Reaction(Decimal(20), Decimal(5), Decimal(10) ** 6)


def well(copies, place="A01"):
    return Reading("concentration", "S", str(copies), Decimal(copies), "", "{copies}/uL", None, place)


def test_the_worked_example_of_the_domain():
    titre = titre_of([well("850")], REACTION)
    assert (titre.reported, Decimal(titre.replicates[0])) == ("3.4×10^12", Decimal("3.4E+12"))


def test_wells_become_replicates_and_their_places_are_kept():
    titre = titre_of([well("850"), well("870", "A02")], REACTION)
    assert titre.reported == "3.4×10^12"
    assert len(titre.replicates) == 2
    assert titre.locator == "A01, A02"


def test_nothing_detected_is_a_zero_and_no_well_is_refused():
    assert Decimal(titre_of([well("0")], REACTION).reported) == 0
    with pytest.raises(Refusal) as refused:
        titre_of([], REACTION)
    assert refused.value.code == "reading_not_found"


def test_powers_of_ten_are_printed_raised():
    assert raised("≥ 1.0×10^8 TU/mL, 10^-3") == "≥ 1.0×10⁸ TU/mL, 10⁻³"
    assert (unit_label("{TU}/mL"), unit_label("")) == ("TU/mL", "")
