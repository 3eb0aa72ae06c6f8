"""Quality control: instrument files and results arrive over REST, and a second person reviews them."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from gatekeeper.demo.instrument_files import (
    Target,
    nova_flex2_csv,
    qx_manager_csv,
    simulated_flex_sample,
    simulated_well,
)
from gatekeeper.demo.story.batch import Batch, Made
from gatekeeper.demo.story.stage import Stage, say

ANALYST = "Hana Sato"
ZONE = ZoneInfo("Asia/Singapore")
REACTION_UL, TEMPLATE_UL = Decimal(20), Decimal(5)

# test: (method, sample, reported, unit), without results from instrument files and from the process
_SAFETY = {
    "appearance": ("visual", "DP", "conforms", ""),
    "endotoxin": ("LAL, USP <85>", "DP", "0.8", "{EU}/mL"),
    "mycoplasma": ("USP <63>", "unprocessed bulk", "not detected", ""),
    "sterility": ("USP <71>", "DP", "no growth", ""),
    "bioburden": ("USP <61>", "before the filter", "0", "[CFU]/(100.mL)"),
    "benzonase": ("Benzonase ELISA", "DP", "<0.5", "ng/mL"),
    "host_cell_protein": ("HEK293 HCP ELISA", "DP", "210", "ng/mL"),
    "e1a": ("qPCR, E1A", "DP", "not detected", ""),
}
_LENTIVIRAL = _SAFETY | {
    "identity_transgene": ("PCR and sequencing", "DP", "conforms", ""),
    "identity_envelope": ("Western blot", "DP", "conforms", ""),
    "p24": ("p24 ELISA", "DP", "2150", "ng/mL"),
    "potency": ("flow cytometry", "DP", "41.9", "%"),
    "host_cell_dna": ("qPCR, 18S", "DP", "2.4", "ng/{dose}"),
    "plasmid_dna": ("qPCR, KanR", "DP", "not detected", ""),
    "sv40_lta": ("qPCR, SV40 LTA", "DP", "not detected", ""),
    "bsa": ("BSA ELISA", "DP", "12", "ng/{dose}"),
    "adventitious_viruses": ("in vitro, MRC-5, Vero, A549", "unprocessed bulk", "negative", ""),
    "rcl": ("C8166 co-culture", "DP and end-of-production cells", "not detected", ""),
    "particle_size": ("NTA", "DP", "128", "nm"),
}
_AAV = _SAFETY | {
    "identity_capsid": ("LC-MS", "DP", "conforms", ""),
    "identity_genome": ("sequencing", "DP", "conforms", ""),
    "capsid_titre": ("capsid ELISA", "DP", "2.0e13", "{cp}/mL"),
    "full_capsids": ("AUC", "DP", "78.4", "%"),
    "partial_capsids": ("AUC", "DP", "6.1", "%"),
    "relative_potency": ("transgene expression", "DP", "104", "%"),
    "capsid_purity": ("CE-SDS", "DP", "98.2", "%"),
    "aggregates": ("SEC", "DP", "1.4", "%"),
    "host_cell_dna": ("qPCR, 18S", "DP", "18", "ng/{dose}"),
    "plasmid_dna": ("qPCR, KanR", "DP", "3.2e5", "{copies}/mL"),
    "affinity_ligand": ("ligand ELISA", "DP", "1.9", "ng/mL"),
    "rcaav": ("cell culture and qPCR", "DP", "not detected", ""),
    "particles_10um": ("USP <787>", "DP", "140", "{particles}/{vial}"),
    "particles_25um": ("USP <787>", "DP", "6", "{particles}/{vial}"),
    "extractable_volume": ("USP <697>", "DP", "1.08", "mL"),
    "container_closure": ("headspace analysis", "DP", "conforms", ""),
}


def send_and_review(stage: Stage, batch: Batch, made: Made, *, changed: Mapping[str, str | None] | None = None) -> None:
    """Send files and results of a lot and have them reviewed; ``changed`` gives another result, or none at all."""
    stage.later(days=2)
    physical = _titre_from_droplets(stage, batch, made)
    _solution_from_analyser(stage, batch, made)
    infectious = _infectious(batch, made)
    panel = [
        {"test": test, "method": method, "sample": sample, "reported": reported, "unit": unit}
        for test, (method, sample, reported, unit) in (_AAV if batch.vector == "AAV" else _LENTIVIRAL).items()
    ]
    for result in (*panel, infectious, _ratio(batch, physical, infectious["reported"])):
        value = (changed or {}).get(result["test"], result["reported"])
        if value is not None:
            reported = {"reported": value, "measured_at": stage.present.isoformat(), "analyst": ANALYST}
            stage["lims"].post(f"lots/{batch.lot}/results/", result | reported)
    stage.later(days=1)
    rows = stage["jonas"].get(f"lots/{batch.lot}/results/?page_size=200")["results"]
    stage["jonas"].sign(f"lots/{batch.lot}/result-reviews/", {"results": [row["id"] for row in rows]})
    say(f"{batch.lot}: {len(rows)} results received, reviewed by Jonas Berg")


def _infectious(batch: Batch, made: Made) -> dict[str, Any]:
    """Return the infectious titre: for the lentiviral lot three replicates and their average."""
    spread = random.Random(batch.seed)
    replicates = [f"{made.infectious_titre * Decimal(1 + spread.gauss(0, 0.06)):.2E}" for _ in range(3)]
    if batch.vector == "AAV":
        titre: dict[str, Any] = {"method": "TCID50", "reported": f"{made.infectious_titre:.2E}", "unit": "{IU}/mL"}
    else:
        mean = sum(map(Decimal, replicates)) / len(replicates)
        titre = {"method": "FACS on HEK293T", "reported": f"{mean:.2E}", "unit": "{TU}/mL", "replicates": replicates}
    return {"test": "infectious_titre", "sample": "DP", **titre}


def _ratio(batch: Batch, physical: Decimal, infectious: str) -> dict[str, Any]:
    test, unit = ("genomes_per_iu", "{vg}/{IU}") if batch.vector == "AAV" else ("particles_per_tu", "{pp}/{TU}")
    ratio = f"{physical / Decimal(infectious):.0f}"
    return {"test": test, "method": "calculated", "sample": "DP", "reported": ratio, "unit": unit}


def _titre_from_droplets(stage: Stage, batch: Batch, made: Made) -> Decimal:
    """Send the droplet reader's file and make the physical titre of it; return that titre per mL."""
    aav = batch.vector == "AAV"
    target, dilution = ("ITR2", "4000000") if aav else ("WPRE", "12500")
    factor = REACTION_UL / TEMPLATE_UL * Decimal(dilution) * 1000
    rng = random.Random(batch.seed)
    wells = [
        simulated_well(
            rng,
            position=position,
            sample=name,
            targets=[Target(target, "FAM", made.physical_titre / factor if name != "NTC" else Decimal(0))],
            sample_type="Unknown" if name != "NTC" else "NTC",
        )
        for position, name in (("A01", batch.lot), ("B01", batch.lot), ("C01", batch.lot), ("D01", "NTC"))
    ]
    file = _upload(stage, batch, "bio_rad_ddpcr", f"{batch.lot}_ddPCR.csv", qx_manager_csv(wells))
    results = stage["lims"].post(
        f"instrument-files/{file['id']}/results/",
        {
            "analyst": ANALYST,
            "results": [
                {
                    "test": "genome_titre" if aav else "physical_titre",
                    "method": "ddPCR" if aav else "RT-ddPCR",
                    "sample": batch.lot,
                    "parameter": "concentration",
                    "unit": "{vg}/mL" if aav else "{copies}/mL",
                    "target": target,
                    "reaction_volume_ul": str(REACTION_UL),
                    "template_volume_ul": str(TEMPLATE_UL),
                    "dilution_factor": dilution,
                    "measured_at": stage.present.isoformat(),
                }
            ],
        },
    )["results"]
    say(f"{batch.lot}: titre {results[0]['reported']} from droplets, each concentration recomputed")
    return Decimal(results[0]["reported"].replace("×10^", "E"))


def _solution_from_analyser(stage: Stage, batch: Batch, made: Made) -> None:
    """Send the analyser's file and make pH and osmolality of it."""
    at: datetime = (stage.present - timedelta(minutes=30)).astimezone(ZONE).replace(microsecond=0)
    values: dict[str, Any] = {"ph": made.ph, "osmolality": made.osmolality}
    sample = simulated_flex_sample(
        random.Random(batch.seed), sample=batch.lot, measured_at=at, values=values, operator=ANALYST
    )
    name, content = nova_flex2_csv("FLEX2", [sample])
    file = _upload(stage, batch, "nova_flex2", name, content)
    results = [
        {"test": "ph", "method": "USP <791>", "sample": batch.lot, "parameter": "ph"},
        {"test": "osmolality", "method": "USP <785>", "sample": batch.lot, "parameter": "osmolality"},
    ]
    stage["lims"].post(f"instrument-files/{file['id']}/results/", {"analyst": ANALYST, "results": results})


def _upload(stage: Stage, batch: Batch, kind: str, name: str, content: bytes) -> dict[str, Any]:
    return stage["lims"].upload("instrument-files/", {"kind": kind, "lot": batch.lot}, name, content)
