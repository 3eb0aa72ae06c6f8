"""E-a: the system is validated on the real servers, which start by themselves and leave nothing behind."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from gatekeeper.demo import embedded

ROOT = Path(__file__).resolve().parents[2]
CHILD = textwrap.dedent(
    """
    import os, pathlib, signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background has it ignored
    sys.path.insert(0, sys.argv[2])
    from gatekeeper.demo import processes
    from gatekeeper.demo.embedded import services
    started = []
    class Recorded(processes.Process):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.extend([self.pid, self._guard.pid])
    import gatekeeper.demo.embedded as embedded
    embedded.Process = Recorded
    with services(pathlib.Path(sys.argv[1]), durable=False) as urls:
        print(*started, urls.owner, flush=True)
        if sys.argv[3] == "exception":
            raise LookupError("planned")
        if sys.argv[3] == "wait":
            time.sleep(120)
    """
)


@pytest.fixture
def clean_environment(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def start_child(tmp_path, clean_environment):
    children = []

    def start(mode, program=CHILD):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(ROOT), mode],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        *pids, url = child.stdout.readline().split()
        return child, [int(pid) for pid in pids], url

    yield start
    for child in children:
        child.kill()
        child.communicate()


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        os.kill(pid, 0)
        return True
    return state != "Z"


def survivors(pids, *, within=15):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        alive = [pid for pid in pids if is_running(pid)]
        if not alive:
            return []
        time.sleep(0.05)
    return alive


@pytest.mark.parametrize("mode", ["normal", "exception"])
def test_no_server_outlives_a_block_that_ends(start_child, mode):
    child, pids, url = start_child(mode)
    child.communicate(timeout=30)
    assert len(pids) == 4
    assert not survivors(pids)
    assert child.returncode == (0 if mode == "normal" else 1)
    assert not Path(url.partition("host=")[2]).exists()


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_a_parent_that_is_signalled(start_child, number):
    child, pids, url = start_child("wait")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("gk_owner",)
    child.send_signal(number)
    child.communicate(timeout=30)
    assert child.returncode != 0
    assert not survivors(pids)
    assert _vanishes(Path(url.partition("host=")[2]))


def _vanishes(folder):
    deadline = time.monotonic() + 5
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not folder.exists()


def test_what_was_written_is_there_at_the_second_start_and_gone_after_a_reset(tmp_path, clean_environment):
    with embedded.services(tmp_path) as urls, psycopg.connect(urls.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    with embedded.services(tmp_path) as urls, psycopg.connect(urls.owner) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (7,)
    with embedded.services(tmp_path, reset=True) as urls, psycopg.connect(urls.owner) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_data_folder_in_use_is_refused_by_name(tmp_path, clean_environment):
    with (
        embedded.services(tmp_path, durable=False),
        pytest.raises(embedded.ServicesUnavailableError, match="already uses"),
        embedded.services(tmp_path, reset=True),
    ):
        pytest.fail("two servers on one folder")


def test_a_long_path_does_not_lengthen_the_socket(tmp_path, clean_environment):
    deep = tmp_path / ("long-" * 12) / ("longer-" * 12)
    with embedded.services(deep, durable=False) as urls, psycopg.connect(urls.app) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_roles_own_nothing_they_should_not(tmp_path, clean_environment):
    with embedded.services(tmp_path, durable=False) as urls:
        embedded.create_roles(urls)  # a second time changes nothing
        with psycopg.connect(urls.owner, autocommit=True) as owner:
            owner.execute("CREATE SCHEMA ledger AUTHORIZATION ledger_owner")
            owner.execute("CREATE TABLE record (id int)")
        with psycopg.connect(urls.app, autocommit=True) as app:
            for attempt in (
                "INSERT INTO record VALUES (1)",
                "DELETE FROM record",
                "TRUNCATE record",
                "DROP TABLE record",
                "CREATE TABLE mine (id int)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(attempt)


def test_a_database_is_cloned_with_its_content_and_dropped(tmp_path, clean_environment):
    with embedded.services(tmp_path, durable=False) as urls:
        with psycopg.connect(urls.owner) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS answer")
        clone = embedded.create_database(urls, "clone", template=embedded.DATABASE_NAME)
        with contextlib.closing(psycopg.connect(clone.owner)) as owner:
            assert owner.execute("SELECT current_database(), answer FROM kept").fetchone() == ("clone", 7)
            embedded.drop_database(urls, "clone")  # although we are still connected
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(clone.app)


def test_servers_named_in_the_environment_are_used_instead(tmp_path, clean_environment, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://gk_app:secret@db.example:5432/plant")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://gk_owner:secret@db.example:5432/plant")
    monkeypatch.setenv("REDIS_URL", "redis://queue.example:6379/2")
    with embedded.services(tmp_path) as urls:
        assert urls.redis == "redis://queue.example:6379/2"
        assert urls.for_database("other").app == "postgresql://gk_app:secret@db.example:5432/other"
        assert urls.environment()["DATABASE_OWNER_URL"].startswith("postgresql://gk_owner")
    assert not list(tmp_path.iterdir())


def test_an_application_url_without_an_owner_is_refused(tmp_path, clean_environment, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://gk_app@db.example/plant")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    with (
        pytest.raises(embedded.ServicesUnavailableError, match="DATABASE_OWNER_URL"),
        embedded.services(tmp_path),
    ):
        pytest.fail("started")
