"""E-a: bytes from outside give readings or a refusal, never a fault of the program."""

import random
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.core.refusal import Refusal
from gatekeeper.demo.instrument_files import (
    Target,
    nova_flex2_csv,
    qx_manager_csv,
    simulated_flex_sample,
    simulated_well,
)
from gatekeeper.instruments.registry import READERS, TRACE_READERS, parse, parse_traces

UTC = ZoneInfo("UTC")
WHOLE_FILE_CODES = {"file_cut_short", "file_layout_unknown", "file_not_text", "file_too_large"}


def written(kind: str) -> tuple[str, bytes]:
    rng = random.Random(11)
    if kind == "nova_flex2":
        values: dict[str, Decimal | str] = {"ph": Decimal("7.3"), "osmolality": Decimal(310)}
        at = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
        return nova_flex2_csv(
            "FLEX1", [simulated_flex_sample(rng, sample="S", measured_at=at, values=values, operator="Olivia")]
        )
    target = (Target("WPRE", "FAM", Decimal(850)),)
    return "results.csv", qx_manager_csv([simulated_well(rng, position="A01", sample="S", targets=target)])


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refusal, match="crystal_ball") as refused:
        parse("crystal_ball", "x.csv", b"", timezone=UTC)
    assert (refused.value.code, refused.value.field) == ("unknown_instrument_kind", "kind")


def test_a_kind_of_recording_is_not_a_kind_of_results() -> None:
    assert READERS.keys().isdisjoint(TRACE_READERS)
    for kind in ("crystal_ball", *READERS):
        with pytest.raises(Refusal) as refused:
            parse_traces(kind, "x.zip", b"")
        assert (refused.value.code, refused.value.field) == ("unknown_instrument_kind", "kind")


@given(
    kind=st.sampled_from(sorted(READERS)),
    start=st.floats(0, 1),
    cut=st.integers(0, 40),
    noise=st.binary(max_size=12) | st.text('0123456789,.\n"<>-eE/: ', max_size=12).map(str.encode),
)
@settings(max_examples=400, deadline=None)
def test_damaged_bytes_give_readings_or_a_refusal(kind: str, start: float, cut: int, noise: bytes) -> None:
    filename, content = written(kind)
    place = int(start * len(content))
    damaged = content[:place] + noise + content[place + cut :]
    try:
        parsed = parse(kind, filename, damaged, timezone=UTC)
    except Refusal as refused:
        code = refused.code
    else:
        code = ""
        assert len(parsed.sha256) == 64
        assert all(r.value is None or r.value.is_finite() for r in parsed.readings)
    assert code in {"", *WHOLE_FILE_CODES}
