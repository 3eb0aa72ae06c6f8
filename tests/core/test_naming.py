"""ALCOA+, enduring and available: whatever names a record can be printed, told apart and found under its address."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.core.naming import natural_key
from gatekeeper.core.refusal import Refusal


@pytest.mark.parametrize(
    "text", ["LV-2026-0041", "A 7/8".replace("/", "-"), "pMD2.G", "日本-1", "a?b#c", "50 %", "..."]
)
def test_what_labels_bear_is_a_key(text):
    assert natural_key(f" {text} ", field="number") == text


@pytest.mark.parametrize(
    "text", ["A/B", "A\\B", ".", "..", "A\nB", "A\tB", "\u202eabc", "a\u200bb", "receive", "Issue"]
)
def test_what_no_address_can_carry_or_no_eye_can_see_is_no_key(text):
    with pytest.raises(Refusal) as refused:
        natural_key(text, field="number")
    assert (refused.value.code, refused.value.field) == ("key_malformed", "number")


@pytest.mark.parametrize("text", ["", " ", "\u3000\n"])
def test_a_blank_is_no_key(text):
    with pytest.raises(Refusal) as refused:
        natural_key(text, field="code")
    assert refused.value.code == "blank_value"


def test_two_spellings_of_one_text_are_one_key():
    assert natural_key("a\u0301", field="code") == natural_key("\u00e1", field="code")


@given(st.text())
def test_a_key_is_its_own_key(text):
    try:
        key = natural_key(text, field="code")
    except Refusal:
        return
    assert natural_key(key, field="code") == key == unicodedata.normalize("NFC", key)
