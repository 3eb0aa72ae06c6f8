"""A carried state as bytes and back: columns as they lie in memory, the rest as MessagePack."""

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from batches.excursions.rules.excursion_rules import Level
from batches.excursions.rules.incremental_evaluation import Inlet, SourceState
from batches.excursions.rules.sample_digests import Sealed
from batches.excursions.rules.streaming_state import Carried
from batches.excursions.rules.summaries import Outside, Part, Spell
from batches.excursions.rules.windows import Gap
from batches.readings.rules.signals import Signal, signal_of

_NO_SAMPLES = signal_of([], [])


def packed(state: SourceState) -> bytes:
    """Return the state of a source as bytes."""
    content = {
        "inlets": {
            name: (inlet.cut_us, msgspec.to_builtins(inlet.sealed, builtin_types=(bytes,)), _columns(inlet.tail))
            for name, inlet in state.inlets.items()
        },
        "carried": {
            code: (
                *(one.start_us, one.settled_us, one.closed_us),
                *(None if one.done is None else _said(one.done), _columns(one.context)),
            )
            for code, one in state.carried.items()
        },
        "empty_to": dict(state.empty_to),
        "newest_us": state.newest_us,
    }
    return msgspec.msgpack.encode(content)


def unpacked(content: bytes) -> SourceState:
    """Return the state that ``packed`` made into bytes."""
    given: dict[str, Any] = msgspec.msgpack.decode(content)
    return SourceState(
        inlets={
            name: Inlet(cut, msgspec.convert(sealed, Sealed), _signal(columns))
            for name, (cut, sealed, columns) in given["inlets"].items()
        },
        carried={
            code: Carried(start, settled, None if done is None else _part(done), _NO_SAMPLES, _signal(context), closed)
            for code, (start, settled, closed, done, context) in given["carried"].items()
        },
        empty_to=given["empty_to"],
        newest_us=given["newest_us"],
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


def _said(part: Part) -> dict[str, Any]:
    """A part as plain values; totals of doses are larger than any integer of MessagePack."""
    return {
        "stretch": (part.start_us, part.end_us, part.last_us),
        "gaps": [(gap.started_us, gap.ended_us, gap.reason) for gap in part.gaps],
        "spells": [
            (
                *(one.level.value, one.side, format(one.limit, "f"), one.started_us, one.ended_us, one.known_us),
                *(one.peak, one.peak_at_us, hex(one.dose)),
            )
            for one in part.spells
        ],
        "outside": [
            (one.side, one.first_us, one.last_us, one.beyond, one.peak, one.peak_at_us) for one in part.outside
        ],
        "totals": (part.outside_us, hex(part.dose), part.count),
    }


def _part(said: dict[str, Any]) -> Part:
    start, end, last = said["stretch"]
    outside_us, dose, count = said["totals"]
    return Part(
        start_us=start,
        end_us=end,
        last_us=last,
        gaps=tuple(Gap(*gap) for gap in said["gaps"]),
        spells=tuple(
            Spell(Level(level), side, Decimal(limit), started, ended, known, peak, peak_at, int(dose, 16))
            for level, side, limit, started, ended, known, peak, peak_at, dose in said["spells"]
        ),
        outside=tuple(Outside(*one) for one in said["outside"]),
        outside_us=outside_us,
        dose=int(dose, 16),
        count=count,
    )
