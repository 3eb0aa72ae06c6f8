"""Result archives of ÄKTA UNICORN 6 and 7: every curve over absolute time, or its name and why it cannot be used.

A curve is written as a .NET binary array that states its own length: a shortened one says so. Layout: read from a
real file of UNICORN 7.7; nothing that a file of another layout means is guessed.
"""

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree.ElementTree import Element

import numpy as np

from gatekeeper.core.quantity import UNITS
from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments.archives import Allowance, Archive
from gatekeeper.instruments.markup import elements, told
from gatekeeper.instruments.readings import Finding
from gatekeeper.instruments.tables import layout_unknown
from gatekeeper.instruments.traces import Event, Floats, Times, Trace, TraceFile, quality_of

KIND = "cytiva_unicorn"
LARGEST_FILE_BYTES = 32 * 1024 * 1024
_MOST_CURVES = 500  # 26 in the real file
_CHROMATOGRAM = re.compile(r"Chrom\.[0-9]{1,4}\.[Xx]ml")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,2})?")
_OFFSET = re.compile(r"[+-]?[0-9]{1,3}")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- local times with an offset of their own are counted from it
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_LONGEST_MINUTES = 1_000_000  # two years: beyond it a number of minutes is none
_FURTHEST_OFFSET = 14 * 60

# A .NET array of System.Single: 17 bytes of header, record 0F (primitive array), object number, length, type 0B
# (Single), then the numbers and the end of the message, 0B. Source: MS-NRBF 2.4.3.3, 2.6.1, 2.6.3.
_HEADER = bytes.fromhex("0001000000ffffffff0100000000000000")
_ARRAY, _SINGLE, _END = 0x0F, 0x0B, 0x0B
_LENGTH_AT, _TYPE_AT, _NUMBERS_AT = 22, 26, 27
_TYPE_NAME = b"System.Single[]"

# The file's spelling -> code of the closed table of units; what is not here has no code and is never guessed.
_SPELLINGS = {"°C": "Cel", "ml/min": "mL/min", "ml": "mL", "l/h": "L/h", "µS/cm": "uS/cm", "CV/h": "{CV}/h"}


@dataclass(frozen=True, slots=True)
class _Curve:
    """What the list of curves says about one of them."""

    number: str
    name: str
    reported_unit: str
    unit: str
    points_in: str
    start_us: float
    step_us: float
    base_us: int

    @property
    def place(self) -> str:
        return f"curve {self.number} ({self.name})"

    def times(self, count: int) -> Times:
        distances = np.rint(self.start_us + np.arange(count, dtype=np.float64) * self.step_us)
        return self.base_us + distances.astype(np.int64)


def _unreadable(what: str) -> Refusal:
    return Refusal("curve_not_readable", "The {what} cannot be read.", what=what)


def _minutes(text: str, what: str) -> Decimal:
    value = Decimal(text) if _NUMBER.fullmatch(text) else None
    if value is None or abs(value) > _LONGEST_MINUTES:
        raise _unreadable(what)
    return value


def _instant(element: Element, name: str) -> int:
    text, offset = told(element, name), told(element, f"{name}UtcOffsetMinutes")
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(name) from None
    if local.tzinfo is not None or not _OFFSET.fullmatch(offset) or abs(int(offset)) > _FURTHEST_OFFSET:
        raise _unreadable(f"{name} with its offset")
    return (local - _EPOCH) // _MICROSECOND - int(offset) * _MINUTE_US


def _base(element: Element) -> int:
    """The instant (µs since 1970, UTC) that distances of a curve or of its events count from."""
    base = _instant(element, "MethodStartTime")
    if told(element, "ChromatogramStartTime") and _instant(element, "ChromatogramStartTime") != base:
        # No real file shows which of the two the distances count from.
        raise Refusal("curve_time_ambiguous", "The chromatogram starts at another time than the method.")
    if told(element, "TimeUnit") != "min":
        raise _unreadable("unit of time")
    return base


def _unit(element: Element) -> str:
    reported = told(element, "AmplitudeUnit")
    if not reported:
        return "[pH]" if told(element, "Name") == "pH" else ""  # pH is the one signal without a unit in the file
    code = _SPELLINGS.get(reported, reported)
    return code if code in UNITS else ""


def _curve(element: Element) -> _Curve:
    """What is said about a curve; a refusal becomes a finding that names the curve."""
    if not told(element, "Name"):
        raise _unreadable("name")
    if told(element, "IsoChroneType") != "Time":
        raise Refusal("curve_without_time", "The points are not spaced in time.")
    step = _minutes(told(element, "DistanceBetweenPoints"), "distance between points")
    if step <= 0:
        raise Refusal("curve_without_time", "The distance between points is not above zero.")
    full = [point for point in element.iterfind("CurvePoints/CurvePoint") if told(point, "IsFullResolution") == "true"]
    if len(full) != 1:
        raise _unreadable("list of points")
    return _Curve(
        number=told(element, "CurveNumber"),
        name=told(element, "Name"),
        reported_unit=told(element, "AmplitudeUnit"),
        unit=_unit(element),
        points_in=told(full[0], "BinaryCurvePointsFileName"),
        start_us=float(_minutes(told(element, "DistanceToStartPoint"), "distance to the first point") * _MINUTE_US),
        step_us=float(step * _MINUTE_US),
        base_us=_base(element),
    )


def _array(archive: Archive, name: str) -> Floats:
    """The numbers of one array of a curve."""
    blob = archive.read(f"CoordinateData.{name}")
    kind = archive.read(f"CoordinateData.{name}DataType").strip()
    marks = blob[: len(_HEADER)], blob[len(_HEADER) : len(_HEADER) + 1], blob[_TYPE_AT:_NUMBERS_AT]
    if kind != _TYPE_NAME or marks != (_HEADER, bytes([_ARRAY]), bytes([_SINGLE])):
        raise _unreadable(name)
    (declared,) = struct.unpack_from("<i", blob, _LENGTH_AT)
    held, odd = divmod(len(blob) - _NUMBERS_AT - 1, 4)
    if declared != held or odd or blob[-1] != _END:
        raise Refusal(
            "curve_cut_short",
            "The curve declares {declared} points and holds {held}.",
            declared=declared,
            held=max(held, 0),
        )
    return np.frombuffer(blob, dtype="<f4", count=declared, offset=_NUMBERS_AT).astype(np.float64)


def _trace(curve: _Curve, archive: Archive, allowance: Allowance) -> Trace:
    points = Archive(archive.read(curve.points_in), allowance)
    values, volumes = _array(points, "Amplitudes"), _array(points, "Volumes")
    if len(values) != len(volumes):
        raise Refusal(
            "curve_columns_differ",
            "The curve has {values} values and {volumes} volumes.",
            values=len(values),
            volumes=len(volumes),
        )
    if not len(values):
        raise Refusal("curve_empty", "The curve holds no points.")
    if curve.step_us * len(values) > _LONGEST_MINUTES * _MINUTE_US:
        raise _unreadable("time")
    return Trace(
        name=curve.name,
        unit=curve.unit,
        reported_unit=curve.reported_unit,
        times=curve.times(len(values)),
        values=values,
        quality=quality_of(values),
        place=f"{curve.place}, point",
        lines=np.arange(1, len(values) + 1, dtype=np.int64),
    )


def _remarks(trace: Trace, locator: str) -> Iterator[Finding]:
    """What a person has to know about a curve that can be used."""
    lacking = int(np.count_nonzero(~np.isfinite(trace.values)))
    if lacking:
        message = f"{trace.name}: {lacking} of {len(trace)} points hold no number and are of bad quality."
        yield Finding("value_missing", message, locator, blocking=False, parameter=trace.name)
    if not trace.unit:
        message = f"{trace.name}: the unit “{trace.reported_unit}” is not in the table of units."
        yield Finding("unknown_unit", message, locator, blocking=False, parameter=trace.name)


def _check_own(count: int) -> None:
    if count > 1:
        raise Refusal("curve_twice", "Several curves have this name.")


def _traces(root: Element, archive: Archive, allowance: Allowance) -> tuple[list[Trace], list[Finding]]:
    traces: list[Trace] = []
    findings: list[Finding] = []
    listed = root.findall("Curves/Curve")
    names = Counter(told(element, "Name") for element in listed)
    for element in listed:
        name = told(element, "Name")
        locator = f"curve {told(element, 'CurveNumber')} ({name})"
        try:
            _check_own(names[name])
            trace = _trace(_curve(element), archive, allowance)
        except Refusal as refusal:
            if refusal.code == "archive_too_large":
                raise
            message = f"{name}: {refusal.message} The curve is not used."
            findings.append(Finding(refusal.code, message, locator, blocking=True, parameter=name))
        else:
            traces.append(trace)
            findings += _remarks(trace, locator)
    return traces, findings


def _events(root: Element) -> tuple[list[Event], list[Finding]]:
    """Fractions, injections and the log of the run."""
    events: list[Event] = []
    findings: list[Finding] = []
    for listed in root.iterfind("EventCurves/EventCurve"):
        kind = listed.get("EventCurveType", "")
        for number, element in enumerate(listed.iterfind("Events/Event"), start=1):
            locator = f"{told(listed, 'Name')}, event {number}"
            try:
                distance = _minutes(told(element, "EventTime"), "time")
                at = _base(listed) + round(distance * _MINUTE_US)
            except Refusal as refusal:
                message = f"{locator}: {refusal.message} The event is left out."
                findings.append(Finding("event_not_readable", message, locator, blocking=False))
                continue
            events.append(
                Event(
                    kind=kind,
                    type=element.get("EventType", ""),
                    subtype=element.get("EventSubType", ""),
                    at=at,
                    volume=told(element, "EventVolume"),
                    text=told(element, "EventText"),
                    locator=locator,
                )
            )
    return events, findings


def _chromatogram(archive: Archive) -> Element:
    found = [name for name in archive.names if _CHROMATOGRAM.fullmatch(name)]
    if len(found) != 1:
        raise layout_unknown(f"it holds {len(found)} chromatograms, one is read")
    root = elements(archive.read(found[0]))
    if root.tag != "Chromatogram":
        raise layout_unknown(f"{found[0]} is no chromatogram")
    curves = len(root.findall("Curves/Curve"))
    if not 0 < curves <= _MOST_CURVES:
        raise layout_unknown(f"{found[0]} lists {curves} curves")
    return root


def read(filename: str, content: bytes) -> TraceFile:
    """The curves, fractions and log of a UNICORN result; times are UTC by the offset that the file states.

    A curve that is cut, inconsistent or without time stays out of the traces and is named by a blocking finding:
    ``curve_cut_short``, ``curve_columns_differ``, ``curve_empty``, ``curve_not_readable``, ``curve_twice``,
    ``curve_without_time``, ``curve_time_ambiguous``, ``archive_member_missing``, ``archive_unreadable``.

    :raises Refusal: ``file_too_large``, ``file_layout_unknown``, ``archive_unreadable``, ``archive_too_large``,
        ``archive_member_missing``, ``archive_member_twice``, ``xml_not_readable``, ``xml_too_large``.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise Refusal(
            "file_too_large", "The file is larger than {limit} bytes.", field="file", limit=LARGEST_FILE_BYTES
        )
    allowance = Allowance()
    archive = Archive(content, allowance)
    root = _chromatogram(archive)
    result = elements(archive.read("Result.xml"))
    traces, findings = _traces(root, archive, allowance)
    events, faults = _events(root)
    system = told(result, "SystemName")
    return TraceFile(
        kind=KIND,
        sha256=hashlib.sha256(content).hexdigest(),
        instrument=f"Cytiva ÄKTA {system}".strip(),
        traces=tuple(traces),
        events=tuple(events),
        findings=(*findings, *faults),
        attributes=(
            ("batch_id", told(result, "BatchId")),
            ("chromatogram", told(root, "ChromatogramName")),
            ("filename", filename),
            ("result", told(result, "Name")),
            ("system", system),
            ("unicorn", root.get("UNICORNVersion", "")),
        ),
    )
