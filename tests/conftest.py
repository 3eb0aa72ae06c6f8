"""Real PostgreSQL and Valkey, started once and only when a test asks for them."""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import hypothesis
import pytest

from gatekeeper.demo.embedded import create_database, drop_database, services
from gatekeeper.demo.running import make_ledger_key
from gatekeeper.demo.supervisor import Supervisor
from tests import migrated, running
from tests.journeys import story

# Speed is measured by `make bench`, never by a test: on a busy machine a deadline says nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


# What is made once a session for a whole folder would be made once a process: such folders stay together.
TOGETHER = ("journeys", "release")
# As long as the rest of its folder: it is worth a whole site of its own, and tells the story that the rest copies.
APART = ("journeys/test_everybody_sees_their_own.py",)
# The longest begin, so that no process is left with one at the end; the journeys when their story has been told.
FIRST = (
    *APART, "release", "faults/test_campaign.py", "faults/test_collector_faults.py", "journeys",
    "excursions/test_evaluation_context.py", "excursions/test_incremental_evaluation.py",
    "excursions/test_rules_incremental_evaluation.py", "faults/test_dust.py", "faults/test_detection_worker.py",
    "faults/test_collector_killed.py", "faults/test_ledger_sealer_killed.py", "faults/test_readings_tampering.py",
    "faults/test_ledger_tampering.py", "architecture/test_two_doors.py", "architecture/test_two_doors_accounts.py",
)  # fmt: skip


def _room(nodeid):
    path = nodeid.partition("::")[0].removeprefix("tests/")
    folder = path.partition("/")[0]
    return folder if folder in TOGETHER and path not in APART else path


def pytest_collection_modifyitems(items):
    """The longest rooms first; the rest as it stands."""
    order = {room: place for place, room in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(_room(item.nodeid), len(order)))


def pytest_sessionfinish(session):
    """What processes of a run shared is removed by the one that started them."""
    run = session.config.getoption("testrunuid", None)
    if run and not hasattr(session.config, "workerinput"):
        story.forget(run)


def pytest_sessionstart(session):
    """What tests start is counted by the tracer: a signal can leave a lock of the other way shut for ever."""
    starts_others = session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput")
    if os.environ.get("COVERAGE_CORE") == "sysmon" and not starts_others:
        os.environ["COVERAGE_CORE"] = "ctrace"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Under several processes a file's tests, or such a folder's, go to one of them."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _room(nodeid)

    return ByRoom(config, log)


def pytest_make_parametrize_id(val):
    """Bytes are no name: those of a gzip hold the time, and each process would have collected another test."""
    return "bytes" if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(scope="session")
def servers():
    """Addresses of PostgreSQL and Valkey, ours or those of the environment."""
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="gk-tests-"))
    if "DATABASE_URL" not in os.environ:
        migrated.take(folder / "pg")
    saved = os.environ.pop("REDIS_URL") if settings.REDIS_IS_OURS else None
    try:
        with services(folder, durable=False, redis_port=settings.REDIS_PORT) as urls:
            if saved:
                os.environ["REDIS_URL"] = saved
            yield urls
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ledger_keys(tmp_path_factory):
    """The sealer's key pair and its folder of checkpoints."""
    folder = tmp_path_factory.mktemp("ledger")
    private, public = make_ledger_key(folder / "keys")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir()
    return running.LedgerKeys(private, public, checkpoints)


@pytest.fixture(scope="session")
def template_database(servers, ledger_keys, django_test_environment):
    """Name of the database that gk_owner migrated and nobody works in: the others are copies of it."""
    from django.conf import settings

    settings.LEDGER_KEY_FILE = ledger_keys.private
    settings.LEDGER_PUBLIC_KEY_FILE = ledger_keys.public
    settings.LEDGER_CHECKPOINT_DIR = ledger_keys.checkpoints
    if "DATABASE_URL" in os.environ:
        drop_database(servers, migrated.TEMPLATE)  # of an earlier run, perhaps of another schema
        migrated.migrate(create_database(servers, migrated.TEMPLATE))
    return migrated.TEMPLATE


def _prepared(make, *, of="template_database"):
    """A fixture: the name of a copy of `of` in which `make()` was committed once, for all who begin from there."""

    @pytest.fixture(scope="session")
    def template(request, servers, django_db_blocker):
        with running.prepared(servers, request.getfixturevalue(of), make, django_db_blocker) as name:
            yield name

    return template


def _enrol():
    from gatekeeper.demo.people import enrol_everybody

    enrol_everybody()


def _begin():
    from tests.excursions.making import standing_clock

    with standing_clock():
        _enrol()


def _plant():
    from tests.excursions import making

    with making.standing_clock():
        making.make_plant()


def _found():
    from tests.accounts.making import make_house

    make_house()


def _furnish():
    from tests.batches.making import make_house

    make_house()


peopled_template = _prepared(_enrol)  # the whole cast, today
begun_template = _prepared(_begin)  # the same, on the day on which the standing clock of monitoring begins
planted_template = _prepared(_plant, of="begun_template")  # and a running phase watched for shear
founded_template = _prepared(_found)  # two administrators and nobody else
furnished_template = _prepared(_furnish)  # the cast, materials, released plasmid lots, calibrated equipment

# What a test begins from: the first of these that it or its fixtures ask for, or else the empty database.
PREPARED = ("peopled_template", "planted_template", "begun_template", "founded_template", "furnished_template")


def _template_of(request):
    wanted = next((name for name in PREPARED if name in request.fixturenames), "template_database")
    return request.getfixturevalue(wanted)


@pytest.fixture(scope="session")
def database_of(servers):
    """``database_of(template)``: addresses of the one copy of it that tests work in, each in a transaction."""
    copies = {}
    with contextlib.ExitStack() as made:

        def database(template):
            if template not in copies:
                copies[template] = made.enter_context(running.cloned(servers, template))
            return copies[template]

        yield database


@pytest.fixture(scope="session")
def django_db_setup(template_database, database_of):
    """What pytest-django's `db` works in: a copy of the template, as gk_app, each test in a transaction."""
    with running.pointed_at(database_of(template_database)):
        yield


@pytest.fixture
def _right_database(request, django_db_setup, database_of):
    """The database that the test is about to begin its transaction in."""
    running.point_connections_at(database_of(_template_of(request)))


@pytest.fixture
def _django_db_helper(_right_database, _django_db_helper):
    """pytest-django's own transaction, begun once the connections mean the right database."""


@pytest.fixture
def transactional_db():
    pytest.fail("The application's role cannot empty tables: ask for committed_db, which gives a fresh database.")


@pytest.fixture
def committed_db(request, servers, django_db_blocker):
    """Addresses of a fresh copy of what the test begins from; transactions really commit, every alias means it."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("committed_db takes the place of db: ask for one of them.")
    with (
        running.cloned(servers, _template_of(request)) as urls,
        django_db_blocker.unblock(),
        running.pointed_at(urls),
    ):
        _forget_wake_ups()
        yield urls


def _forget_wake_ups():
    from django.conf import settings
    from django.core.cache import cache

    if settings.REDIS_IS_OURS:
        cache.clear()


@pytest.fixture
def sealer(committed_db, ledger_keys, tmp_path):
    """Process id of a running `manage.py sealer` for the test's committed database."""
    with Supervisor(tmp_path / "logs") as supervisor:
        yield running.start_sealer(supervisor, committed_db, ledger_keys)


@pytest.fixture(scope="module")
def live_site(servers, template_database, ledger_keys, tmp_path_factory, django_db_blocker):
    """The real site under gunicorn with its sealer and a database of its own: see tests.running.LiveSite."""
    folder = tmp_path_factory.mktemp("site")
    keys = dataclasses.replace(ledger_keys, checkpoints=folder / "checkpoints")
    keys.checkpoints.mkdir()
    with (
        running.cloned(servers, template_database) as urls,
        running.running_site(urls, keys, folder, django_db_blocker) as site,
    ):
        yield site


@pytest.fixture(scope="session")
def chromium():
    """A Chromium under Playwright, or a skip that says why; with CI=true a failure."""
    found = subprocess.run([running.ROOT / ".ci" / "chromium"], capture_output=True, text=True, check=False)
    if found.returncode:
        reason = "No Chromium was found: make browser installs one."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def people(peopled_template, db):
    """Everybody of the cast by user name: see gatekeeper.demo.people. What the test does is rolled back."""
    return _the_cast()


@pytest.fixture
def committed_people(peopled_template, committed_db):
    """Everybody of the cast by user name, in the fresh database of `committed_db`."""
    return _the_cast()


def _the_cast():
    from gatekeeper.accounts.models import Person

    return {person.username: person for person in Person.objects.order_by("pk")}
