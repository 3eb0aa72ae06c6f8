"""E-d: a founded system, as its first two administrators have it."""

import pytest

from tests.accounts.making import make_house


@pytest.fixture
def house(db):
    """A founded system with its two administrators."""
    return make_house()
