"""A standing clock, and a running phase made once a module: each test works in a savepoint of it."""

import asyncio
import copy

import pytest
from django.db import transaction

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


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """A running UF/DF phase watched for shear, in a transaction that never commits."""
    with making.standing_clock(), django_db_blocker.unblock(), transaction.atomic():
        yield making.make_plant()
        transaction.set_rollback(True)


@pytest.fixture
def plant(built, time):
    """The running phase, see making.Plant; what the test changes is forgotten after it."""
    with transaction.atomic():
        yield copy.deepcopy(built)
        transaction.set_rollback(True)
