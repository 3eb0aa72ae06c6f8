"""G-12: who made, checked, tested or reviewed a lot cannot release it (domain.md 7.5)."""

import pytest

from gatekeeper.core.refusal import Refusal
from release.rules.dossier import Duty
from release.rules.separation import DUTIES, check_may_release, check_may_review


@pytest.mark.parametrize("duty", sorted(DUTIES))
def test_nobody_with_a_part_in_the_lot_releases_it(duty):
    with pytest.raises(Refusal) as refused:
        check_may_release("olivia", [Duty("olivia", "Olivia Tan", duty, "phase L10")])
    assert refused.value.code == "maker_releases"


def test_every_part_is_named_once():
    duties = [Duty("olivia", "Olivia Tan", "performed", f"phase L{n}") for n in (1, 2, 2)]
    with pytest.raises(Refusal) as refused:
        check_may_release("olivia", duties)
    assert len(refused.value.all) == 2


def test_who_had_no_part_may_release_and_review():
    duties = [Duty("olivia", "Olivia Tan", "performed", "phase L10")]
    check_may_release("rafael", duties)
    check_may_review("quinn", duties)


def test_a_reviewer_may_renew_the_review_and_a_maker_may_not_review():
    check_may_review("quinn", [Duty("quinn", "Quinn Rao", "reviewed_quality", "BR-1")])
    with pytest.raises(Refusal) as refused:
        check_may_review("petra", [Duty("petra", "Petra", "reviewed_production", "BR-1")])
    assert refused.value.code == "maker_reviews"
