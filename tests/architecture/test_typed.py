"""E-a: every function of the product says its types, and mypy holds it to them."""

import subprocess
import sys
import tomllib

import pytest

from tests.architecture import sources, typed

PLANTED = {
    "def taken(lot):\n    return lot\n": "no-untyped-def",
    "def taken(lot: str) -> int:\n    return lot\n": "return-value",
    "def taken(lot: str) -> str:\n    return lot.quantity\n": "attr-defined",
    "from django.db import models\n\ndef taken(lot: models.Model) -> str:\n    return lot.anything\n": "",
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_wrong_type_is_found(text, tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(text)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        "pyproject.toml",
        "--cache-dir",
        tmp_path / "cache",
        sample,
    ]
    ran = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True, check=False)
    codes = [line.rpartition("[")[2].rstrip("]") for _, line in typed.findings_in(ran.stdout)]
    assert codes == [code for code in [PLANTED[text]] if code], ran.stdout


def test_every_room_is_checked_and_pure_code_strictly():
    settings = tomllib.loads(sources.text("pyproject.toml"))["tool"]["mypy"]
    assert settings["files"] == list(sources.PACKAGES)
    strict = next(row for row in settings["overrides"] if row.get("disallow_any_generics"))["module"]
    pure = {name.rpartition("/rules/")[0] + "/rules" for name in sources.python() if "/rules/" in name}
    pure |= {"gatekeeper/core", "gatekeeper/instruments", "gatekeeper/charts"}
    assert {f"{name.replace('/', '.')}.*" for name in pure} == set(strict)
