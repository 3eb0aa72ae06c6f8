"""E-f: a definition comes in as a TOML file; what no record can hold is refused at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.toml import check_exact, toml_table


def _refused(call, *arguments):
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return [(refusal.code, refusal.field) for refusal in caught.value.all]


def test_a_table_is_read_as_it_is_written_with_or_without_the_mark_that_editors_put_before_it():
    written = b'code = "X"\n[[market]]\nname = "Singapore"\n'
    assert (
        toml_table(written) == toml_table(b"\xef\xbb\xbf" + written) == {"code": "X", "market": [{"name": "Singapore"}]}
    )


@pytest.mark.parametrize(
    "toml", [b"\xff", b"code = ", b"a = 1\na = 2", b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000]
)
def test_what_is_no_toml_is_refused_at_the_file(toml):
    assert _refused(toml_table, toml) == [("not_toml", "file")]


def test_a_text_that_no_database_holds_is_refused_at_its_place():
    assert _refused(toml_table, b'title = "a\\u0000b"\n[[attribute]]\ncode = "\\u0000"\n') == [
        ("text_unprintable", "title"),
        ("text_unprintable", "attribute.0.code"),
    ]


def test_what_has_no_one_spelling_is_refused_at_its_place_every_fault_at_once():
    table = toml_table(
        b"low = 0.1\nsince = 2026-01-01\nat = 07:30:00\nhuge = 9007199254740992\nwhole = 3\nsure = true\n"
        b"[[attribute]]\nhigh = inf\n"
    )
    assert _refused(check_exact, table) == [
        ("number_not_text", "low"),
        ("date_not_text", "since"),
        ("date_not_text", "at"),
        ("number_out_of_range", "huge"),
        ("number_not_text", "attribute.0.high"),
    ]


@given(st.binary(max_size=60))
def test_whatever_comes_in_is_a_table_that_can_be_written_down_or_a_refusal(toml):
    try:
        table = toml_table(toml)
        check_exact(table)
    except Refusal:
        return
    canonical(table)
