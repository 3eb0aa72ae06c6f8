"""11.70: a signature is bound to bytes that are the same for the same content and differ for any other."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.canonical import canonical, digest


class Meaning(StrEnum):
    RELEASED = "released"


class Step(IntEnum):
    SECOND = 2


@dataclass(frozen=True, slots=True)
class Line:
    value: Decimal
    attribute: str


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(alphabet='ab\u20ac\U0001f600\n"\\')
CONTENT = st.recursive(
    SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text(alphabet="ab\u20ac"), part), max_leaves=8
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        (("a", 1), '["a",1]'),
        (Decimal("1.10"), '"1.10"'),
        (Decimal("1.0E+8"), '"1.0E+8"'),
        (datetime(2026, 11, 22, 8, 30, tzinfo=UTC), '"2026-11-22T08:30:00Z"'),
        (datetime(2026, 11, 22, 8, 30, 0, 120, tzinfo=UTC), '"2026-11-22T08:30:00.000120Z"'),
        (datetime(2026, 11, 22, 8, 30, tzinfo=timezone(timedelta(hours=9))), '"2026-11-21T23:30:00Z"'),
        (date(2026, 11, 22), '"2026-11-22"'),
        (Line(Decimal("7.80"), "pH"), '{"attribute":"pH","value":"7.80"}'),
        (Meaning.RELEASED, '"released"'),
        (Step.SECOND, "2"),
        ({Meaning.RELEASED: 1}, '{"released":1}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        ("e\u0301", '"\u00e9"'),
        ('\u20ac$\u000f\n"\\/', '"€$\\u000f\\n\\"\\\\/"'),
        (2**53 - 1, "9007199254740991"),
    ],
)
def test_each_type_has_one_spelling(content, expected):
    assert canonical(content) == expected.encode()


def test_keys_are_ordered_by_utf16_units_as_in_the_example_of_rfc_8785():
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = json.loads(canonical(dict.fromkeys(keys, 0)), object_pairs_hook=lambda pairs: [key for key, _ in pairs])
    # The letter U+FB33 is written as two code points in NFC, the rest is the order of section 3.2.3.
    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u05d3\u05bc", "\u20ac", "\U0001f600"]


def test_a_letter_beyond_the_first_plane_comes_before_the_last_ones_of_it():
    assert canonical({"\uffee": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\uffee":1}'.encode()


@pytest.mark.parametrize("content", [1.5, datetime(2026, 1, 1), {1: 2}, {None: 1}, {1, 2}, b"x", Line, object()])  # noqa: DTZ001 -- what is refused
def test_what_could_be_read_in_two_ways_has_no_spelling(content):
    with pytest.raises(TypeError):
        canonical([content])


@pytest.mark.parametrize(
    "content", [2**53, -(2**53), Decimal("NaN"), Decimal("Infinity"), "\ud800", {"\u00e9": 1, "e\u0301": 2}]
)
def test_what_readers_would_disagree_on_has_no_spelling(content):
    with pytest.raises(ValueError, match=r"."):
        canonical(content)


def test_the_digest_is_the_sha256_of_the_bytes():
    assert digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@given(st.dictionaries(TEXTS, st.integers(0, 9)))
def test_the_order_of_writing_does_not_matter(table):
    assert _spelling(dict(reversed(table.items()))) == _spelling(table)


@given(CONTENT, CONTENT)
def test_equal_bytes_mean_equal_content(first, second):
    assert json.loads(canonical(first)) == first
    assert (canonical(first) == canonical(second)) == (
        json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    )


@given(st.lists(st.integers(0, 9), min_size=2))
def test_the_order_of_a_list_matters(numbers):
    turned = numbers[::-1]
    assert (canonical(numbers) == canonical(turned)) == (numbers == turned)


def _spelling(table):
    try:
        return canonical(table)
    except ValueError:
        return "two keys are one in NFC"
