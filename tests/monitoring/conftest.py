"""A standing clock, and a running phase."""

import asyncio

import pytest

from tests.monitoring import making


@pytest.fixture(autouse=True)
def _loop_of_no_browser():
    """A browser that other tests opened keeps its loop in this thread and looks like a running one: it is set aside."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(before)


@pytest.fixture
def time():
    """The clock of the test, see making.Time."""
    with making.standing_clock() as clock:
        yield clock


@pytest.fixture
def plant(time, db):
    """A running UF/DF phase watched for shear, see making.Plant."""
    return making.make_plant()
