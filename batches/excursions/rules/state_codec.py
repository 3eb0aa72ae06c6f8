"""The state of a source as bytes and back: columns as they lie in memory, the rest as MessagePack."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from batches.excursions.rules.excursion_rules import Level
from batches.excursions.rules.incremental_evaluation import InputState, SourceState
from batches.excursions.rules.sample_digests import Sealed
from batches.excursions.rules.streaming_state import StreamState
from batches.excursions.rules.summaries import Outside, Spell, Summary
from batches.excursions.rules.windows import Gap
from batches.readings.rules.signals import Signal, signal_of

_NO_SAMPLES = signal_of([], [])


def packed(state: SourceState) -> bytes:
    """Return the state of a source as bytes."""
    content = {
        "inputs": {
            name: (
                input_state.cut_us,
                msgspec.to_builtins(input_state.sealed, builtin_types=(bytes,)),
                _columns(input_state.tail),
            )
            for name, input_state in state.inputs.items()
        },
        "streams": {
            code: (
                *(stream.start_us, stream.settled_us, stream.closed_us),
                *(None if stream.summary is None else _summary_content(stream.summary), _columns(stream.context)),
            )
            for code, stream in state.streams.items()
        },
        "empty_to": dict(state.empty_to),
        "newest_us": state.newest_us,
    }
    return msgspec.msgpack.encode(content)


def unpacked(content: bytes) -> SourceState:
    """Return the state that ``packed`` made into bytes."""
    decoded: dict[str, Any] = msgspec.msgpack.decode(content)
    return SourceState(
        inputs={
            name: InputState(cut, msgspec.convert(sealed, Sealed), _signal(columns))
            for name, (cut, sealed, columns) in decoded["inputs"].items()
        },
        streams={
            code: StreamState(
                start, settled, None if summary is None else _summary(summary), _NO_SAMPLES, _signal(context), closed
            )
            for code, (start, settled, closed, summary, context) in decoded["streams"].items()
        },
        empty_to=decoded["empty_to"],
        newest_us=decoded["newest_us"],
    )


def _columns(signal: Signal) -> tuple[bytes, bytes, bytes, bytes | None]:
    void = None if signal.void is None else signal.void.astype("i1").tobytes()
    return signal.times.astype("<i8").tobytes(), signal.values.astype("<f8").tobytes(), signal.good.tobytes(), void


def _signal(columns: tuple[bytes, bytes, bytes, bytes | None]) -> Signal:
    times, values, good, void = columns
    return Signal(
        np.frombuffer(times, dtype="<i8").astype(np.int64, copy=False),
        np.frombuffer(values, dtype="<f8").astype(np.float64, copy=False),
        np.frombuffer(good, dtype=np.bool_),
        None if void is None else np.frombuffer(void, dtype=np.int8),
    )


def _summary_content(summary: Summary) -> dict[str, Any]:
    """A summary as plain values; totals of doses are larger than any integer of MessagePack."""
    return {
        "stretch": (summary.start_us, summary.end_us, summary.last_us),
        "gaps": [(gap.started_us, gap.ended_us, gap.reason) for gap in summary.gaps],
        "spells": [
            (
                *(spell.level.value, spell.side, format(spell.limit, "f")),
                *(spell.started_us, spell.ended_us, spell.known_us, spell.peak, spell.peak_at_us, hex(spell.dose)),
            )
            for spell in summary.spells
        ],
        "outside": [
            (side.side, side.first_us, side.last_us, side.beyond, side.peak, side.peak_at_us)
            for side in summary.outside
        ],
        "totals": (summary.outside_us, hex(summary.dose), summary.count),
    }


def _summary(content: dict[str, Any]) -> Summary:
    start, end, last = content["stretch"]
    outside_us, dose, count = content["totals"]
    return Summary(
        start_us=start,
        end_us=end,
        last_us=last,
        gaps=tuple(Gap(*gap) for gap in content["gaps"]),
        spells=tuple(
            Spell(Level(level), side, Decimal(limit), started, ended, known_us, peak, peak_at, int(dose, 16))
            for level, side, limit, started, ended, known_us, peak, peak_at, dose in content["spells"]
        ),
        outside=tuple(Outside(*row) for row in content["outside"]),
        outside_us=outside_us,
        dose=int(dose, 16),
        count=count,
    )
