"""Reading bodies of JSON and of TOML."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

from gatekeeper.uploads import read_bounded


class JsonParser(JSONParser):
    """JSON as it should be sent: what is nested without an end is a fault of the sender."""

    def parse(
        self, stream: BinaryIO, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the body says.

        :raises ParseError: for what is no JSON, or nested too deeply.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None


class TomlParser(BaseParser):
    """Hands the bytes on unread: what they say is judged by the action."""

    media_type = "application/toml"

    def parse(
        self, stream: BinaryIO, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes of the body.

        :raises Refusal: ``file_too_large``.
        """
        return read_bounded(stream)
