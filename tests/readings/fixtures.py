"""Fixtures of readings and excursions: a standing clock, a running phase, months that were archived."""

import asyncio
import dataclasses
import os
import shutil
import time as real

import pytest
from django.db import connection

from gatekeeper.demo.embedded import create_database, drop_database
from gatekeeper.demo.supervisor import Supervisor
from tests import running
from tests.excursions import making
from tests.readings import archiving


@pytest.fixture(autouse=True)
def _loop_of_no_browser():
    """A browser that other tests opened keeps its loop in this thread and looks like a running one: it is set aside."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(before)


@pytest.fixture
def time(begun_template):
    """The clock of the test, see making.Time; everybody was enrolled the day it begins."""
    with making.standing_clock() as clock:
        yield clock


@pytest.fixture
def plant(time, planted_template, db):
    """A running UF/DF phase watched for shear, see making.Plant."""
    return making.found_plant()


def _own_checkpoints(keys, folder):
    own = dataclasses.replace(keys, checkpoints=folder / "checkpoints")
    own.checkpoints.mkdir()
    return own


@pytest.fixture(scope="session")
def cold_template(servers, begun_template, ledger_keys, tmp_path_factory, django_db_blocker):
    """A database and a folder: a month of two skids that is long over, archived and still there; see archiving.Cold."""
    folder = tmp_path_factory.mktemp("cold")
    name = f"gk_cold_{os.getpid()}"
    urls = create_database(servers, name, template=begun_template)
    with Supervisor(folder / "logs") as supervisor, django_db_blocker.unblock(), running.pointed_at(urls):
        running.start_sealer(supervisor, urls, _own_checkpoints(ledger_keys, folder))
        with making.standing_clock() as clock:
            archiving.make_cold(clock, folder / "archive")
    yield name, folder / "archive"
    drop_database(servers, name)


@pytest.fixture(scope="session")
def away_template(servers, cold_template, ledger_keys, tmp_path_factory, django_db_blocker):
    """The same with that month dropped."""
    template, archive = cold_template
    folder = tmp_path_factory.mktemp("away")
    name = f"gk_away_{os.getpid()}"
    urls = create_database(servers, name, template=template)
    with Supervisor(folder / "logs") as supervisor, django_db_blocker.unblock(), running.pointed_at(urls):
        running.start_sealer(supervisor, urls, _own_checkpoints(ledger_keys, folder))
        with making.standing_clock() as clock:
            archiving.set_cold(clock)
            archiving.drop(archive)
    yield name, archive
    drop_database(servers, name)


def _copied(servers, made, blocker, folder):
    template, archive = made
    shutil.copytree(archive, folder / "archive")
    with (
        running.cloned(servers, template) as urls,
        blocker.unblock(),
        running.pointed_at(urls),
        making.standing_clock() as clock,
    ):
        archiving.set_cold(clock)
        yield archiving.found(urls, clock, folder / "archive")


@pytest.fixture
def cold(servers, cold_template, django_db_blocker, tmp_path):
    """A copy of the cold month to work on, transactions commit; archived, and still in the database."""
    yield from _copied(servers, cold_template, django_db_blocker, tmp_path)


@pytest.fixture
def away(servers, away_template, django_db_blocker, tmp_path):
    """A copy of the cold month to work on, transactions commit; in files alone."""
    yield from _copied(servers, away_template, django_db_blocker, tmp_path)


@pytest.fixture
def cold_sealer(cold, ledger_keys, tmp_path):
    """Process id of a sealer of ``cold``: a drop waits for it."""
    with Supervisor(tmp_path / "logs") as supervisor:
        pid = running.start_sealer(supervisor, cold.urls, _own_checkpoints(ledger_keys, tmp_path))
        _wait_for_sealer()
        yield pid


def _wait_for_sealer():
    """On a busy machine it begins later than a drop is patient."""
    deadline = real.monotonic() + 60
    here = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'gk_sealer'"
    with connection.cursor() as cursor:
        while cursor.execute(here).fetchone() is None:
            assert real.monotonic() < deadline
            real.sleep(0.05)
