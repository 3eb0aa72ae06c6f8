"""A process that is a TFF skid with one flow meter: it plays a course of shear, many times as fast, when it is told.

Run as ``python -m tests.journeys.shear_skid PORT START FOLDER``: START is the time of the course's first second, in s
since 1970; a part is played when the file of its name is in FOLDER, and its end is the file ``<part>.whole``.
"""

import asyncio
import logging
import math
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from asyncua import Server, ua

from gatekeeper.core.unit_codes import unit_id_of

CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
STEP, TICK = 2, 0.05  # s of the course and s that it takes
FIBRES, RADIUS = 13, 0.5e-3
SHEAR = 4 / (60_000 * FIBRES * math.pi * RADIUS**3)  # X2: 1/s at 1 L/min

_SURGES = [(250, 2500), (252, SHEAR), (262, SHEAR), (264, 2500)]
_AGAIN = [(at + 60, shear) for at, shear in _SURGES]
_ONCE_MORE = [(at + 120, shear) for at, shear in _SURGES]
NODES = {
    "x4": [(0, 2000), (60, 2500), (120, 4500), (180, 4500), (240, 2500)],
    "surges": [(240, 2500), *_SURGES, *_AGAIN, *_ONCE_MORE, (430, 2500)],
}


def course(part):
    """Yield (s, L/min): the straight lines between the nodes, each node once."""
    nodes = NODES[part]
    for (begun, low), (ended, high) in pairwise(nodes):
        for at in range(begun, ended, STEP):
            yield at, (low + (high - low) * (at - begun) / (ended - begun)) / SHEAR
    if part == "surges":
        yield nodes[-1][0], nodes[-1][1] / SHEAR


def reported(flow, at):
    """A value with the time that the course says."""
    moment = datetime.fromtimestamp(at, UTC)
    return ua.DataValue(ua.Variant(flow, ua.VariantType.Double), SourceTimestamp=moment, ServerTimestamp=moment)


async def main(port, start, folder):
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    space = await server.register_namespace("urn:gatekeeper:tff")
    skid = await server.nodes.objects.add_object(space, "TFF01")
    node = await skid.add_variable(ua.NodeId("TFF01.FI101", space), "FI101", 0.0, ua.VariantType.Double)
    said = ua.EUInformation(NamespaceUri=CEFACT, UnitId=unit_id_of("L2"), DisplayName=ua.LocalizedText("l/min"))
    await node.add_property(0, "EngineeringUnits", said)
    waits = ua.StatusCode(ua.StatusCodes.BadWaitingForInitialData)
    initial = ua.DataValue(ua.Variant(), StatusCode=waits, SourceTimestamp=datetime.fromtimestamp(start - STEP, UTC))
    await server.write_attribute_value(node.nodeid, initial)
    async with server:
        (folder / "ready").touch()
        for part in NODES:
            while not (folder / part).exists():
                await asyncio.sleep(TICK)
            for at, flow in course(part):
                # No two values in a row are the same, or a subscription would not hear of the second.
                wobble = 1e-9 if at % (2 * STEP) else -1e-9
                await server.write_attribute_value(node.nodeid, reported(flow + wobble, start + at))
                await asyncio.sleep(TICK)
            (folder / f"{part}.whole").touch()
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
