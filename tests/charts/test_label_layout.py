"""screens.md: limits are drawn with their words, and no word lies over another."""

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.charts.label_layout import placed_words


@given(st.lists(st.floats(20, 180), min_size=1, max_size=6))
def test_no_word_of_a_limit_lies_over_another(heights):
    words = placed_words([(y, "Action 7.4 pH") for y in heights], left=69, right=948, bottom=210)
    wide = 9 * len("Action 7.4 pH")
    for place, word in enumerate(words):
        assert word.x + wide <= 948
        assert not [two for two in words[place + 1 :] if abs(word.x - two.x) < wide and abs(word.y - two.y) < 17]


def test_a_word_stands_above_its_limit_below_it_or_beside_the_word_that_has_taken_both():
    far = placed_words([(40, "Action 8"), (100, "Alert 7")], left=69, right=948, bottom=210)
    assert [(row.x, row.y) for row in far] == [(69, 35), (69, 95)]
    close = placed_words([(40, "Action 8"), (44, "Alert 7")], left=69, right=948, bottom=210)
    assert [row.y > y for row, y in zip(close, (40, 44), strict=True)] == [False, True]
    many = placed_words([(40, "Action 8"), (40, "Alert 8"), (40, "Counted 8")], left=69, right=948, bottom=210)
    assert len({row.x for row in many}) > 1
    # Where there is no room at all a word still stands at its limit.
    assert [
        placed_word.x
        for placed_word in placed_words([(40, "Action 8"), (40, "Alert 8")], left=69, right=80, bottom=210)
    ] == [
        69,
        69,
    ]
