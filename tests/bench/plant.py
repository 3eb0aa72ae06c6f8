"""The plant that is measured, made once through the real actions: people, skids with their tags, running phases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.bench.system import System

DATA = Path(__file__).parent / "data"
SECOND = 1_000_000  # µs
# tag, parameter, unit, and the level around which it moves: inside every limit
TAGS = (
    ("FI101", "flow", "L/min", 0.5),
    ("FI102", "permeate_flow", "L/min", 0.05),
    ("PI101", "feed_pressure", "bar", 0.6),
    ("PI102", "retentate_pressure", "bar", 0.2),
    ("PI103", "permeate_pressure", "bar", 0.1),
    ("AI101", "ph", "[pH]", 7.2),
    ("CI101", "conductivity", "mS/cm", 15.0),
    ("TI101", "temperature", "Cel", 20.0),
    ("OI101", "osmolality", "mosm/kg", 310.0),
    ("WI101", "volume", "L", 5.0),
)
type Columns = dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Plant:
    """Everybody by name, the house of tests.batches.making, and the token of the gateway of skids."""

    house: Any
    token: str

    @property
    def people(self) -> dict[str, Any]:
        return self.house.people


@cache
def _made(_site: str) -> Plant:
    from tests.batches.making import make_house

    return with_token(make_house())


def with_token(house: Any) -> Plant:
    """Return the plant of a house: with a token for its gateway of skids."""
    from gatekeeper.accounts.actions.tokens import issue_token
    from gatekeeper.accounts.clock import now

    token = issue_token(
        by=house.grace,
        person=house.people["skid-gateway"],
        site=house.site,
        scopes=frozenset({"readings.record"}),
        expires_at=now() + timedelta(days=1),
    )
    return Plant(house, token)


def plant(system: System) -> Plant:
    """Return the plant of the running system, made on first use."""
    system.start()
    return _made(system.site)


def make_skid(made: Plant, code: str) -> Any:
    """Register a TFF unit with its module (X2: 13 fibres of 1 mm) and a skid of ten tags on it."""
    from batches.actions.commands import RegisterEquipment
    from batches.actions.equipment import register_equipment
    from batches.readings.actions.sources import DescribeTag, RegisterSource, register_source
    from gatekeeper.accounts.clock import now

    register_equipment(
        by=made.people["mei"],
        command=RegisterEquipment(
            code=f"UNIT-{code}",
            name="TFF unit",
            kind="tff_skid",
            site=made.house.site.code,
            geometry={"n_fibres": 1300, "diameter_mm": "1.0", "length_m": "0.30"},
            calibration_due_date=(now() + timedelta(days=90)).date(),
        ),
    )
    # All of it is measured in the line, osmolality too: at 100 Hz nothing is held between two samples.
    tags = tuple(DescribeTag(tag, parameter, unit, signal_type="linear") for tag, parameter, unit, _level in TAGS)
    return register_source(by=made.people["mei"], command=RegisterSource(code, "TFF skid", f"UNIT-{code}", tags))


def columns(rng: np.random.Generator, start_us: int, count: int, step_us: int) -> Columns:
    """Return a stretch of all ten tags that is quiet everywhere."""
    times = start_us + step_us * np.arange(count, dtype=np.int64)
    return {
        tag: (times, np.round(level * (1 + 0.01 * rng.standard_normal(count)), 4)) for tag, _code, _unit, level in TAGS
    }


def body(source: str, boot: str, sequence: int, samples: Columns) -> bytes:
    """Return the JSON of a frame."""
    import msgspec

    tags = {tag: {"times": times.tolist(), "values": values.tolist()} for tag, (times, values) in samples.items()}
    return msgspec.json.encode({"source": source, "boot_id": boot, "sequence": sequence, "tags": tags})


def arrow(samples: Columns) -> bytes:
    """Return the Arrow stream of a frame: a row a sample, the tag as a dictionary."""
    return _streamed([_table(samples)])


def arrow_of_several(samples: Mapping[int, Columns]) -> bytes:
    """Return the Arrow stream of several frames, a batch each: as ``arrow``, with the sequence as a column."""
    import pyarrow as pa

    tables = [_table(columns) for columns in samples.values()]
    numbered = [
        table.append_column("sequence", pa.array(np.full(len(table), sequence, dtype=np.int64)))
        for sequence, table in zip(samples, tables, strict=True)
    ]
    return _streamed(numbered)


def _table(samples: Columns) -> Any:
    import pyarrow as pa

    tags = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(samples), dtype=np.int8), [len(times) for times, _values in samples.values()]),
        list(samples),
    )
    times, values = (np.concatenate([columns[place] for columns in samples.values()]) for place in (0, 1))
    return pa.table({"tag": tags, "time": times, "value": values})


def _streamed(tables: Sequence[Any]) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)
    return bytes(sink.getvalue())
