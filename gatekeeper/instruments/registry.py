"""The tables of instrument kinds and their readers, and the one way in: bytes of a file -> what it holds.

Results of samples and recordings over time are two tables, because they become different records. Logs of skids are
in neither: they are read by a mapping (``skid_logs.read_log``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import bio_rad_ddpcr, nova_flex2, unicorn
from gatekeeper.instruments.readings import ParsedFile
from gatekeeper.instruments.traces import TraceFile

type Reader = Callable[[str, bytes, ZoneInfo], ParsedFile]
type TraceReader = Callable[[str, bytes], TraceFile]

READERS: MappingProxyType[str, Reader] = MappingProxyType(
    {bio_rad_ddpcr.KIND: bio_rad_ddpcr.read, nova_flex2.KIND: nova_flex2.read}
)
TRACE_READERS: MappingProxyType[str, TraceReader] = MappingProxyType({unicorn.KIND: unicorn.read})


def parse(kind: str, filename: str, content: bytes, *, timezone: ZoneInfo) -> ParsedFile:
    """The readings and findings of an instrument file; times without a zone are local to ``timezone``.

    :raises Refusal: ``unknown_instrument_kind``, ``file_name_not_recognised``, ``file_too_large``, ``file_not_text``,
        ``file_cut_short``, ``file_layout_unknown``.
    """
    return _reader_of(kind, READERS)(filename, content, timezone)


def parse_traces(kind: str, filename: str, content: bytes) -> TraceFile:
    """The traces, events and findings of a recording; its times carry their own offset.

    :raises Refusal: ``unknown_instrument_kind``, ``file_too_large``, ``file_layout_unknown``, ``archive_unreadable``,
        ``archive_too_large``, ``archive_member_missing``, ``archive_member_twice``, ``xml_not_readable``,
        ``xml_too_large``.
    """
    return _reader_of(kind, TRACE_READERS)(filename, content)


def _reader_of[R](kind: str, readers: Mapping[str, R]) -> R:
    reader = readers.get(kind)
    if reader is None:
        raise Refusal(
            "unknown_instrument_kind",
            "There is no reader for {instrument_kind} files.",
            field="kind",
            instrument_kind=kind,
        )
    return reader
