"""E-k: the commands that the documentation names are those that exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split())
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LOCKS = ["requirements.txt", "requirements-opcua.txt", "requirements-demo.txt", "requirements-dev.txt"]


def test_every_target_is_declared_and_explained():
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert explained == TARGETS
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in shown for target in TARGETS)


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_a_page_names_only_targets_that_exist(page):
    named = re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {a or b for a, b in named} <= TARGETS


@pytest.mark.parametrize("script", sorted((ROOT / ".ci").iterdir()), ids=lambda script: script.name)
def test_every_script_is_executable_and_parses(script):
    assert os.access(script, os.X_OK)
    shell = script.read_text(encoding="utf-8").splitlines()[0].split("/")[-1].split()[-1]
    assert shell in {"sh", "bash"}
    assert subprocess.run([shell, "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^--|^\s*-[a-z] |@ ", text, re.MULTILINE)
    pins = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE | re.IGNORECASE)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin)


def _pinned(lock):
    return set(re.findall(r"^([a-z0-9._-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE | re.IGNORECASE))


def test_the_demonstration_needs_nothing_that_the_development_lock_lacks():
    assert _pinned("requirements.txt") < _pinned("requirements-demo.txt") < _pinned("requirements-dev.txt")


def test_the_extra_of_the_collector_adds_to_production_and_is_tested():
    assert _pinned("requirements.txt") < _pinned("requirements-opcua.txt") < _pinned("requirements-dev.txt")
