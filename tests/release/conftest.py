"""Lots at the gate, for tests of release."""

import pytest

from tests.release import making


@pytest.fixture
def reviewable(db):
    """The house, and the batch record of a lot for which only quality's review is missing."""
    return making.make_reviewable()


@pytest.fixture
def releasable(reviewable):
    """The house, and the batch record of a lot whose gate is open for Singapore."""
    making.review(*reviewable)
    return reviewable
