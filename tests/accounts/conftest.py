"""E-d: a founded system, as its first two administrators have it."""

import pytest

from tests.accounts.making import found_house


@pytest.fixture
def house(founded_template, db):
    """A founded system with its two administrators."""
    return found_house()
