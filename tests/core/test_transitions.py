"""E-f: only the changes of status that a table lists are possible."""

import pytest

from gatekeeper.core.refusal import Kind, Refusal
from gatekeeper.core.transitions import Transition, mermaid, pairs, transition, verbs

DOOR = (
    Transition("closed", "open", "opened", "door.open"),
    Transition("opened", "close", "closed", "door.close", "Closed by me"),
    Transition("closed", "lock", "locked", "door.lock"),
)


def test_a_listed_change_is_found_and_an_unlisted_one_refused():
    assert transition(DOOR, source="opened", verb="close").target == "closed"
    with pytest.raises(Refusal) as refused:
        transition(DOOR, source="locked", verb="open")
    assert (refused.value.code, refused.value.kind) == ("transition_not_allowed", Kind.CONFLICT)
    assert refused.value.message == "“open” is not possible while the status is “locked”."


def test_the_verbs_and_pairs_are_those_of_the_table():
    assert [row.verb for row in verbs(DOOR, source="closed")] == ["open", "lock"]
    assert pairs(DOOR) == {("closed", "opened"), ("opened", "closed"), ("closed", "locked")}


def test_the_diagram_has_a_line_for_each_change():
    assert mermaid("door", DOOR).splitlines() == [
        "stateDiagram-v2",
        "    %% door",
        "    closed --> opened: open",
        "    opened --> closed: close",
        "    closed --> locked: lock",
    ]
