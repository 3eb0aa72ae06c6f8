"""A phase that runs and is watched: its skid surged six times, its pH probe was silent, its clock ran ahead twice."""

from datetime import datetime
from zoneinfo import ZoneInfo

from gatekeeper.demo.story.stage import SITE, Stage, until
from tests.excursions.making import PH, SHEAR

NUMBER, LOT, PHASE, SOURCE = "BR-2026-0061", "LV-2026-0061", "L10", "TFF01"
BOOT = "8f14e45f-ceea-467f-a8d2-1c9d0a3b7e55"
DAY = 86_400
ALARMS = 12  # of each surge one at alert and one at action level
LASTED = 300  # s that were sent
_SURGES = range(20, 270, 45)
_SECOND = 1_000_000
_MASTER = """
[master]
code = "LV-UFDF"
version = 1
title = "Concentration alone, watched"
material = "LV-DP"
family = "lentiviral_vector"
rule_set = "LV-CLOSE"
shelf_life_d = 365

[[phase]]
code = "L10"
title = "UF/DF"
unit_procedure = "Downstream"
operation = "Concentration"
after = []
instruction = "Concentrate."
significant = true

[[phase.equipment]]
kind = "tff_skid"

[[phase.equipment]]
kind = "hollow_fibre_module"

[[phase.control]]
code = "vials"
title = "Vials"
unit = "{vial}"
action_low = "1"
action_high = "100"
product_quantity = true
"""
_SHEAR = SHEAR.replace('t_merge_s = "30"', 't_merge_s = "1"').replace('t_off_s = "10"', 't_off_s = "1"')
_MAPPING = """
code = "TFF-LOG"
version = 1
title = "Conductivity and temperature of a TFF skid"
encoding = "utf-8"
delimiter = ";"
decimal_sign = ","
header_row = 1
missing = [""]

[time]
columns = ["Time"]
format = "%Y-%m-%d %H:%M:%S"
zone = "Asia/Singapore"

[[column]]
name = "Conductivity"
tag = "CI101"
unit = "mS/cm"

[[column]]
name = "Temperature"
tag = "TI101"
unit = "Cel"
"""
# Limits so close to one another that their words would lie over one another.
_CLOSE = {"6.8": "7.2", "7.8": "7.4", "6.5": "7.19", "8.0": "7.41", "180": "20"}
_HEAD = '[rule_set]\ncode = "LV-CLOSE"\nversion = 1\ntitle = "Limits that are close"\n'


def begin(stage: Stage) -> None:
    """Issue the record under rules of its own and start its phase at the story's present."""
    stage["mei"].post_toml("master-batch-records/", _MASTER.encode())
    stage["arun"].sign("master-batch-records/LV-UFDF/versions/1/approve/")
    stage["mei"].post_toml("rule-sets/", (_HEAD + _SHEAR + _close()).encode())
    stage["arun"].sign("rule-sets/LV-CLOSE/versions/1/approve/")
    stage["mei"].post_toml(
        "rule-sets/?reason=Close+control+is+dropped", (_HEAD.replace("version = 1", "version = 2") + _SHEAR).encode()
    )
    stage["mei"].post_toml("log-mappings/", _MAPPING.encode())
    stage["arun"].sign("log-mappings/TFF-LOG/versions/1/approve/")
    command = {"number": NUMBER, "master": "LV-UFDF", "version": 1, "lot": LOT, "site": SITE}
    stage["farid"].sign("batch-records/", command)
    stage["olivia"].post(f"batch-records/{NUMBER}/phases/{PHASE}/start/", {"equipment": [SOURCE, "HF-0117"]})


def measure(stage: Stage, began: datetime) -> None:
    """Send what the skid measured from ``began`` on, correct its clock once, and wait until the rules have judged."""
    start = int(began.timestamp())
    flow = {at: 7.7 if any(0 <= at - surge < 12 for surge in _SURGES) else 1.2 for at in range(LASTED)}
    ph = {at: 7.3 + 0.02 * (at % 7 - 3) / 3 for at in range(LASTED) if not 100 < at < 160}
    _send(stage, 1, start, {"FI101": flow, "AI101": ph})
    for sequence in (2, 3):
        _send(stage, sequence, start, {"AI101": {at + DAY + LASTED: 7.3 for at in range(20)}})
    _correct(stage, 2)
    _log(stage, began)
    until("The surges are found", lambda: len(_excursions(stage)) >= ALARMS)


def _send(stage: Stage, sequence: int, start: int, tags: dict[str, dict[int, float]]) -> None:
    columns = {
        code: {"times": [(start + at) * _SECOND for at in values], "values": list(values.values())}
        for code, values in tags.items()
    }
    frame = {"source": SOURCE, "boot_id": BOOT, "sequence": sequence, "tags": columns}
    stage["skid-gateway"].post("readings/", frame)


def _correct(stage: Stage, sequence: int) -> None:
    offset = {"boot_id": BOOT, "first_sequence": sequence, "last_sequence": sequence, "offset_s": str(-DAY)}
    stage["priya"].sign(f"sources/{SOURCE}/clock-corrections/", offset | {"reason": "The date was set a day ahead."})


def _log(stage: Stage, began: datetime) -> None:
    local, start = ZoneInfo("Asia/Singapore"), int(began.timestamp())
    times = [f"{datetime.fromtimestamp(start + 5 + 10 * at, local):%Y-%m-%d %H:%M:%S}" for at in range(20)]
    text = "\n".join(["Time;Conductivity;Temperature", *(f"{one};15,{at};21,5" for at, one in enumerate(times)), ""])
    fields = {"kind": "skid_log", "source": SOURCE, "mapping": "TFF-LOG"}
    stage["olivia"].upload(
        f"batch-records/{NUMBER}/phases/{PHASE}/instrument-files/", fields, "skid.csv", text.encode()
    )


def _excursions(stage: Stage) -> list[object]:
    return stage["priya"].get(f"batch-records/{NUMBER}/excursions/")["results"]


def _close() -> str:
    rule = PH
    for wide, close in _CLOSE.items():
        rule = rule.replace(f'"{wide}"', f'"{close}"')
    return rule.replace('sampling_s = "60"', 'sampling_s = "5"')
