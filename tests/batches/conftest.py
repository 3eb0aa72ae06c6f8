"""A furnished house, made once; each test works in a transaction of it, so that hundreds of rows are made once."""

import pytest

from tests.batches.making import found_house


@pytest.fixture
def house(furnished_template, db):
    """The furnished house; what the test changes is forgotten after it."""
    return found_house()
