"""E-a: a sealer killed at any moment loses nothing, seals nothing twice and signs no second history."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from gatekeeper.accounts.models import Person
from gatekeeper.demo.supervisor import Supervisor
from gatekeeper.ledger.models import Checkpoint, Entry, Leaf
from tests import running
from tests.ledger.people import found_town, open_site

pytestmark = pytest.mark.fault
KILLS = 4


def start(urls, keys):
    env = {**os.environ, **running.site_environment(urls, keys), "LEDGER_KEY_FILE": str(keys.private)}
    return subprocess.Popen(
        [sys.executable, "manage.py", "sealer"], cwd=running.ROOT, env=env, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition, patience=30.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def keys(ledger_keys, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    return running.LedgerKeys(ledger_keys.private, ledger_keys.public, outside)


def test_killed_again_and_again_under_load_it_leaves_one_whole_log(founded_template, committed_db, keys):
    town = found_town()
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            written.append(open_site(by=town.ada).pk)
        connections.close_all()

    writers = [threading.Thread(target=write) for _writer in range(2)]
    for writer in writers:
        writer.start()
    chance = random.Random(7)
    try:
        for _kill in range(KILLS):
            size = Checkpoint.objects.count()
            sealer = start(committed_db, keys)
            wait_until(lambda seen=size: Checkpoint.objects.count() > seen)
            time.sleep(chance.uniform(0, 0.5))
            sealer.kill()
            sealer.communicate()
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    sealer = start(committed_db, keys)
    wait_until(lambda: not Entry.objects.filter(place__isnull=True).exists())
    sealer.send_signal(signal.SIGTERM)
    _out, log = sealer.communicate(timeout=10)
    assert sealer.returncode == 0, log
    assert list(Leaf.objects.order_by("idx").values_list("idx", flat=True)) == list(range(Entry.objects.count()))
    assert Entry.objects.filter(tbl="public.accounts_site", pk_text__in=map(str, written)).count() == len(written)
    assert len(list(keys.checkpoints.glob("*.note"))) == Checkpoint.objects.count()
    out = StringIO()
    call_command("verify_ledger", "--against", str(keys.checkpoints), stdout=out)
    assert "Intact." in out.getvalue()


def test_it_stops_when_asked_and_comes_back_when_the_database_does(founded_template, committed_db, keys, tmp_path):
    found_town()
    with Supervisor(tmp_path / "logs") as supervisor:
        running.start_sealer(supervisor, committed_db, keys)
        wait_until(Checkpoint.objects.exists)
        with psycopg.connect(committed_db.admin, autocommit=True) as dba:
            dba.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = 'gk_sealer' AND datname = current_database()"
            )
        size = Checkpoint.objects.count()
        open_site(by=Person.objects.get(username="ada"))
        wait_until(lambda: Checkpoint.objects.count() > size)


def test_without_a_key_it_says_what_to_do(settings):
    settings.LEDGER_KEY_FILE = None
    with pytest.raises(CommandError, match="ledger_key"):
        call_command("sealer")
