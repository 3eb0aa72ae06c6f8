"""A gateway of skids: frames over kept connections, as quickly as they are answered."""

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_IDLE = 0.5  # s; gunicorn closes a kept connection after two


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and document of an answer."""

    status: int
    content: Any


@dataclass(frozen=True, slots=True)
class Parcel:
    """The payload of a frame with the headers that it needs, or of several with the rest of their address."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    where: str = ""


class Gateway:
    """One kept connection with the gateway's token."""

    def __init__(self, site: str, token: str, timeout: float = 120) -> None:
        address = urlsplit(site)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._used = 0.0

    def send(self, body: bytes, headers: Mapping[str, str] | None = None, where: str = "") -> Answer:
        """POST one frame (several, by ``where``), over a new connection when the kept one may have been closed."""
        if time.monotonic() - self._used > _IDLE:
            self._connection.close()
        address = f"/api/v1/readings/{where}"
        self._connection.request("POST", address, body=body, headers={**self._headers, **(headers or {})})
        response = self._connection.getresponse()
        text = response.read()
        self._used = time.monotonic()
        return Answer(response.status, json.loads(text) if text else None)


def send_all(gateways: list[Gateway], parcels: Sequence[Parcel]) -> list[Answer]:
    """Send the frames over all connections at once, each taking every n-th, and return the answers in order."""
    count = len(gateways)

    def share(place: int) -> list[Answer]:
        return [gateways[place].send(parcel.body, parcel.headers, parcel.where) for parcel in parcels[place::count]]

    with ThreadPoolExecutor(count) as pool:
        shares = list(pool.map(share, range(count)))
    return [shares[place % count][place // count] for place in range(len(parcels))]
