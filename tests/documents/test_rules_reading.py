"""E-k, integrity.md 4: a document's file is read once, within bounds, and every fault is named at its place."""

import json

import pytest

from gatekeeper.core.refusal import Refusal
from gatekeeper.documents.rules.reading import JSON, placed, read
from tests.core.test_documents import KIND

TOML = b'[head]\ncode = "X"\nversion = 1\ntitle = "t"\n'


def faults_of(source, **options):
    with pytest.raises(Refusal) as refused:
        read(KIND, source, **options)
    return [(fault.code, fault.field, fault.params.get("line")) for fault in refused.value.all]


def test_a_file_is_read_from_either_format():
    whole = {"head": {"code": "X", "version": 1, "title": "t"}}
    for file in (read(KIND, TOML), read(KIND, json.dumps(whole).encode(), JSON)):
        assert (file.heading.code, file.scope, dict(file.content)) == ("X", "X", whole)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"\xff", "not_json"),
        (b"[", "not_json"),
        (b"[1]", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b" " * 1_048_577, "file_too_large"),
        (json.dumps({"a": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}).encode(), "nested_too_deeply"),
    ],
)
def test_json_that_is_no_document_is_refused(source, code):
    assert [fault[0] for fault in faults_of(source, media_type=JSON)] == [code]


def test_every_fault_has_its_line():
    bad = TOML.replace(b"version = 1", b"version = 1.5").replace(b'"t"', b"1")
    assert {fault[1:] for fault in faults_of(bad)} == {("head.version", 3), ("head.title", 4)}


def test_a_fault_of_the_kind_is_named_beside_those_of_the_heading():
    def content(tables):
        raise Refusal("rule_twice", "Twice.", field="rule[1].code")

    import dataclasses

    kind = dataclasses.replace(KIND, content=content)
    with pytest.raises(Refusal) as refused:
        read(kind, TOML + b'[[rule]]\ncode = "a"\n[[rule]]\ncode = "a"\n')
    assert [(fault.code, fault.params.get("line")) for fault in refused.value.all] == [("rule_twice", 8)]
    long = dataclasses.replace(KIND, scope=lambda _heading, _content: "x" * 121)
    with pytest.raises(Refusal) as refused:
        read(long, TOML)
    assert refused.value.code == "text_too_long"


def test_a_later_check_is_placed_in_the_file_too():
    fault = Refusal("unknown_material", "There is no such material.", field="head.title")
    assert placed(TOML, "application/toml", fault)[0].params["line"] == 4
    assert "line" not in placed(b"{}", JSON, fault)[0].params
    several = Refusal("a", "A.", field="x", also=(Refusal("b", "B."),))
    assert [row.code for row in placed(TOML, "application/toml", several)] == ["a", "b"]
