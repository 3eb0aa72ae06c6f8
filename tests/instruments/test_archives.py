"""E-a: an archive from outside cannot unpack beyond its bounds, and is read whole or refused."""

import io
import struct
import warnings
import zipfile
import zlib

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import archives
from gatekeeper.instruments.archives import Allowance, Archive
from tests.instruments.unicorn_files import zipped


def refusal_of(content: bytes, name: str = "a", *, left: int = 1_000_000) -> str:
    with pytest.raises(Refusal) as refused:
        Archive(content, Allowance(left)).read(name)
    return refused.value.code


def test_members_are_known_by_their_plain_names() -> None:
    archive = Archive(
        zipped({"Run 7/": b"", "Run 7/Copy of Chrom.1_9_True.zip": b"nine", "Result.xml": b"r"}), Allowance()
    )
    assert set(archive.names) == {"Chrom.1_9_True", "Result.xml"}
    assert archive.read("Chrom.1_9_True") == b"nine"


def test_two_members_of_one_plain_name_are_refused() -> None:
    assert refusal_of(zipped({"x/a": b"1", "y/Copy of a.zip": b"2"})) == "archive_member_twice"


def test_a_member_that_is_not_there_is_refused() -> None:
    assert refusal_of(zipped({"b": b"1"})) == "archive_member_missing"


def test_the_allowance_holds_over_all_members_and_archives() -> None:
    allowance = Allowance(100)
    inner = zipped({"a": bytes(60)})
    assert Archive(inner, allowance).read("a") == bytes(60)
    with pytest.raises(Refusal) as refused:
        Archive(inner, allowance).read("a")
    assert refused.value.code == "archive_too_large"


def test_a_bomb_is_stopped_where_the_allowance_ends_whatever_its_header_says() -> None:
    bomb = zipped({"a": bytes(3_000_000)})
    assert len(bomb) < 4_000
    lying = bomb.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 3_000_001))
    for content in (bomb, lying):
        allowance = Allowance(1_000_000)
        with pytest.raises(Refusal) as refused:
            Archive(content, allowance).read("a")
        assert refused.value.code == "archive_too_large"
        assert allowance.left > -100_000


def test_a_header_that_declares_less_than_there_is_does_not_hide_the_rest() -> None:
    content = zipped({"a": bytes(3_000)}).replace(struct.pack("<I", 3_000), struct.pack("<I", 30))
    assert refusal_of(content) == "archive_unreadable"


def test_too_many_members_are_refused() -> None:
    assert refusal_of(zipped({str(n): b"" for n in range(1_001)})) == "archive_too_large"


def test_a_directory_of_countless_entries_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_bytes: io.BytesIO) -> zipfile.ZipFile:
        raise AssertionError

    monkeypatch.setattr(archives.zipfile, "ZipFile", never)
    assert refusal_of(b"PK\x01\x02" * 10_001) == "archive_too_large"


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_packing_is_refused(packing: int) -> None:
    assert refusal_of(zipped({"a": b"1"}, packing=packing)) == "archive_unreadable"


def test_an_encrypted_member_is_refused() -> None:
    content = bytearray(zipped({"a": b"1"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    assert refusal_of(bytes(content)) == "archive_unreadable"


def test_a_changed_member_does_not_pass_its_check_sum() -> None:
    content = zipped({"a": b"pressure"}, packing=zipfile.ZIP_STORED)
    assert refusal_of(content.replace(b"pressure", b"pleasure")) == "archive_unreadable"


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", b"\x00" * 500])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert refusal_of(content) == "archive_unreadable"


def test_an_archive_that_makes_the_reader_warn_is_refused_where_warnings_are_errors() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a")
        # The Unicode path of Info-ZIP with an empty name: a field that the library complains about.
        info.extra = struct.pack("<HHBL", 0x7075, 5, 1, zlib.crc32(b"a"))
        archive.writestr(info, b"1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert refusal_of(out.getvalue()) == "archive_unreadable"
