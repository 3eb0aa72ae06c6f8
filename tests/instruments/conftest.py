"""Real instrument files: public test data that this repository does not hold."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2].parent / "shared/samples"


@pytest.fixture
def real_file() -> Callable[[str], bytes]:
    """The bytes of a real file by name; skips where the samples are absent."""

    def read(name: str) -> bytes:
        path = Path(os.environ.get("GATEKEEPER_SAMPLES") or BESIDE_THE_REPOSITORY) / name
        if not path.is_file():
            pytest.skip(f"real sample {name} is absent: set GATEKEEPER_SAMPLES to the folder that holds it")
        return path.read_bytes()

    return read
