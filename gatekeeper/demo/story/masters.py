"""Master data: written by Mei, approved by Arun. Two people, two signatures for each version."""

from pathlib import Path

from django.conf import settings

from gatekeeper.demo.story.stage import SITE, Stage, say

ROOT = Path(settings.BASE_DIR)
MATERIALS = (
    ("LV-DP", "Lentiviral vector LV-CAR19, drug product", "drug_product", "{vial}"),
    ("AAV-DP", "AAV9-FIX vector, drug product", "drug_product", "{vial}"),
)
DOCUMENTS = (
    ("Specification", "plasmid-specifications", "plasmids/data/plasmid_incoming.toml"),
    ("Master batch record", "master-batch-records", "batches/data/lv_third_generation.toml"),
    ("Master batch record", "master-batch-records", "batches/data/aav_triple_transfection.toml"),
    ("Excursion rules", "rule-sets", "batches/excursions/data/lv_rules.toml"),
    ("Excursion rules", "rule-sets", "batches/excursions/data/aav_rules.toml"),
)


def write_and_approve(stage: Stage) -> None:
    """Register the products, then import and approve every master that the demonstration needs."""
    for code, name, kind, unit in MATERIALS:
        material = {"code": code, "name": name, "kind": kind, "unit": unit, "site": SITE}
        stage["mei"].post("materials/", material)
    for title, resource, path in DOCUMENTS:
        say(f"{title} {_approved(stage, resource, path)}")
    for market in sorted((ROOT / "release/data/markets").glob("*.toml")):
        say(f"Market {_approved(stage, 'markets', f'release/data/markets/{market.name}')}")
    for name in ("lv_dp_sg", "aav_dp_sg"):
        say(f"Specification {_approved(stage, 'specifications', f'release/data/{name}.toml')}")


def _approved(stage: Stage, resource: str, path: str) -> str:
    draft = stage["mei"].post_toml(f"{resource}/", (ROOT / path).read_bytes())
    stage["arun"].sign(f"{resource}/{draft['code']}/versions/{draft['version']}/approve/")
    return f"{draft['code']} {draft['version']}: written by Mei Chen, approved by Arun Pillai"
