"""Zip archives from outside, unpacked within bounds that hold for what comes out and not for what headers say."""

import io
import struct
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass

from gatekeeper.core.refusal import Refusal

# The largest real result seen unpacks to 1 MB; ten hours of thirty signals at ten values a second to 100 MB.
_MOST_UNPACKED = 128 * 1024 * 1024
_MOST_MEMBERS = 1000
# One such mark opens each entry of a directory: counted in the bytes, because the header's own count can lie.
_DIRECTORY_ENTRY = b"PK\x01\x02"
_MOST_ENTRIES = 10_000
_CHUNK = 1 << 16
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    ArithmeticError,
    ValueError,  # text that cannot be decoded as well
    RuntimeError,  # what is encrypted, and a packing that is not implemented
    UserWarning,  # where warnings are errors
)


@dataclass(slots=True)
class Allowance:
    """How many bytes may still be unpacked of one file, over all archives inside each other."""

    left: int = _MOST_UNPACKED


def too_large() -> Refusal:
    """The refusal for an archive that unpacks to more than any instrument writes."""
    return Refusal(
        "archive_too_large",
        "The archive holds more than {members} members or unpacks to more than {limit} bytes.",
        field="file",
        members=_MOST_MEMBERS,
        limit=_MOST_UNPACKED,
    )


def _unreadable(fault: object) -> Refusal:
    return Refusal("archive_unreadable", "This is not a whole zip archive: {fault}.", field="file", fault=fault)


def _plain(name: str) -> str:
    """The member's name without its folder and without what copying and packing again put around it."""
    return name.rpartition("/")[2].removeprefix("Copy of ").removesuffix(".zip")


class Archive:
    """The members of a zip archive by plain name: ``Chrom.1_9_True`` for ``Run 7/Copy of Chrom.1_9_True.zip``."""

    def __init__(self, content: bytes, allowance: Allowance) -> None:
        """Open an archive that is in memory.

        :raises Refusal: ``archive_unreadable``, ``archive_too_large``, ``archive_member_twice``.
        """
        if content.count(_DIRECTORY_ENTRY) > _MOST_ENTRIES:
            raise too_large()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _FAULTS as fault:
            raise _unreadable(fault) from None
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(infos) > _MOST_MEMBERS:
            raise too_large()
        self._allowance = allowance
        self._members = {_plain(info.filename): info for info in infos}
        if len(self._members) < len(infos):
            raise Refusal("archive_member_twice", "Two members of the archive have one name.", field="file")

    @property
    def names(self) -> Collection[str]:
        """The plain names of the members."""
        return self._members.keys()

    def read(self, name: str) -> bytes:
        """Return a member's bytes, checked against its CRC-32; unpacking stops where the allowance ends.

        :raises Refusal: ``archive_member_missing``, ``archive_unreadable``, ``archive_too_large``.
        """
        info = self._members.get(name)
        if info is None:
            raise Refusal("archive_member_missing", "The archive does not hold “{name}”.", field="file", name=name)
        if info.compress_type not in _PACKINGS:
            raise _unreadable(f"{name} is packed in an unknown way")
        parts: list[bytes] = []
        try:
            with self._zip.open(info) as handle:
                while part := handle.read(_CHUNK):
                    self._allowance.left -= len(part)
                    if self._allowance.left < 0:
                        raise too_large()
                    parts.append(part)
        except _FAULTS as fault:
            raise _unreadable(fault) from None
        return b"".join(parts)
