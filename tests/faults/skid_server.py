"""A process that is a TFF skid's OPC UA server: simulated values with history, and a file of every value it produced.

Run as ``python -m tests.faults.skid_server PORT FILE [history]``. SIGUSR1 ends the production; the server goes on.
"""

import asyncio
import json
import logging
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Server, ua

from gatekeeper.demo.process import TAGS, simulate_phase

TICK = 0.05  # s
SENSOR_FAILS_EVERY = 17
NAMES = list(TAGS["TFF01"])


def moment():
    return datetime.fromtimestamp(time.time(), UTC)


def course():
    """Yield a value of each tag at each tick: the simulated concentration, run through twenty times as fast."""
    frames = simulate_phase("uf_df", datetime(2026, 3, 2, 9, tzinfo=UTC), 7)
    while True:
        for frame in frames:
            columns = frame.tags
            for place in range(min(len(columns[name]["values"]) for name in NAMES if name in columns)):
                yield {name: columns[name]["values"][place] for name in NAMES if name in columns}


async def produce(server, nodes, file, done):
    with file.open("a", encoding="utf-8") as produced:
        for tick, values in enumerate(course()):
            if done.is_set():
                return
            for name, value in values.items():
                # asyncua's history keeps changes only: no two values in a row are the same.
                reading = None if has_failed(name, tick) or value is None else value + tick * 1e-7
                at = moment()
                micros = int(at.timestamp()) * 1_000_000 + at.microsecond
                # Told before it is offered: a server that is killed has offered nothing that is not told.
                produced.write(json.dumps([name, micros, reading, 16 if reading is None else 192]) + "\n")
                produced.flush()
                await server.write_attribute_value(nodes[name].nodeid, reported(reading, at))
            await asyncio.sleep(TICK)


def has_failed(name, tick):
    return name == "AI101" and tick % SENSOR_FAILS_EVERY == 1


def reported(reading, at):
    if reading is None:
        failed = ua.StatusCode(ua.StatusCodes.BadSensorFailure)
        return ua.DataValue(ua.Variant(), StatusCode=failed, SourceTimestamp=at, ServerTimestamp=at)
    return ua.DataValue(ua.Variant(reading, ua.VariantType.Double), SourceTimestamp=at, ServerTimestamp=at)


async def main(port, file, *, history):
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, done.set)
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    space = await server.register_namespace("urn:gatekeeper:tff")
    skid = await server.nodes.objects.add_object(space, "TFF01")
    nodes = {}
    for name in NAMES:
        node = await skid.add_variable(ua.NodeId(f"TFF01.{name}", space), name, 0.0, ua.VariantType.Double)
        waits = ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData)
        # asyncua's history cannot be read when it holds a value without a time.
        none_yet = ua.DataValue(ua.Variant(), StatusCode=waits, SourceTimestamp=moment())
        await server.write_attribute_value(node.nodeid, none_yet)
        nodes[name] = node
    async with server:
        if history:
            for node in nodes.values():
                await server.historize_node_data_change(node, period=None)
        Path(f"{file}.ready").touch()
        await produce(server, nodes, file, done)
        Path(f"{file}.whole").touch()
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), history=sys.argv[3:] == ["history"]))
