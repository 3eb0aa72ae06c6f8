"""api.md, Readings: a frame counts as taken only when the service names its digest; the token goes to nobody else."""

import gzip
import http.server
import json
import threading
from pathlib import Path

import pytest

from batches.readings.collector.configuration import TOKEN_VARIABLE, Service
from batches.readings.collector.sending import Away, Refused, Taken, TokenUnusableError, judged, read_token, send
from batches.readings.collector.spool import WorkList

FRAME = WorkList(7, gzip.compress(b"{}", mtime=0), "d" * 64, 3)
TAKEN = json.dumps({"frame": "TFF01/1/7", "status": "recorded", "samples": 3, "sha256": "d" * 64}).encode()
PROBLEM = json.dumps(
    {
        "code": "unknown_tag",
        "detail": "The source has no tag “X”.",
        "errors": [{"pointer": "#/tags/X", "detail": "The source has no tag “X”."}],
    }
).encode()


@pytest.mark.parametrize(
    ("status", "body", "headers", "outcome"),
    [
        (201, TAKEN, {}, Taken()),
        (200, TAKEN, {}, Taken()),
        (200, b"<html>Log in to the network</html>", {}, Away),
        (200, b"[]", {}, Away),
        (201, TAKEN.replace(b"ddd", b"eee"), {}, Away),
        (422, PROBLEM, {}, Refused("unknown_tag: The source has no tag “X”. | #/tags/X: The source has no tag “X”.")),
        (409, b'{"code": "frame_conflict", "detail": "Another body."}', {}, Refused("frame_conflict: Another body.")),
        (422, b"<html>", {}, Away("422")),
        (401, b'{"code": "token_expired"}', {}, Away("401 token_expired")),
        (403, b"{}", {}, Away("403")),
        (404, b"", {}, Away("404")),
        (302, b"", {}, Away("302")),
        (503, b'{"code": "seal_pending"}', {"Retry-After": "5"}, Away("503 seal_pending", 5.0)),
        (429, b"", {"Retry-After": "99999"}, Away("429", 3600.0)),
        (503, b"", {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, Away("503")),
    ],
)
def test_what_an_answer_means(status, body, headers, outcome):
    found = judged(status, body, headers, FRAME)
    assert isinstance(found, outcome) if isinstance(outcome, type) else found == outcome


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("gk_abc_def\n")
    return file


def test_the_token_is_in_its_file_or_in_the_environment(token_file):
    assert read_token(Service(url="", token_file=token_file)) == "gk_abc_def"
    assert read_token(Service(url="", token_file=None), {TOKEN_VARIABLE: " gk_abc "}) == "gk_abc"


@pytest.mark.parametrize("text", ["", "gk a", "gk\na", "gk_\x00", "gk_ü"])
def test_what_is_no_token_is_named_by_its_place_and_never_shown(token_file, text):
    token_file.write_text(text)
    with pytest.raises(TokenUnusableError) as caught:
        read_token(Service(url="", token_file=token_file))
    assert str(caught.value) == f"There is no token in the file {token_file}."


def test_a_token_that_everybody_can_read_is_not_used(token_file):
    token_file.chmod(0o644)
    with pytest.raises(TokenUnusableError, match="Everybody can read"):
        read_token(Service(url="", token_file=token_file))
    assert isinstance(send(Service(url="http://127.0.0.1:1", token_file=token_file), FRAME), Away)


def test_a_token_that_is_not_there_is_said():
    with pytest.raises(TokenUnusableError, match="No such file"):
        read_token(Service(url="", token_file=Path("nowhere")))
    with pytest.raises(TokenUnusableError, match=f"variable {TOKEN_VARIABLE}"):
        read_token(Service(url="", token_file=None), {})


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers what the test put into ``plan`` and keeps what was asked."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), body))
        status, headers, answer = self.server.plan
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def far_side():
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.asked, server.plan = [], (201, {}, TAKEN)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def service(far_side, token_file):
    return Service(url=f"http://127.0.0.1:{far_side.server_port}", token_file=token_file)


def test_a_frame_goes_out_as_it_was_cut_with_the_token(far_side, service, token_file):
    assert send(service, FRAME) == Taken()
    token_file.write_text("gk_new")
    assert send(service, FRAME) == Taken()
    (path, headers, body), (_, second, _) = far_side.asked
    assert (path, body, headers["Content-Encoding"]) == ("/api/v1/readings/", FRAME.body, "gzip")
    assert (headers["Authorization"], second["Authorization"]) == ("Bearer gk_abc_def", "Bearer gk_new")


def test_a_redirect_is_not_followed(far_side, service):
    far_side.plan = (302, {"Location": f"{service.url}/elsewhere/"}, b"")
    assert send(service, FRAME) == Away("302")
    assert len(far_side.asked) == 1


def test_a_refusal_is_read_and_a_line_that_breaks_is_an_absence(far_side, service):
    far_side.plan = (422, {}, PROBLEM)
    assert isinstance(send(service, FRAME), Refused)
    far_side.plan = (500, {"Content-Length": "100"}, b"half")
    assert send(service, FRAME) == Away("500")
    far_side.plan = (201, {"Content-Length": "1000"}, TAKEN[:-20])
    assert isinstance(send(service, FRAME), Away)


def test_nobody_there_is_an_absence(service):
    nobody = Service(url="http://127.0.0.1:1", token_file=service.token_file)
    assert "refused" in send(nobody, FRAME).reason
