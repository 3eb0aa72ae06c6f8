"""Issue 3, ways in: a server that asks for a certificate lets our collector in by its own, encrypted, and no other."""

import asyncio
import socket

import pytest
from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from cryptography.x509.oid import ExtendedKeyUsageOID

from batches.readings.collector.configuration import configuration_from
from batches.readings.collector.skid import SESSION_FAULTS, Skid
from gatekeeper.demo.embedded import free_port
from tests.readings.test_collector_configuration import WHOLE

PURPOSE = {"skid": ExtendedKeyUsageOID.SERVER_AUTH}
URIS = {"skid": "urn:skid"}


@pytest.fixture
def papers(tmp_path):
    """A folder with key and certificate of the skid, of the collector, and of a stranger."""
    folder = tmp_path

    async def make():
        for name in ("skid", "collector", "stranger"):
            uri = URIS.get(name, "urn:gatekeeper:collector")
            purpose = PURPOSE.get(name, ExtendedKeyUsageOID.CLIENT_AUTH)
            files = (folder / f"{name}.pem", folder / f"{name}.der")
            await setup_self_signed_certificate(*files, uri, socket.gethostname(), [purpose], {"commonName": name})

    asyncio.run(make())
    (folder / "trusted").mkdir()
    (folder / "trusted" / "collector.der").write_bytes((folder / "collector.der").read_bytes())
    return folder


async def secured(papers, port):
    """A skid's server with one node that takes no session but signed and encrypted, from whom it trusts."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    await server.set_application_uri("urn:skid")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    await server.load_certificate(str(papers / "skid.der"))
    await server.load_private_key(str(papers / "skid.pem"))
    trusted = TrustStore([papers / "trusted"], [])
    await trusted.load()
    asked = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
    server.set_certificate_validator(CertificateValidator(asked, trusted))
    space = await server.register_namespace("urn:gatekeeper:tff")
    await server.nodes.objects.add_variable(ua.NodeId("TFF01.FI101", space), "FI101", 1.5, ua.VariantType.Double)
    return server


def configured(port, security):
    """The collector's configuration for this server."""
    head, tail = WHOLE.split("[server]")
    lines = [line for line in tail.splitlines() if not line.startswith(("endpoint", "security", "user", "password"))]
    told = f'[server]\nendpoint = "opc.tcp://127.0.0.1:{port}"\n{security}'
    return configuration_from(f"{head}{told}{chr(10).join(lines)}".encode())


def security(papers, name):
    return f'security = "Basic256Sha256,SignAndEncrypt,{papers}/{name}.der,{papers}/{name}.pem,{papers}/skid.der"'


async def first_value(port, told):
    async with Skid(configured(port, told)) as skid:
        while not (taken := skid.take()):
            await asyncio.sleep(0.02)
        return taken[0][0].tag, taken[0][0].value


def test_the_collector_is_let_in_by_its_certificate_and_nobody_else_is(papers):
    port = free_port()

    async def play():
        async with await secured(papers, port):
            assert await first_value(port, security(papers, "collector")) == ("FI101", 1.5)
            for told in (security(papers, "stranger"), ""):
                with pytest.raises(SESSION_FAULTS):
                    await first_value(port, told)

    asyncio.run(play())
