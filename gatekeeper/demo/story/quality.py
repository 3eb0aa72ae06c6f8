"""Quality: deviations closed, records reviewed, the gate asked, a lot released with its certificate."""

from typing import Any

from django.conf import settings

from gatekeeper.demo.story.batch import Batch
from gatekeeper.demo.story.stage import Stage, say, until

MARKET = "SG"
JUSTIFICATION = {
    "root_cause": "The pump ran up to its stop for 90 s when the flow set-point was entered as 1.0 instead of "
    "0.25 L/min.",
    "impact": "Wall shear reached 13 059 1/s. Infectious titre, ratio of particles to transducing units and particle "
    "size of the lot meet the specification.",
    "justification": "No effect on the vector's quality was found: every result meets its criterion. The set-point is "
    "from now on limited on the skid.",
}


def wait_for_deviation(stage: Stage, batch: Batch) -> dict[str, Any]:
    """Return the deviation that an excursion has opened by itself."""
    deviations = until(
        f"The deviation of {batch.number}",
        lambda: [
            row
            for row in stage["priya"].get(f"batch-records/{batch.number}/deviations/")["results"]
            if row["origin"] == "excursion"
        ],
    )
    for row in deviations:
        say(f"{row['number']} opened by itself: {row['title']}")
    return deviations[0]


def close(stage: Stage, deviation: dict[str, Any]) -> None:
    """Close a deviation with its conclusion and a signature."""
    stage["priya"].sign(f"deviations/{deviation['number']}/close/", JUSTIFICATION)
    say(f"{deviation['number']} closed by Priya Nair with a justification")


def review(stage: Stage, batch: Batch) -> None:
    """Review the record for production, then for quality."""
    stage["farid"].sign(f"batch-records/{batch.number}/review/")
    stage.later(hours=4)
    stage["quinn"].sign(f"lots/{batch.lot}/reviews/", {"remark": "Record and audit trail read."})
    say(f"{batch.number} reviewed by Farid Aziz for production and by Quinn Rao for quality")


def gate(stage: Stage, batch: Batch) -> dict[str, Any]:
    """Read the gate and print its findings."""
    answer = stage["rafael"].get(f"lots/{batch.lot}/gate/?market={MARKET}")
    if answer["open"]:
        say(f"The gate of {batch.lot} for {MARKET} is open: {len(answer['checked'])} checks passed")
    else:
        say(f"The gate of {batch.lot} for {MARKET} is closed, {len(answer['findings'])} findings:")
        for finding in answer["findings"]:
            say(f"  · {finding['code']} {finding['message']}")
    return answer


def release(stage: Stage, batch: Batch) -> None:
    """Release the lot on the dossier that the gate answered with, and write its certificate to a folder.

    :raises RuntimeError: when the gate is closed.
    """
    answer = gate(stage, batch)
    if not answer["open"]:
        raise RuntimeError(f"{batch.lot} should be releasable.")
    decision = stage["rafael"].sign(
        f"lots/{batch.lot}/dispositions/",
        {"market": MARKET, "decision": "released", "dossier_sha256": answer["dossier_sha256"]},
    )
    folder = settings.DEMO_DIR / "certificates"
    folder.mkdir(exist_ok=True)
    for kind in ("pdf", "json"):
        content = stage["rafael"].fetch(f"certificates/{decision['certificate']}.{kind}")
        (folder / f"{batch.lot}.{kind}").write_bytes(content)
    say(f"{batch.lot} released by Rafael Cruz, certificate {decision['certificate']} in {folder}")
