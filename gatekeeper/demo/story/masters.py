"""Master data: written by Mei, approved by Arun. Two people, two signatures for each version."""

from pathlib import Path

from django.conf import settings

from gatekeeper.demo.story.stage import SITE, Stage, say

ROOT = Path(settings.BASE_DIR)
MATERIALS = (
    ("LV-DP", "Lentiviral vector LV-CAR19, drug product", "drug_product", "{vial}"),
    ("AAV-DP", "AAV9-FIX vector, drug product", "drug_product", "{vial}"),
)


def write_and_approve(stage: Stage) -> None:
    """Register the products, then import and approve every master that the demonstration needs."""
    for code, name, kind, unit in MATERIALS:
        material = {"code": code, "name": name, "kind": kind, "unit": unit, "site": SITE}
        stage["mei"].post("materials/", material)
    incoming = (ROOT / "plasmids/data/plasmid_incoming.toml").read_bytes()
    stage["mei"].post_toml("plasmid-specifications/", incoming)
    stage["arun"].sign("plasmid-specifications/PL-IN/versions/1/approve/")
    for name, code in (("lv_third_generation", "LV-3G"), ("aav_triple_transfection", "AAV-3P")):
        stage["mei"].post_toml("master-batch-records/", (ROOT / f"batches/data/{name}.toml").read_bytes())
        stage["arun"].sign(f"master-batch-records/{code}/versions/1/approve/")
        say(f"Master batch record {code} 1: written by Mei Chen, approved by Arun Pillai")
    for name in ("lv_rules", "aav_rules"):
        say(f"Excursion rules {_approved(stage, 'rule-sets', f'batches/excursions/data/{name}.toml')}")
    stage["mei"].post_toml("markets/", (ROOT / "release/data/markets.toml").read_bytes())
    for name in ("lv_dp_sg", "aav_dp_sg"):
        say(f"Specification {_approved(stage, 'specifications', f'release/data/{name}.toml')}")


def _approved(stage: Stage, resource: str, path: str) -> str:
    draft = stage["mei"].post_toml(f"{resource}/", (ROOT / path).read_bytes())
    stage["arun"].sign(f"{resource}/{draft['code']}/versions/{draft['version']}/approve/")
    return f"{draft['code']} {draft['version']}: written by Mei Chen, approved by Arun Pillai"
