"""Lots at the gate: walked there once a session through the real actions, then copied for each test."""

import dataclasses
import os

import pytest
from django.db import transaction

from gatekeeper.demo.embedded import create_database, drop_database
from gatekeeper.demo.supervisor import Supervisor
from tests import running
from tests.batches.making import found_house
from tests.release import making


@pytest.fixture(scope="session")
def gate_template(servers, furnished_template, ledger_keys, tmp_path_factory, django_db_blocker):
    """Name of a database in which a lot lacks only quality's review; nobody works in it."""
    folder = tmp_path_factory.mktemp("gate")
    keys = _own_checkpoints(ledger_keys, folder)
    name = f"gk_gate_{os.getpid()}"
    urls = create_database(servers, name, template=furnished_template)
    with Supervisor(folder / "logs") as supervisor, django_db_blocker.unblock(), running.pointed_at(urls):
        running.start_sealer(supervisor, urls, keys)
        making.make_reviewable(found_house())
    yield name
    drop_database(servers, name)


@pytest.fixture(scope="session")
def gate_database(servers, gate_template):
    """Addresses of the copy that tests work in, each in a transaction that is rolled back."""
    with running.cloned(servers, gate_template) as urls:
        yield urls


@pytest.fixture
def reviewable(gate_database, django_db_blocker):
    """The house, and the batch record of a lot for which only quality's review is missing."""
    with django_db_blocker.unblock(), running.pointed_at(gate_database), transaction.atomic():
        yield making.existing()
        transaction.set_rollback(True)


@pytest.fixture
def releasable(reviewable):
    """The house, and the batch record of a lot whose gate is open for Singapore."""
    making.review(*reviewable)
    return reviewable


@pytest.fixture
def committed(servers, gate_template, ledger_keys, tmp_path, django_db_blocker):
    """The same as ``reviewable`` in a database of its own in which transactions commit, with its sealer."""
    keys = _own_checkpoints(ledger_keys, tmp_path)
    with (
        running.cloned(servers, gate_template) as urls,
        Supervisor(tmp_path / "logs") as supervisor,
        django_db_blocker.unblock(),
        running.pointed_at(urls),
    ):
        running.start_sealer(supervisor, urls, keys)
        yield making.existing()


def _own_checkpoints(keys, folder):
    own = dataclasses.replace(keys, checkpoints=folder / "checkpoints")
    own.checkpoints.mkdir()
    return own
