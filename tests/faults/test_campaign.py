"""integrity.md 5: whoever is killed while readings arrive, planted is found and acknowledged is stored, once.

The short form of `make faults`: every kind of fault once. `CAMPAIGN_SEED=N` repeats a run that failed.
"""

import os
import subprocess
import sys

import pytest

from tests.faults.hurting import KINDS, VALKEY
from tests.running import ROOT

pytestmark = pytest.mark.fault
# The campaign runs its own servers and has its own settings.
OF_THESE_TESTS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REDIS_URL_OF_TESTS", "DJANGO_SETTINGS_MODULE")


def test_after_the_dust_nothing_is_lost_doubled_missed_or_invented():
    argv = [sys.executable, "-m", "tests.faults.campaign", "--seconds", "15", "--every", "1.2"]
    argv += ["--seed", os.environ.get("CAMPAIGN_SEED", "0")]
    env = {name: value for name, value in os.environ.items() if name not in OF_THESE_TESTS}
    ran = subprocess.run(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=420, check=False
    )
    sys.stdout.write(ran.stdout)
    assert ran.returncode == 0, ran.stdout
    assert all(f"{kind} 1" in ran.stdout for kind in (*KINDS, VALKEY))
