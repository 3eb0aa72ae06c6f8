"""The table of instrument kinds and their readers, and the one way in: bytes of a file -> a parsed file."""

from collections.abc import Callable
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import bio_rad_ddpcr, nova_flex2
from gatekeeper.instruments.readings import ParsedFile

type Reader = Callable[[str, bytes, ZoneInfo], ParsedFile]

READERS: MappingProxyType[str, Reader] = MappingProxyType(
    {bio_rad_ddpcr.KIND: bio_rad_ddpcr.read, nova_flex2.KIND: nova_flex2.read}
)


def parse(kind: str, filename: str, content: bytes, *, timezone: ZoneInfo) -> ParsedFile:
    """The readings and findings of an instrument file; times without a zone are local to ``timezone``.

    :raises Refusal: ``unknown_instrument_kind``, ``file_name_not_recognised``, ``file_too_large``, ``file_not_text``,
        ``file_cut_short``, ``file_layout_unknown``.
    """
    reader = READERS.get(kind)
    if reader is None:
        raise Refusal(
            "unknown_instrument_kind",
            "There is no reader for {instrument_kind} files.",
            field="kind",
            instrument_kind=kind,
        )
    return reader(filename, content, timezone)
