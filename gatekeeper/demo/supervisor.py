"""Starts, monitors and stops the processes of one running system: web, workers, beat, sealer."""

import http.client
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gatekeeper.demo.processes import Process

_KILL_AFTER = 15.0  # seconds a process has to end by itself


class ProcessEndedError(RuntimeError):
    """A process ended, or never became ready; the message quotes the end of its log."""


class Supervisor:
    """The child processes of one system, each with its log file; a context manager that stops them all."""

    def __init__(self, logs: Path) -> None:
        """Keep log files in the folder `logs`, made when missing."""
        self.logs = logs
        self._processes: dict[str, Process] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, cwd: Path | None = None
    ) -> int:
        """Start `argv` under `name`, its output in `<name>.log`, and return its process id.

        `env` is added to this process's environment.
        """
        if name in self._processes:
            message = f"{name} is running already."
            raise ValueError(message)
        self._log(name).write_bytes(b"")
        process = Process(argv, log=self._log(name), env={**os.environ, **(env or {})}, cwd=cwd)
        self._processes[name] = process
        return process.pid

    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: process.pid for name, process in self._processes.items()}

    def wait_until_ready(self, name: str, address: str | int, *, patience: float = 60.0) -> None:
        """Wait until `address` answers: a URL with any status below 500, or a TCP port of 127.0.0.1.

        Raises:
            ProcessEndedError: when the process ends first, or `patience` seconds pass.
        """
        deadline = time.monotonic() + patience
        while not (_port_answers(address) if isinstance(address, int) else _url_answers(address)):
            self.check()
            if time.monotonic() > deadline:
                message = f"{name} did not answer at {address} within {patience:.0f} s.\n{self._end_of_log(name)}"
                raise ProcessEndedError(message)
            time.sleep(0.05)

    def check(self) -> None:
        """Do nothing while every process runs.

        Raises:
            ProcessEndedError: naming the first one that ended.
        """
        for name, process in self._processes.items():
            status = process.poll()
            if status is not None:
                message = f"{name} ended with status {status}.\n{self._end_of_log(name)}"
                raise ProcessEndedError(message)

    def monitor(self, *, every: float = 0.5) -> None:
        """Return never; raise ProcessEndedError as soon as a process ends."""
        while True:
            self.check()
            time.sleep(every)

    def stop(self) -> None:
        """Stop every process, the last started first: signal all, wait, kill what remains."""
        previous = _ignore_interrupts()
        try:
            processes = list(reversed(self._processes.values()))
            for process in processes:
                process.signal_stop()
            deadline = time.monotonic() + _KILL_AFTER
            for process in processes:
                process.stop(patience=max(0.1, deadline - time.monotonic()))
            self._processes.clear()
        finally:
            _restore_interrupts(previous)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _end_of_log(self, name: str) -> str:
        text = self._log(name).read_text(encoding="utf-8", errors="replace")
        return f"The end of {self._log(name)}:\n{text[-3000:]}"


def _ignore_interrupts() -> dict[signal.Signals, object]:
    """Ignore a second Ctrl-C while stopping; outside the main thread signals are not ours to set."""
    try:
        return {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:
        return {}


def _restore_interrupts(previous: dict[signal.Signals, object]) -> None:
    for number, handler in previous.items():
        signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us


def _port_answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _url_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address on the loopback interface
            return True
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code < 500
    except (OSError, http.client.HTTPException):
        return False
