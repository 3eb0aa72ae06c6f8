"""The collector's configuration: a TOML file, checked whole before anything is opened."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from batches.readings.rules.frames import LONGEST_NAME
from gatekeeper.core.refusal import Refusal, refuse_all
from gatekeeper.core.toml import toml_table
from gatekeeper.core.unit_codes import unit_spelled

TOKEN_VARIABLE = "GATEKEEPER_COLLECTOR_TOKEN"  # noqa: S105 -- the name of the variable, not what it holds
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRETS = frozenset({"token", "password", "secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of the source and the node of the server that holds its value.

    ``unit``, where it is given, is the unit that the tag is registered with, by its code of the table: what the server
    says of it must agree.
    """

    code: str
    node: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where frames go; the token is read from ``token_file``, or from the environment where there is none."""

    url: str
    token_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The skid's OPC UA server and how it is asked; times in ms.

    ``trust_server_time``: a value without a source timestamp keeps its quality instead of being uncertain.
    """

    endpoint: str
    source: str
    user: str
    password_file: Path | None
    security: str
    publishing_ms: int
    sampling_ms: int
    queue: int
    trust_server_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """The file that keeps frames until the service has them, its bound in MB, and how often a frame is cut in ms."""

    file: Path
    max_mb: int
    frame_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that a collector is told."""

    service: Service
    server: Server
    buffer: Buffer
    tags: tuple[Tag, ...]


def configuration_from(toml: bytes) -> Configuration:
    """Return the configuration that a TOML document holds: tables service, server, buffer and one ``[[tag]]`` a tag.

    :raises Refusal: those of ``toml_table``; every fault at once, its field named: ``collector_field_missing``,
        ``collector_field_unknown``, ``collector_value_invalid``, ``collector_twice``, ``collector_secret_in_file``.
    """
    top = _Table(toml_table(toml), "", [])
    configuration = Configuration(
        service=_service(top.table("service")),
        server=_server(top.table("server")),
        buffer=_buffer(top.table("buffer")),
        tags=tuple(_tag(one) for one in top.tables("tag")),
    )
    top.close()
    for what, values in (
        ("code", [tag.code for tag in configuration.tags]),
        ("node", [tag.node for tag in configuration.tags]),
    ):
        for value in (value for value, times in Counter(values).items() if value and times > 1):
            top.faults.append(
                Refusal("collector_twice", "Two tags have the {what} {value}.", field="tag", what=what, value=value)
            )
    refuse_all(top.faults)
    return configuration


@dataclass(slots=True)
class _Table:
    """A table of the document: fields are taken by name and kind, and every fault is noted with its place."""

    content: Mapping[str, Any]
    place: str
    faults: list[Refusal]
    taken: set[str] = field(default_factory=set)

    def invalid(self, name: str, reason: str) -> None:
        whole = f"{self.place}{name}"
        self.faults.append(
            Refusal("collector_value_invalid", "{name} is not valid: {reason}.", field=whole, name=whole, reason=reason)
        )

    def _given(self, name: str, default: Any, kind: type, reason: str) -> Any:
        self.taken.add(name)
        if name not in self.content:
            if default is None:
                whole = f"{self.place}{name}"
                self.faults.append(
                    Refusal("collector_field_missing", "The configuration has no {name}.", field=whole, name=whole)
                )
            return default
        given = self.content[name]
        if type(given) is not kind:
            self.invalid(name, reason)
            return default
        return given

    def text(self, name: str, default: str | None = None) -> str:
        given = self._given(name, default, str, "it must be a text")
        if name in self.content and given is not None and (not given.strip() or not given.isprintable()):
            self.invalid(name, "it must be a text")
        return given or ""

    def path(self, name: str) -> Path | None:
        given = self.text(name, "")
        return Path(given) if given else None

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        given = self._given(name, default, int, "it must be a whole number")
        if not low <= given <= high:
            self.invalid(name, f"it must lie between {low} and {high}")
        return given

    def flag(self, name: str) -> bool:
        return self._given(name, False, bool, "it must be true or false")  # noqa: FBT003 -- the default of a flag

    def table(self, name: str) -> "_Table":
        given = self._given(name, None, dict, "it must be a table")
        return _Table(given or {}, f"{self.place}{name}.", self.faults if given is not None else [])

    def tables(self, name: str) -> list["_Table"]:
        given = self._given(name, None, list, "it must be a list of tables")
        if given is None:
            return []
        if not given or not all(isinstance(one, dict) for one in given):
            self.invalid(name, "it must be a list of tables")
            return []
        return [_Table(one, f"{self.place}{name}.{place}.", self.faults) for place, one in enumerate(given)]

    def close(self) -> None:
        """Note what no field is called; a secret has its own refusal, which does not repeat it."""
        for name in self.content:
            if name in self.taken:
                continue
            whole = f"{self.place}{name}"
            if name in _SECRETS:
                self.faults.append(
                    Refusal(
                        "collector_secret_in_file",
                        "{name} does not belong in the configuration: name its file instead.",
                        field=whole,
                        name=whole,
                    )
                )
            else:
                self.faults.append(
                    Refusal("collector_field_unknown", "There is no field called {name}.", field=whole, name=whole)
                )

    def checked(self, name: str, value: str, holds: Callable[[str], bool], reason: str) -> str:
        if value and not holds(value):
            self.invalid(name, reason)
        return value


def _service(table: _Table) -> Service:
    url = table.checked("url", table.text("url"), _is_site, "it must be http://host or https://host, nothing more")
    plain = table.flag("plain_http")
    if url.startswith("http://") and not plain and _is_site(url) and urlsplit(url).hostname not in _LOOPBACK:
        table.invalid("url", "the token would travel in the open: use https, or set plain_http = true")
    service = Service(url=url.rstrip("/"), token_file=table.path("token_file"))
    table.close()
    return service


def _is_site(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.path in {"", "/"}
        and not (parts.query or parts.fragment or parts.username or parts.password)
    )


def _server(table: _Table) -> Server:
    server = Server(
        endpoint=table.checked(
            "endpoint",
            table.text("endpoint"),
            lambda text: text.startswith("opc.tcp://") and "@" not in text,
            "it must be opc.tcp://host:port, without a user",
        ),
        source=_name(table, "source"),
        user=table.text("user", ""),
        password_file=table.path("password_file"),
        security=table.text("security", ""),
        publishing_ms=table.whole("publishing_ms", 250, 10, 60_000),
        sampling_ms=table.whole("sampling_ms", 250, 0, 60_000),
        queue=table.whole("queue", 1000, 2, 100_000),
        trust_server_time=table.flag("trust_server_time"),
    )
    if bool(server.user) != bool(server.password_file):
        table.invalid("user", "user and password_file belong together")
    table.close()
    return server


def _buffer(table: _Table) -> Buffer:
    buffer = Buffer(
        file=Path(table.text("file")),
        max_mb=table.whole("max_mb", 512, 1, 1_000_000),
        frame_ms=table.whole("frame_ms", 500, 50, 60_000),
    )
    table.close()
    return buffer


def _tag(table: _Table) -> Tag:
    tag = Tag(code=_name(table, "code"), node=table.text("node"), unit=_unit(table))
    table.close()
    return tag


def _unit(table: _Table) -> str:
    given = table.text("unit", "")
    try:
        return unit_spelled(given).code if given else ""
    except Refusal:
        table.invalid("unit", "it is in no spelling of the table of units")
        return ""


def _name(table: _Table, field_name: str) -> str:
    return table.checked(
        field_name,
        table.text(field_name),
        lambda text: len(text) <= LONGEST_NAME,
        f"a name has at most {LONGEST_NAME} characters",
    )
