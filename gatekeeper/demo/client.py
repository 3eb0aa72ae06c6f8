"""A client of the site: a person who logs in, or a machine with its token, speaking REST like any integration."""

import json
import re
import uuid
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

_TIMEOUT = 60  # s; a signing waits for its seal


class RefusedError(Exception):
    """The site refused: its problem document, with the code that says why."""

    def __init__(self, method: str, path: str, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = problem.get("code", "")
        lines = [f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", [])]
        super().__init__(f"{method} {path}: {status} {self.code}: {problem.get('detail')} {' | '.join(lines)}")


class Client:
    """Speaks to ``site`` (its address without a slash at the end)."""

    def __init__(self, site: str, *, token: str = "") -> None:
        self.site = site
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def log_in(self, username: str, password: str) -> "Client":
        """Log a person in through the log-in page, as a browser does.

        :raises RefusedError: when the site does not let the person in.
        """
        page = self._send("GET", "/accounts/log-in/", None, {})[1].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {"csrfmiddlewaretoken": token[1] if token else "", "username": username, "password": password}
        self._send(
            "POST",
            "/accounts/log-in/",
            urlencode(fields).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        if not self._cookie("sessionid"):
            raise RefusedError("POST", "/accounts/log-in/", 403, {"code": "not_logged_in", "detail": username})
        self.username, self.password = username, password
        return self

    def get(self, path: str) -> Any:
        """Return what GET answers below /api/v1/.

        :raises RefusedError: on any answer but 2xx.
        """
        return json.loads(self._send("GET", f"/api/v1/{path}", None, {})[1])

    def fetch(self, path: str) -> bytes:
        """Return the bytes of a document below /api/v1/, such as a PDF."""
        return self._send("GET", f"/api/v1/{path}", None, {})[1]

    def post(self, path: str, content: Mapping[str, Any]) -> Any:
        """POST a document below /api/v1/ under a fresh Idempotency-Key and return the answer.

        :raises RefusedError: on any answer but 2xx.
        """
        body = json.dumps(content).encode()
        _, answer = self._send("POST", f"/api/v1/{path}", body, {"Content-Type": "application/json"})
        return json.loads(answer) if answer else None

    def post_toml(self, path: str, content: bytes) -> Any:
        """POST a master record as TOML and return the answer."""
        return json.loads(self._send("POST", f"/api/v1/{path}", content, {"Content-Type": "application/toml"})[1])

    def sign(self, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """POST a document that the person signs with both components."""
        return self.post(path, {**(content or {}), "username": self.username, "password": self.password})

    def upload(self, path: str, fields: Mapping[str, str], name: str, content: bytes) -> Any:
        """POST a file with its fields as multipart and return the answer."""
        boundary = uuid.uuid4().hex
        sections = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        sections.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n".encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return json.loads(self._send("POST", f"/api/v1/{path}", b"".join(sections), kind)[1])

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        sent = {**self._headers, **headers, "Accept": "application/json, */*"}
        if method == "POST":
            sent |= {"Idempotency-Key": str(uuid.uuid4()), "X-CSRFToken": self._cookie("csrftoken")}
        request = Request(self.site + path, data=body, method=method, headers=sent)  # noqa: S310 -- our own http address
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                return response.status, response.read()
        except HTTPError as error:
            raise RefusedError(method, path, error.code, _problem(error)) from None

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self._cookies if cookie.name == name), "")


def _problem(error: HTTPError) -> Mapping[str, Any]:
    text = error.read().decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return {"code": f"status_{error.code}", "detail": text[:300]}
