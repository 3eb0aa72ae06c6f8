"""Issue 3, ways in: a collector that cannot begin says in a sentence what a person must mend, and shows no secret."""

import importlib.util
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from batches.readings.collector.samples import Sample
from batches.readings.collector.sending import TOKEN_VARIABLE
from batches.readings.collector.spool import Spool
from tests.readings.test_collector_configuration import WHOLE
from tests.running import ROOT


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "gk_abc_def")
    file = tmp_path / "tff01.toml"
    whole = WHOLE.replace('token_file = "/run/secrets/token"', "")
    file.write_text(whole.replace("/var/lib/collector/tff01.spool", str(tmp_path / "spool")))
    return file


def said(config):
    with pytest.raises(CommandError) as caught:
        call_command("collect_opcua", str(config))
    return str(caught.value)


def test_without_asyncua_it_says_what_to_install(config, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert said(config) == "The collector needs asyncua: pip install --require-hashes -r requirements-opcua.txt"


def test_a_configuration_that_is_not_there(config, tmp_path):
    assert said(tmp_path / "none.toml").endswith("none.toml cannot be read: No such file or directory.")


def test_each_fault_of_the_configuration_has_its_line(config):
    config.write_text(config.read_text().replace("opc.tcp", "http").replace('source = "TFF01"', ""))
    assert {line.split(":")[0] for line in said(config).splitlines()} == {"server.endpoint", "server.source"}


def test_a_token_that_is_missing(config, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE)
    assert said(config) == f"There is no token in the environment variable {TOKEN_VARIABLE}."


def test_a_node_that_is_none(config):
    config.write_text(config.read_text().replace("ns=2;s=TFF01.FI101", "FI101"))
    assert said(config) == "The node of FI101 is no node id: FI101."


def test_a_buffer_in_a_folder_that_is_not_there(config):
    config.write_text(config.read_text().replace("/spool", "/nowhere/spool"))
    assert "unable to open database file" in said(config)


def listed(config):
    out = StringIO()
    call_command("collect_opcua", "--refused", str(config), stdout=out)
    return out.getvalue()


def test_what_the_service_refused_is_listed_with_code_and_sentence(config, tmp_path):
    assert listed(config) == ""
    spool = Spool(tmp_path / "spool", source="TFF01", max_bytes=10_000_000)
    spool.keep([Sample("FI101", 1, 0.5, 192)], {})
    spool.set_aside(1, "unknown_tag: There is no tag FI101.")
    with pytest.raises(CommandError, match="Of a collector that runs, SIGHUP has the list logged"):
        listed(config)
    spool.close()
    line = "frame 1, 1 samples: unknown_tag: There is no tag FI101.\n"
    assert listed(config) == line
    argv = [sys.executable, "-m", "batches.readings.collector", "--refused", str(config)]
    ran = subprocess.run(argv, cwd=ROOT, env={}, capture_output=True, text=True, check=True)
    assert ran.stdout == line


def test_without_the_sites_settings_it_says_the_same(tmp_path):
    argv = [sys.executable, "-m", "batches.readings.collector", str(tmp_path / "none.toml")]
    ran = subprocess.run(argv, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (
        1, f"The configuration {tmp_path / 'none.toml'} cannot be read: No such file or directory.\n",
    )  # fmt: skip
