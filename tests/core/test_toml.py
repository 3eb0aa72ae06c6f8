"""E-f: a definition comes in as a TOML file; what no record can hold is refused at its place."""

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.canonical import canonical
from gatekeeper.core.refusal import Refusal
from gatekeeper.core.toml import check_exact, inexact, toml_file, toml_table

ROOT = Path(__file__).resolve().parents[2]


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
    ("toml", "line", "column"),
    [
        (b"\xff", 1, 1),
        (b"code = ", 1, 8),
        (b"a = 1\na = 2", 2, 6),
        (b"a = 1\n[[b]\n", 2, 4),
        (b"a = 1\nb = [1, 2}", 2, 10),
        (b'\na = 1\n  b = "x\n', 3, 7),
    ],
)
def test_what_is_no_toml_is_refused_at_its_line_and_column(toml, line, column):
    with pytest.raises(Refusal) as caught:
        toml_table(toml)
    fault = caught.value
    assert (fault.code, fault.field, fault.params["line"], fault.params["column"]) == ("not_toml", "file", line, column)


HUGE = (
    ("nested_too_deeply", b"a = " + b"[" * 1_000_000),
    ("nested_too_deeply", b"a = " + b"{a=" * 300_000),
    ("nested_too_deeply", b".".join([b"a"] * 40_000) + b" = 1"),
    ("nested_too_deeply", b"[" + b".".join([b"a"] * 40_000) + b"]"),
    ("nested_too_deeply", b"".join(b"[[a%s]]\n" % (b".a" * depth) for depth in range(15))),
    ("number_out_of_range", b"a = " + b"9" * 1_000_000),
    ("text_too_long", b"a = '" + b"x" * 20_001 + b"'"),
    ("key_too_long", b"k" * 1_000_000 + b" = 1"),
    ("too_many_values", b"a = [" + b"1," * 500_000 + b"]"),
    ("too_many_values", b"[[a]]\n" * 170_000),
    ("file_too_large", b"#" * 1_048_577),
    ("not_toml", b"[" * 1_000_000),
    ("not_toml", b'a = "' + b'\\"' * 500_000),
)


@pytest.mark.parametrize(("code", "toml"), HUGE, ids=[f"{place}-{code}" for place, (code, _) in enumerate(HUGE)])
def test_what_would_cost_more_than_a_definition_may_is_refused_before_it_is_built(code, toml):
    began = time.process_time()
    with pytest.raises(Refusal) as caught:
        toml_table(toml)
    assert time.process_time() - began < 1
    assert caught.value.code == code
    assert caught.value.code == "file_too_large" or {"line", "column"} <= set(caught.value.params)


def test_forty_thousand_dotted_keys_are_read_in_time_linear_to_them():
    def seconds(count):
        began = time.process_time()
        toml_table(b"\n".join(b"a.b.c.k%d = 1" % place for place in range(count)))
        return time.process_time() - began

    assert seconds(40_000) < 30 * seconds(4_000)


def test_each_value_is_placed_by_its_line_and_column():
    file = toml_file(
        b'title = "x"\n[[rule]]\nlow = 1\n  "high" = 2\n[[rule]]\n'
        b'limits = [\n 1, {unit.code = "L"}]\n[rule.hold]\nh=1\n'
    )
    paths = ("title", "rule.0.low", "rule.0.high", "rule.1.limits.1.unit.code", "rule.1.hold.h", "rule.1.unit", "else")
    placed = file.placed([Refusal("x", "x", field=path) for path in paths])
    assert [(fault.params["line"], fault.params["column"]) for fault in placed] == [
        (1, 1), (3, 1), (4, 3), (7, 6), (9, 1), (5, 1), (1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/**/data/*.toml")), ids=lambda path: path.name)
def test_every_shipped_definition_is_read_as_the_standard_library_reads_it(path):
    assert toml_table(path.read_bytes()) == tomllib.loads(path.read_text(encoding="utf-8"))


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


def test_a_key_that_is_none_is_refused_where_it_stands():
    assert _refused(toml_file, b'a = 1\n"\\q" = 2\n') == [("not_toml", "file")]


def test_keys_that_look_alike_are_one_key():
    file = toml_file('"\u00e9" = "1"\n"e\u0301" = "2"\n'.encode())
    assert [fault.code for fault in inexact(file.table)] == ["key_twice"]


def test_a_table_below_a_table_is_placed_by_its_path():
    file = toml_file(b"[a]\nx = 1\n[a.b]\ny = 2\n[[c]]\n[c.d]\nz = 3\n")
    refusals = [Refusal("x", "X.", field=path) for path in ("a.b.y", "c.0.d.z")]
    assert [fault.params["line"] for fault in file.placed(refusals)] == [4, 7]
