"""A furnished house once a module; each test works in a savepoint of it, so that hundreds of rows are made once."""

import pytest
from django.db import transaction

from tests.batches.making import make_house


@pytest.fixture(scope="module")
def furnished(django_db_setup, django_db_blocker):
    """The cast, materials, released plasmid lots, calibrated equipment, in a transaction that never commits."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_house()
        transaction.set_rollback(True)


@pytest.fixture
def house(furnished):
    """The furnished house; what the test changes is forgotten after it."""
    with transaction.atomic():
        yield furnished
        transaction.set_rollback(True)
