"""What several faults share: a registered skid with the processes of its line."""

from datetime import timedelta

import pytest

from gatekeeper.accounts.actions.tokens import issue_token
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Site
from gatekeeper.demo.embedded import free_port
from tests import running
from tests.excursions.making import make_simulated_skid
from tests.faults.collectors import Processes
from tests.faults.skid_server import NAMES


@pytest.fixture
def plant(committed_people, committed_db, ledger_keys, tmp_path):
    """A registered skid, its gateway's token in a file, and the processes, none of them started."""
    make_simulated_skid(committed_people)
    token = issue_token(
        by=committed_people["grace"],
        person=committed_people["skid-gateway"],
        site=Site.objects.get(code="SG01"),
        scopes=frozenset({"readings.record"}),
        expires_at=now() + timedelta(days=1),
    )
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text(token)
    port, skid_port = free_port(), free_port()
    config = tmp_path / "tff01.toml"
    config.write_text(
        f'[service]\nurl = "http://127.0.0.1:{port}"\ntoken_file = "{tmp_path / "token"}"\n'
        f'[server]\nendpoint = "opc.tcp://127.0.0.1:{skid_port}"\nsource = "TFF01"\npublishing_ms = 50\n'
        f'[buffer]\nfile = "{tmp_path / "tff01.spool"}"\nframe_ms = 100\n'
        + "".join(f'[[tag]]\ncode = "{name}"\nnode = "ns=2;s=TFF01.{name}"\n' for name in NAMES)
    )
    processes = Processes(tmp_path, running.site_environment(committed_db, ledger_keys), config, port)
    processes.skid_port, processes.token, processes.config = skid_port, token, config
    yield processes
    for name in list(processes.alive):
        processes.kill(name)
