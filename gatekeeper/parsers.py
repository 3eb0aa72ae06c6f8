"""Reading a body of TOML."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from rest_framework.parsers import BaseParser


class TomlParser(BaseParser):
    """Hands the bytes on unread: what they say is judged by the action."""

    media_type = "application/toml"

    def parse(
        self, stream: BinaryIO, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes of the body."""
        return stream.read()
