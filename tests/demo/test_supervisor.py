"""E-a: the processes of the demonstration are monitored, and stopped with all their descendants."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gatekeeper.demo.embedded import free_port
from gatekeeper.demo.supervisor import ProcessEndedError, Supervisor

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(120)"]
# Ignores SIGTERM and has a child that ignores it too.
STUBBORN = textwrap.dedent(
    """
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.fork(), flush=True)
    time.sleep(120)
    """
)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def eventually(condition, *, within=10):
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_a_process_is_ready_when_its_address_answers_and_gone_after_the_block(tmp_path):
    port = free_port()
    with Supervisor(tmp_path / "logs") as supervisor:
        serve = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
        pid = supervisor.start("web", serve)
        supervisor.wait_until_ready("web", f"http://127.0.0.1:{port}/")
        supervisor.wait_until_ready("web", port)
        assert supervisor.pids() == {"web": pid}
    assert not is_running(pid)
    assert (tmp_path / "logs" / "web.log").exists()


def test_a_process_that_ends_is_named_with_the_end_of_its_log(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("well", SLEEPER)
        supervisor.start("ill", [sys.executable, "-c", "print('no database'); raise SystemExit(3)"])
        with pytest.raises(ProcessEndedError, match=r"(?s)ill ended with status 3\..*no database"):
            supervisor.monitor(every=0.02)


def test_a_process_that_never_answers_is_given_up(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("web", SLEEPER)
        with pytest.raises(ProcessEndedError, match="did not answer"):
            supervisor.wait_until_ready("web", free_port(), patience=0.3)


def test_a_name_is_used_once(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("web", SLEEPER)
        with pytest.raises(ValueError, match="running already"):
            supervisor.start("web", SLEEPER)


def test_the_environment_is_added_to_ours(tmp_path):
    with Supervisor(tmp_path) as supervisor:
        printing = "import os; print(os.environ['GATEKEEPER_EXTRA'], 'PATH' in os.environ)"
        supervisor.start("printing", [sys.executable, "-c", printing], {"GATEKEEPER_EXTRA": "told"})
        assert eventually(lambda: (tmp_path / "printing.log").read_text() == "told True\n")


@pytest.mark.fault
def test_what_ignores_the_polite_signal_is_killed_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr("gatekeeper.demo.supervisor._KILL_AFTER", 0.5)
    with Supervisor(tmp_path) as supervisor:
        pid = supervisor.start("stubborn", [sys.executable, "-c", STUBBORN])
        assert eventually(lambda: len((tmp_path / "stubborn.log").read_text().splitlines()) == 2)
        pids = [pid, *(int(line) for line in (tmp_path / "stubborn.log").read_text().split() if line != "0")]
        assert len(pids) == 2
    assert eventually(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_supervisor_that_is_signalled(tmp_path, number):
    program = textwrap.dedent(
        f"""
        import pathlib, signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background has it ignored
        sys.path.insert(0, {str(ROOT)!r})
        from gatekeeper.demo.supervisor import Supervisor
        with Supervisor(pathlib.Path({str(tmp_path)!r})) as supervisor:
            print(supervisor.start("one", {SLEEPER!r}), supervisor.start("two", {SLEEPER!r}), flush=True)
            supervisor.monitor()
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(number)
        parent.wait(30)
    assert len(pids) == 2
    assert eventually(lambda: not any(is_running(pid) for pid in pids))
