"""UNICORN result archives written for tests, in the layout of the real one, with whatever is to be wrong in them."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

HEADER = bytes.fromhex("0001000000ffffffff0100000000000000") + b"\x0f" + struct.pack("<i", 1)
START = "2024-01-02T11:00:00.000"
CURVE = {
    "Name": "System flow",
    "IsoChroneType": "Time",
    "DistanceBetweenPoints": "0.01666667",
    "DistanceToStartPoint": "0.5",
    "TimeUnit": "min",
    "MethodStartTime": START,
    "MethodStartTimeUtcOffsetMinutes": "-300",
    "ChromatogramStartTime": START,
    "ChromatogramStartTimeUtcOffsetMinutes": "-300",
    "AmplitudeUnit": "ml/min",
    "CurveNumber": "8",
}
EVENTS = {
    "Name": "Run Log",
    "MethodStartTime": START,
    "MethodStartTimeUtcOffsetMinutes": "-300",
    "TimeUnit": "min",
}


def array(values: Sequence[float], *, declared: int | None = None) -> bytes:
    """The numbers as a .NET array of singles that declares its length, or another one."""
    count = len(values) if declared is None else declared
    return HEADER + struct.pack("<i", count) + b"\x0b" + struct.pack(f"<{len(values)}f", *values) + b"\x0b"


def zipped(members: Mapping[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=packing)
    return out.getvalue()


def points(
    values: Sequence[float] = (1.5, 2.0, 2.5),
    volumes: Sequence[float] | None = None,
    **members: bytes,
) -> bytes:
    """The archive of one curve; ``members`` replace what is in it (``b""`` takes it out)."""
    content = {
        "Amplitudes": array(values),
        "AmplitudesDataType": b"System.Single[]\r\n",
        "Volumes": array(list(range(len(values))) if volumes is None else volumes),
        "VolumesDataType": b"System.Single[]\r\n",
        **members,
    }
    return zipped({f"CoordinateData.{name}": part for name, part in content.items() if part})


@dataclass(frozen=True)
class Curve:
    """A curve of the list, by its fields, and the archive of its points (None: left out)."""

    fields: Mapping[str, str] = field(default_factory=dict)
    points: bytes | None = field(default_factory=points)
    full: Sequence[str] = ("true",)

    def with_fields(self, **fields: str) -> "Curve":
        return replace(self, fields={**self.fields, **fields})

    @property
    def member(self) -> str:
        return f"Chrom.1_{ {**CURVE, **self.fields}['CurveNumber'] }_True"

    @property
    def xml(self) -> str:
        listed = "".join(
            f"<CurvePoint><IsFullResolution>{full}</IsFullResolution>"
            f"<BinaryCurvePointsFileName>{self.member}</BinaryCurvePointsFileName></CurvePoint>"
            for full in self.full
        )
        return f"<Curve>{tags({**CURVE, **self.fields})}<CurvePoints>{listed}</CurvePoints></Curve>"


def tags(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


def event(minutes: str, text: str = "Block Wash") -> str:
    return (
        '<Event EventType="Method" EventSubType="BlockStart">'
        f"{tags({'EventTime': minutes, 'EventVolume': '73.5', 'EventText': text})}</Event>"
    )


def chromatogram(curves: Sequence[Curve] = (Curve(),), events: str = "") -> str:
    return (
        '<Chromatogram UNICORNVersion="7.7.0.4016"><ChromatogramName>Chrom.1</ChromatogramName>'
        f"<Curves>{''.join(curve.xml for curve in curves)}</Curves>"
        f'<EventCurves><EventCurve EventCurveType="Logbook">{tags(EVENTS)}<Events>{events}</Events></EventCurve>'
        "</EventCurves></Chromatogram>"
    )


def members(curves: Sequence[Curve] = (Curve(),), events: str = "") -> dict[str, bytes]:
    """What a whole result holds, by name."""
    return {
        "Chrom.1.Xml": chromatogram(curves, events).encode(),
        "Result.xml": b"<Result><SystemName>Avant1</SystemName><Name>Capture</Name><BatchId>B7</BatchId></Result>",
        **{curve.member: curve.points for curve in curves if curve.points is not None},
    }


def result(*curves: Curve, events: str = "") -> bytes:
    return zipped(members(curves or (Curve(),), events))
