"""Checks the types of the whole product: ``python -m tests.architecture.typed`` prints what mypy finds and fails.

What was there when the guard came is counted by file in pending.toml; the counts only fall.
"""

import re
import subprocess
import sys

from tests.architecture import pending
from tests.architecture.sources import ROOT

_ERROR = re.compile(r"^(?P<file>[^:\n]+\.py):\d+: error: .*$", re.MULTILINE)


def findings_in(output: str) -> list[tuple[str, str]]:
    """Return (file, line) of each error that mypy printed."""
    return [(match["file"], match[0]) for match in _ERROR.finditer(output)]


def findings() -> list[tuple[str, str]]:
    """Run mypy as pyproject.toml says and return its errors; exit when it cannot run."""
    ran = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode not in {0, 1}:
        sys.exit(ran.stdout + ran.stderr)
    return findings_in(ran.stdout)


if __name__ == "__main__":
    everything = findings()
    faults = pending.grown("types", everything)
    faults += [f"{name}: fewer than pending.toml says" for name in pending.shrunk("types", everything)]
    sys.exit("\n".join(faults) or None)
