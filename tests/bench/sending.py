"""A gateway of skids: frames over kept connections, as quickly as they are answered."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and document of an answer."""

    status: int
    content: Any


class Gateway:
    """One kept connection with the gateway's token."""

    def __init__(self, site: str, token: str) -> None:
        parts = urlsplit(site)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, body: bytes) -> Answer:
        """POST one frame."""
        self._connection.request("POST", "/api/v1/readings/", body=body, headers=self._headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else None)


def send_all(gateways: list[Gateway], bodies: list[bytes]) -> list[Answer]:
    """Send the frames over all connections at once, each taking every n-th, and return the answers in order."""
    count = len(gateways)

    def share(place: int) -> list[Answer]:
        return [gateways[place].send(body) for body in bodies[place::count]]

    with ThreadPoolExecutor(count) as pool:
        shares = list(pool.map(share, range(count)))
    return [shares[place % count][place // count] for place in range(len(bodies))]
