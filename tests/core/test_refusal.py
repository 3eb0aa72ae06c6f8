"""2.2 (11): bad input gets a stable code and a sentence, at the right field, all faults at once."""

import pytest

from gatekeeper.core.refusal import Kind, Refusal, refuse_all


def test_a_refusal_speaks_its_sentence_with_its_parameters():
    refusal = Refusal("too_much", "{asked} is more than {left}.", field="quantity", kind=Kind.CONFLICT, asked=5, left=2)
    assert str(refusal) == refusal.message == "5 is more than 2."
    assert repr(refusal) == "Refusal('too_much', '5 is more than 2.', field='quantity', kind='conflict')"


def test_nothing_to_refuse_passes():
    assert refuse_all([]) is None


def test_several_faults_are_refused_at_once_in_order():
    faults = [Refusal("first", "One {thing}.", field="a", thing="x"), Refusal("second", "Two.", field="b")]
    with pytest.raises(Refusal) as refused:
        refuse_all(faults)
    assert [(row.code, row.field, row.message) for row in refused.value.all] == [
        ("first", "a", "One x."),
        ("second", "b", "Two."),
    ]
