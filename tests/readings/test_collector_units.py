"""2.2.11: what a server says of a unit must be what is configured; else its values are bad, and never guessed."""

import asyncio

import pytest
from asyncua import Server, ua

from batches.readings.collector.configuration import configuration_from
from batches.readings.collector.samples import MISDECLARED, said_otherwise
from batches.readings.collector.skid import Skid
from gatekeeper.core.unit_codes import unit_id_of
from gatekeeper.demo.embedded import free_port
from tests.readings.test_collector_configuration import WHOLE

CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"


@pytest.mark.parametrize(
    ("declared", "unece", "namespace", "other"),
    [
        ("bar", "BAR", CEFACT, ""),
        ("bar", "MBR", CEFACT, "mbar"),
        ("bar", "PS", CEFACT, "PS"),  # pound-force per square inch: not in the table, so certainly no bar
        ("L/h", "E92", CEFACT, ""),  # a cubic decimetre is a litre
        ("bar", "MBR", "urn:own-units", ""),
        ("bar", "", CEFACT, ""),
    ],
)
def test_another_unit_is_found_by_its_unece_code_alone(declared, unece, namespace, other):
    assert said_otherwise(declared, unit_id_of(unece) if unece else -1, namespace) == other


@pytest.mark.parametrize("spelling", ["bar", "BAR"])
def test_a_unit_is_configured_in_any_spelling(spelling):
    told = configuration_from(f'{WHOLE}unit = "{spelling}"'.encode())
    assert told.tags[0].unit == "bar"


async def skid_server(port, units):
    """A server with a node for each tag; of each it says this UNECE code, or nothing."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    space = await server.register_namespace("urn:gatekeeper:tff")
    for tag, unece in units.items():
        node = await server.nodes.objects.add_variable(
            ua.NodeId(f"TFF01.{tag}", space), tag, 1.5, ua.VariantType.Double
        )
        if unece is not None:
            said = ua.EUInformation(NamespaceUri=CEFACT, UnitId=unit_id_of(unece), DisplayName=ua.LocalizedText(unece))
            await node.add_property(0, "EngineeringUnits", said)
    return server


def test_values_in_another_unit_than_configured_are_recorded_as_bad(caplog):
    port, units = free_port(), {"PI101": "BAR", "PI102": "MBR", "PI103": None}
    rows = (f'[[tag]]\ncode = "{tag}"\nnode = "ns=2;s=TFF01.{tag}"\nunit = "bar"\n' for tag in units)
    head = WHOLE.split("[[tag]]")[0].replace("opc.tcp://skid:4840", f"opc.tcp://127.0.0.1:{port}")
    told = configuration_from((head + "".join(rows)).encode())

    async def play():
        found = {}
        async with await skid_server(port, units), Skid(told) as skid:
            while len(found) < len(units):
                found |= {one.tag: (one.value, one.quality) for one, _ in skid.take()}
                await asyncio.sleep(0.02)
        return found

    assert asyncio.run(play()) == {"PI101": (1.5, 192), "PI102": (1.5, MISDECLARED), "PI103": (1.5, 192)}
    assert "The server gives PI102 in mbar, and it is configured in bar" in caplog.text
