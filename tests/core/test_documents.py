"""E-k: a controlled document says which version of what it is; every fault of its heading is named at once."""

import pytest

from gatekeeper.core.documents import DocumentKind, Fact, heading_of

KIND = DocumentKind(
    code="kind", address="kinds", title="Kind", titles="Kinds", text="", view="v", author="a", approve="b",
    template="t", content=lambda tables: tables, present=lambda _document, _request: {}, heading="head",
)  # fmt: skip
HEAD = {"code": " PL-IN ", "version": 2, "title": " Plasmids "}


def read(tables):
    faults = []
    return heading_of(KIND, tables, faults), [(fault.code, fault.field) for fault in faults]


def test_a_heading_says_which_version_of_what_it_is():
    heading, faults = read({"head": HEAD})
    assert ((heading.code, heading.version, heading.title), faults) == (("PL-IN", 2, "Plasmids"), [])
    assert KIND.scope(heading, {}) == "PL-IN"
    assert (KIND.check({}), KIND.check_approval(None), KIND.signed(None)) == (None, None, {})


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"version": 0, "title": " "}, [("version_invalid", "head.version"), ("blank_value", "head.title")]),
        ({"version": True}, [("version_invalid", "head.version")]),
        ({"version": 2**31}, [("version_invalid", "head.version")]),
        ({"title": 3}, [("blank_value", "head.title")]),
        ({"title": "x" * 161}, [("text_too_long", "head.title")]),
        ({"code": "PL/IN"}, [("key_malformed", "head.code")]),
        ({"code": None}, [("blank_value", "head.code")]),
    ],
)
def test_a_heading_that_lacks_something_is_refused_at_it(changes, faults):
    assert read({"head": HEAD | changes})[1] == faults


def test_a_heading_that_is_no_table_is_refused():
    assert read({"head": "x"})[1] == [("table_missing", "head")]
    assert read({})[1] == [("table_missing", "head")]


def test_a_fact_is_read_where_it_stands():
    assert Fact("makes", "Makes", "master.material").of({"master": {"material": "LV-DP"}}) == "LV-DP"
    assert DocumentKind.path(KIND, "code") == "head.code"
