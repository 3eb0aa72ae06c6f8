"""A standing clock, and a running phase."""

import pytest

from tests.monitoring import making


@pytest.fixture
def time():
    """The clock of the test, see making.Time."""
    with making.standing_clock() as clock:
        yield clock


@pytest.fixture
def plant(time, db):
    """A running UF/DF phase watched for shear, see making.Plant."""
    return making.make_plant()
