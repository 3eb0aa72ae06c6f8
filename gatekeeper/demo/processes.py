"""Child processes that cannot outlive the process that started them."""

import os
import pwd
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# A shell that reads from a pipe held only by us: the read ends when we end, even by SIGKILL, where no
# handler and no atexit of ours can run.
_GUARD = 'trap "" INT TERM HUP; read -r _; kill -s "$1" -- "-$2" 2>/dev/null; rm -rf -- "$3"'


class Process:
    """One child process in its own session, with a guard that ends it when this process is gone.

    Its own session keeps a Ctrl-C in the terminal away from it, so that the stopping order stays ours.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        scratch: Path | None = None,
    ) -> None:
        """Start `argv`, its output appended to `log`; `scratch` is a directory the guard removes if we are killed."""
        self.stop_signal = stop_signal
        self._argv, self._log, self._env, self._cwd, self._scratch = list(argv), log, env, cwd, scratch
        self._drop: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        self._begin()

    def _begin(self) -> None:
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if self._env is None else dict(self._env),
                cwd=self._cwd,
                start_new_session=True,
                **self._drop,
            )
        ended_by = self.stop_signal.name.removeprefix("SIG")
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", ended_by, str(self.pid), str(self._scratch or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Process id, which is also its process group's id."""
        return self._child.pid

    def poll(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._child.poll()

    def signal_stop(self) -> None:
        """Ask the whole group to stop, without waiting."""
        self._signal(self.stop_signal)

    def stop(self, *, patience: float = 15.0) -> int:
        """Stop the process and its group and return its exit status; kills after `patience` seconds."""
        self.signal_stop()
        try:
            status = self._child.wait(patience)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            status = self._child.wait()
        self._signal(signal.SIGKILL)  # grandchildren that ignored the polite signal
        self._release_guard()
        return status

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End the group at once, as a fault would, and return the exit status; `restart` begins it anew."""
        self._signal(number)
        status = self._child.wait()
        self._release_guard()
        return status

    def restart(self) -> None:
        """Start the same again: after its end, whatever ended it."""
        self._release_guard()
        self._begin()

    def _release_guard(self) -> None:
        self._guard.kill()
        if self._guard.stdin:
            self._guard.stdin.close()
        self._guard.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # the group is already empty (macOS answers EPERM for a group of zombies)
