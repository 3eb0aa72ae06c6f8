"""Issue 3, ways in: what a collector is told is checked whole, each fault by its field, before anything is opened."""

from pathlib import Path

import pytest

from batches.readings.collector.configuration import configuration_from
from gatekeeper.core.refusal import Refusal

WHOLE = """
[service]
url = "https://gatekeeper.example/"
token_file = "/run/secrets/token"

[server]
endpoint = "opc.tcp://skid:4840"
source = "TFF01"

[buffer]
file = "/var/lib/collector/tff01.spool"

[[tag]]
code = "FI101"
node = "ns=2;s=TFF01.FI101"
"""


def faults_of(toml):
    with pytest.raises(Refusal) as caught:
        configuration_from(toml.encode())
    return {(one.code, one.field) for one in caught.value.all}


def test_what_is_not_said_has_its_default():
    told = configuration_from(WHOLE.encode())
    assert told.service.url == "https://gatekeeper.example"
    assert told.service.token_file == Path("/run/secrets/token")
    assert (told.server.publishing_ms, told.server.queue, told.server.trust_server_time) == (250, 1000, False)
    assert (told.buffer.max_mb, told.buffer.frame_ms) == (512, 500)
    assert [tag.code for tag in told.tags] == ["FI101"]


@pytest.mark.parametrize(
    ("before", "after", "code", "field"),
    [
        ('url = "https://gatekeeper.example/"', "", "collector_field_missing", "service.url"),
        ("https://gatekeeper.example/", "ftp://gatekeeper.example", "collector_value_invalid", "service.url"),
        ("https://gatekeeper.example/", "https://a:b@gatekeeper.example", "collector_value_invalid", "service.url"),
        ("https://gatekeeper.example/", "https://host:port", "collector_value_invalid", "service.url"),
        ("https://gatekeeper.example/", "http://gatekeeper.example", "collector_value_invalid", "service.url"),
        ("https://gatekeeper.example/", "https://host/api/v1", "collector_value_invalid", "service.url"),
        ("opc.tcp://skid:4840", "opc.tcp://u:p@skid:4840", "collector_value_invalid", "server.endpoint"),
        ('source = "TFF01"', "source = 1", "collector_value_invalid", "server.source"),
        ('source = "TFF01"', f'source = "{"T" * 41}"', "collector_value_invalid", "server.source"),
        ('source = "TFF01"', 'source = " "', "collector_value_invalid", "server.source"),
        ('source = "TFF01"', 'source = "TFF01"\nuser = "me"', "collector_value_invalid", "server.user"),
        ('source = "TFF01"', 'source = "TFF01"\nqueue = 1', "collector_value_invalid", "server.queue"),
        ('source = "TFF01"', 'source = "TFF01"\nqueue = true', "collector_value_invalid", "server.queue"),
        ('source = "TFF01"', 'source = "TFF01"\npassword = "x"', "collector_secret_in_file", "server.password"),
        ("token_file", 'token = "gk_secret"\ntoken_file', "collector_secret_in_file", "service.token"),
        ("[buffer]", "[buffer]\nmax_gb = 1", "collector_field_unknown", "buffer.max_gb"),
        ("[buffer]", "[buffers]", "collector_field_missing", "buffer"),
        ("[buffer]", "[buffers]", "collector_field_unknown", "buffers"),
        ("[[tag]]", "[tag]", "collector_value_invalid", "tag"),
        ("[[tag]]", '[[tag]]\ncode = "FI101"\nnode = "ns=2;s=X"\n[[tag]]', "collector_twice", "tag"),
        ('node = "ns=2;s=TFF01.FI101"', "", "collector_field_missing", "tag.0.node"),
        ('code = "FI101"', 'code = "FI101"\nunit = "psi"', "collector_value_invalid", "tag.0.unit"),
        ("[service]", "[service", "not_toml", "file"),
    ],
)
def test_a_fault_is_named_with_its_field(before, after, code, field):
    assert (code, field) in faults_of(WHOLE.replace(before, after))


def test_every_fault_is_named_at_once_and_no_secret_is_repeated():
    toml = WHOLE.replace("token_file", 'token = "gk_secret"\ntoken_file').replace("opc.tcp", "http")
    assert faults_of(toml) == {
        ("collector_secret_in_file", "service.token"),
        ("collector_value_invalid", "server.endpoint"),
    }
    with pytest.raises(Refusal) as caught:
        configuration_from(toml.encode())
    assert not any("gk_secret" in one.message for one in caught.value.all)


def test_no_tags_at_all_are_refused():
    assert faults_of(WHOLE.partition("[[tag]]")[0]) == {("collector_field_missing", "tag")}
    assert faults_of("tag = []\n" + WHOLE.partition("[[tag]]")[0]) == {("collector_value_invalid", "tag")}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_on_the_machine_itself_the_token_may_travel_in_the_open(host):
    told = configuration_from(WHOLE.replace("https://gatekeeper.example/", f"http://{host}").encode())
    assert told.service.url == f"http://{host}"


def test_elsewhere_it_may_only_when_that_is_said():
    toml = WHOLE.replace('url = "https://gatekeeper.example/"', 'url = "http://web:8000"\nplain_http = true')
    assert configuration_from(toml.encode()).service.url == "http://web:8000"
