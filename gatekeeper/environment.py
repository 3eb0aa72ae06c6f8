"""What the process is told by its environment, read once and loudly: a missing value stops the start."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Misconfigured(Exception):  # noqa: N818 -- says what is wrong, like a refusal
    """The environment lacks something that the service cannot do without."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or the contents of the file that ``NAME_FILE`` names (secrets come as files)."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    value = os.environ.get(name, default)
    if value is None:
        raise Misconfigured(f"Set {name} (or {name}_FILE).")
    return value


def path(name: str) -> Path | None:
    """Return the variable as a path, None when it is not set."""
    value = os.environ.get(name)
    return Path(value) if value else None


def flag(name: str) -> bool:
    """Return whether the variable is 1, true or yes."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes"}


def items(name: str, default: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def database(name: str, default: str | None = None) -> dict[str, Any]:
    """Return Django's settings for a ``postgresql://user:password@host:port/name?host=/socket`` address."""
    parts = urlsplit(text(name, default))
    if not parts.scheme.startswith("postgres"):
        raise Misconfigured(f"{name} is not a postgresql:// address.")
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or query.get("port", [""])[0]),
    }
