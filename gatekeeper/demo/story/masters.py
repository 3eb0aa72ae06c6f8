"""Master data: written by Mei, approved by Arun. Two people, two signatures for each version."""

from pathlib import Path

from django.conf import settings

from batches.monitoring.actions import rule_sets
from gatekeeper.accounts.models import Person, Site
from gatekeeper.demo.people import credentials
from gatekeeper.demo.story.stage import SITE, Stage, say
from release.actions import specifications

ROOT = Path(settings.BASE_DIR)
MATERIALS = (
    ("LV-DP", "Lentiviral vector LV-CAR19, drug product", "drug_product", "{vial}"),
    ("AAV-DP", "AAV9-FIX vector, drug product", "drug_product", "{vial}"),
)


def write_and_approve(stage: Stage) -> None:
    """Register the products, then import and approve every master that the demonstration needs."""
    for code, name, kind, unit in MATERIALS:
        given = {"code": code, "name": name, "kind": kind, "unit": unit, "site": SITE}
        stage["mei"].post("materials/", given)
    incoming = (ROOT / "plasmids/data/plasmid_incoming.toml").read_bytes()
    stage["mei"].post_toml("plasmid-specifications/", incoming)
    stage["arun"].sign("plasmid-specifications/PL-IN/versions/1/approve/")
    for name, code in (("lv_third_generation", "LV-3G"), ("aav_triple_transfection", "AAV-3P")):
        stage["mei"].post_toml("master-batch-records/", (ROOT / f"batches/data/{name}.toml").read_bytes())
        stage["arun"].sign(f"master-batch-records/{code}/versions/1/approve/")
        say(f"Master batch record {code} 1: written by Mei Chen, approved by Arun Pillai")
    _approve_rules_and_specifications()


def _approve_rules_and_specifications() -> None:
    site = Site.objects.get(code=SITE)
    mei, arun = (Person.objects.get_by_natural_key(name) for name in ("mei", "arun"))
    for name in ("lv_rules", "aav_rules"):
        toml = (ROOT / f"batches/monitoring/data/{name}.toml").read_bytes()
        rule_set = rule_sets.import_rule_set(by=mei, site=site, toml=toml)
        rule_sets.approve_rule_set(by=arun, credentials=credentials(arun), site=site, rule_set=rule_set)
        say(f"Excursion rules {rule_set}: written by Mei Chen, approved by Arun Pillai")
    specifications.import_markets(by=mei, site=site, toml=(ROOT / "release/data/markets.toml").read_bytes())
    for name in ("lv_dp_sg", "aav_dp_sg"):
        toml = (ROOT / f"release/data/{name}.toml").read_bytes()
        draft = specifications.import_specification(by=mei, site=site, toml=toml)
        specifications.approve_specification(by=arun, credentials=credentials(arun), site=site, specification=draft)
        say(f"Specification {draft}: written by Mei Chen, approved by Arun Pillai")
