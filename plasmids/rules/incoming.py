"""Is a plasmid lot fit to be released: everything required is there, passes, and it is the construct it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.core.criteria import Outcome
from gatekeeper.core.panels import Panel
from gatekeeper.core.refusal import Kind, Refusal

# The kind of document that judges, and its one scope: every plasmid lot that arrives.
KIND, SCOPE = "plasmid_specification", "plasmids"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A lot as it arrived: outcome of its newest result for each attribute, and both sequence digests."""

    outcomes: Mapping[str, Outcome]
    construct_sha256: str
    reported_sha256: str


def obstacles(panel: Panel, arrival: Arrival) -> Sequence[Refusal]:
    """Return everything that stands in the way of the lot's release, in the order of the specification."""
    faults = [_obstacle(attribute.code, attribute.title, arrival) for attribute in panel.attributes]
    refusals = [refusal for refusal in faults if refusal is not None]
    if arrival.construct_sha256 != arrival.reported_sha256:
        refusals.append(
            Refusal(
                "sequence_is_not_the_construct",
                "The supplier's sequence is not that of the construct.",
                field="sequence_sha256",
                kind=Kind.CONFLICT,
            )
        )
    return refusals


def _obstacle(code: str, title: str, arrival: Arrival) -> Refusal | None:
    outcome = arrival.outcomes.get(code)
    if outcome is None:
        return Refusal("result_missing", "{title} is not reported.", field=code, kind=Kind.CONFLICT, title=title)
    if outcome in {Outcome.PASS, Outcome.REPORTED}:
        return None
    return Refusal(
        "result_does_not_pass",
        "{title} does not pass: {outcome}.",
        field=code,
        kind=Kind.CONFLICT,
        title=title,
        outcome=outcome.value,
    )
