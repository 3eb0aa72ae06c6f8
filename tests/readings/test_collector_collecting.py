"""integrity.md 5: a full buffer says so and keeps what is old; what it could not take is a gap, never nothing."""

import asyncio
import gzip
import http.server
import json
import subprocess
import sys
import threading
import time as real
from itertools import pairwise

import pytest

from batches.readings.collector import collecting
from batches.readings.collector.collecting import Collector
from batches.readings.collector.configuration import configuration_from
from batches.readings.collector.samples import LOST
from batches.readings.collector.sending import TOKEN_VARIABLE
from batches.readings.collector.spool import Spool
from batches.readings.rules.frames import decoded
from gatekeeper.demo.embedded import free_port
from tests.running import ROOT

TAG = "FI101"


class Recording(http.server.BaseHTTPRequestHandler):
    """The readings' door alone: away, refusing, or recording a frame by its sequence and naming its digest."""

    def do_POST(self):
        body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
        frame = decoded(body)
        if self.server.mood == "away":
            self.answer(503, {"code": "away"})
        elif self.server.mood == "refusing":
            self.server.mood = "recording"
            self.server.refused.append(frame.sequence)
            self.answer(422, {"code": "unknown_tag", "detail": "There is none.", "errors": []})
        else:
            assert self.server.recorded.setdefault(frame.sequence, body) == body
            self.answer(201, {"sha256": frame.sha256()})

    def answer(self, status, document):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def service():
    with http.server.HTTPServer(("127.0.0.1", 0), Recording) as server:
        server.recorded, server.refused, server.mood = {}, [], "away"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def skid(tmp_path):
    """The address of a skid's server without history."""
    port, file = free_port(), tmp_path / "produced"
    argv = [sys.executable, "-m", "tests.faults.skid_server", str(port), str(file)]
    process = subprocess.Popen(argv, cwd=ROOT)
    while not (tmp_path / "produced.ready").exists():
        assert process.poll() is None
        real.sleep(0.05)
    yield f"opc.tcp://127.0.0.1:{port}"
    process.kill()
    process.wait(10)


def configured(service, endpoint, tmp_path):
    return configuration_from(
        f'[service]\nurl = "http://127.0.0.1:{service.server_port}"\n'
        f'[server]\nendpoint = "{endpoint}"\nsource = "TFF01"\npublishing_ms = 50\n'
        f'[buffer]\nfile = "{tmp_path / "spool"}"\nframe_ms = 50\n'
        f'[[tag]]\ncode = "{TAG}"\nnode = "ns=2;s=TFF01.{TAG}"\n'
        '[[tag]]\ncode = "XX999"\nnode = "ns=2;s=TFF01.XX999"\n'.encode()
    )


def recorded(service):
    rows = []
    for _sequence, body in sorted(service.recorded.items()):
        column = json.loads(body)["tags"][TAG]
        rows += zip(column["times"], column["values"], column["quality"], strict=True)
    return sorted(rows)


async def until(condition, seconds=30):
    deadline = real.monotonic() + seconds
    while not condition():
        assert real.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.fault
def test_a_full_buffer_is_loud_and_leaves_one_gap_and_nothing_twice(service, skid, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(TOKEN_VARIABLE, "gk_abc_def")
    monkeypatch.setattr(collecting, "_LONGEST_PAUSE", 0.2)
    spool = Spool(tmp_path / "spool", source="TFF01", max_bytes=40_000)

    async def play():
        collector = Collector(configured(service, skid, tmp_path), spool)
        work = asyncio.create_task(collector.run())
        await until(lambda: "THE BUFFER IS FULL" in caplog.text)
        waiting, _ = spool.counts()
        service.mood = "refusing"  # the oldest frame; it is set aside and the others pass
        await until(lambda: any(quality == LOST for _, _, quality in recorded(service)))
        assert len(service.recorded) > waiting
        collector.stop()
        await work

    asyncio.run(play())
    assert service.refused == [1]
    assert (spool.counts()[1], 1 in service.recorded) == (1, False)
    assert "The server has nothing to report for XX999" in caplog.text
    assert "gk_abc_def" not in caplog.text
    rows = recorded(service)
    assert len({at for at, _, _ in rows}) == len(rows)
    (mark,) = [place for place, row in enumerate(rows) if row[2] == LOST]
    # Nothing is missing before the gap and after it, only there: the skid produces twenty values a second.
    apart = [after[0] - before[0] for before, after in pairwise(rows)]
    assert rows[mark][1] is None
    assert apart[mark] == max(apart)
    spool.close()


@pytest.mark.fault
def test_a_skid_that_goes_away_is_waited_for(service, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(TOKEN_VARIABLE, "gk_abc_def")
    monkeypatch.setattr(collecting, "_FIRST_PAUSE", 0.05)
    spool = Spool(tmp_path / "spool", source="TFF01", max_bytes=1_000_000)

    async def play():
        collector = Collector(configured(service, f"opc.tcp://127.0.0.1:{free_port()}", tmp_path), spool)
        work = asyncio.create_task(collector.run())
        await until(lambda: caplog.text.count("The skid's server is away") > 1)
        collector.stop()
        await work

    asyncio.run(play())
    assert service.recorded == {}
    spool.close()
