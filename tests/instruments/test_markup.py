"""E-a: XML from outside is marked-up text and nothing else: no entities, no depth or size without end."""

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.instruments import markup
from gatekeeper.instruments.markup import elements, told


def refusal_of(content: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        elements(content)
    return refused.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_elements_are_read_in_any_encoding_of_unicode(encoding: str) -> None:
    root = elements("<a><b> 5 °C </b><c/></a>".encode(encoding))
    assert (told(root, "b"), told(root, "c"), told(root, "d")) == ("5 °C", "", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_its_entities_mean_anything(encoding: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'
    assert refusal_of(bomb.encode(encoding)) == "xml_not_readable"
    assert refusal_of('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode(encoding)) == "xml_not_readable"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"text",
        b"<a>&undeclared;</a>",
        b"<a>\x00</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_xml_is_refused(content: bytes) -> None:
    assert refusal_of(content) == "xml_not_readable"


@pytest.mark.parametrize("part", [b"<a>", b"<a/>"])
def test_elements_without_end_are_refused_nested_or_not(part: bytes) -> None:
    assert refusal_of(b"<r>" + part * 260_000) == "xml_too_large"


def test_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "_LARGEST_BYTES", 3)
    assert refusal_of(b"<a/>") == "xml_too_large"
