"""E-k: what differs between two versions is named value by value, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.documents.rules.differences import Difference, differences

LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=3)
)
TREE = st.dictionaries(
    st.text("abc", min_size=1, max_size=2), st.recursive(LEAF, lambda part: st.lists(part, max_size=3), max_leaves=8)
)


@given(TREE)
def test_a_version_does_not_differ_from_itself(content):
    assert differences(content, content) == ()


def test_tables_of_a_list_are_compared_by_their_code():
    before = {"rule": [{"code": "a", "high": "1"}, {"code": "b", "high": "2"}]}
    after = {"rule": [{"code": "new"}, {"code": "a", "high": "1"}, {"code": "b", "high": "3"}]}
    assert differences(before, after) == (
        Difference("rule[b].high", "2", "3"),
        Difference("rule[new].code", None, "new"),
    )


def test_tables_without_codes_are_compared_by_their_place():
    assert differences({"a": [{"x": 1}, {"x": 2}]}, {"a": [{"x": 1}]}) == (Difference("a[2].x", "2", None),)
    same_code = {"a": [{"code": "x", "n": 1}, {"code": "x", "n": 2}]}
    assert differences(same_code, {"a": [{"code": "x", "n": 1}, {"code": "x", "n": 3}]}) == (
        Difference("a[2].n", "2", "3"),
    )


def test_values_are_shown_as_text():
    before = {"list": ["a", "b"], "flag": True, "none": None, "empty": {}, "deep": {"n": 1}, "mixed": [["x"], "y"]}
    after = {"list": ["a"], "flag": False, "none": "1", "empty": {"n": 1}, "deep": {}, "mixed": [["z"], "y"]}
    assert {row.path: (row.before, row.after) for row in differences(before, after)} == {
        "list": ("a, b", "a"), "flag": ("true", "false"), "none": ("–", "1"), "empty": ("–", None),
        "empty.n": (None, "1"), "deep": (None, "–"), "deep.n": ("1", None), "mixed[1]": ("x", "z"),
    }  # fmt: skip
