"""A dossier in which nothing stands in the way, for tests of pure rules."""

from datetime import UTC, date, datetime
from decimal import Decimal

from release.rules.dossier import (
    ChangeFacts,
    ControlFacts,
    DeviationFacts,
    Dossier,
    Duty,
    EquipmentFacts,
    EvaluationFacts,
    ExcursionFacts,
    HoldFacts,
    IngredientFacts,
    LedgerFacts,
    LineFacts,
    LotFacts,
    MarketFacts,
    PhaseFacts,
    RecordFacts,
    ResultFacts,
    ReviewFacts,
    SignatureFacts,
    SpecificationFacts,
    YieldFacts,
)

MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DIGEST = "a" * 64


def line(code="titre", *, kind="at_least", low="1.0×10^8", high="", unit="{TU}/mL", **changes):
    values = {
        "code": code,
        "title": code.capitalize(),
        "category": "strength",
        "method": "FACS",
        "sample": "DP",
        "asked": "≥ 1.0×10^8 TU/mL",
        "rounding": "usp",
        "replicates": 0,
        "max_cv": None,
        "average": "",
        "basis": "",
    }
    return LineFacts(**(values | {"kind": kind, "low": low, "high": high, "unit": unit} | changes))


def result(test="titre", reported="2.6×10^8", unit="{TU}/mL", **changes):
    values = {
        "id": 1,
        "method": "FACS",
        "sample": "S-1",
        "replicates": (),
        "measured_at": MONDAY,
        "analyst": "Hana Sato",
        "status": "reviewed",
        "superseded": False,
        "entered_by": "hana",
        "reviewed_by": "jonas",
        "reason": "",
        "instrument_file_sha256": "",
        "locator": "",
    }
    return ResultFacts(test=test, reported=reported, unit=unit, **(values | changes))


def signature(act="phase.perform", signer="olivia", **changes):
    values = {
        "printed_name": signer.capitalize(),
        "role": "Operator",
        "meaning": "Performed",
        "signed_at": MONDAY,
        "digest": DIGEST,
        "valid": True,
    }
    return SignatureFacts(act=act, signer=signer, **(values | changes))


def phase(code="L10", **changes):
    values = {
        "title": "UF/DF",
        "state": "verified",
        "started_at": MONDAY,
        "performed_at": MONDAY,
        "performed_by": "olivia",
        "verified_by": "vera",
        "signatures": (signature(), signature("phase.verify", "vera")),
    }
    return PhaseFacts(code=code, **(values | changes))


def control(**changes):
    values = {
        "phase": "L10",
        "code": "ph",
        "title": "pH",
        "entered": True,
        "not_done": False,
        "reported": "7.30",
        "unit": "[pH]",
        "verdict": "inside",
        "critical": True,
        "entered_by": "olivia",
        "verified_by": "vera",
        "deviations": (),
    }
    return ControlFacts(**(values | changes))


def review(**changes):
    values = {
        "reviewed_by": "quinn",
        "reviewed_at": MONDAY,
        "entries": 40,
        "sha256": DIGEST,
        "entries_now": 40,
        "sha256_now": DIGEST,
        "signature": signature("lot.review", "quinn", meaning="Reviewed for quality"),
    }
    return ReviewFacts(**(values | changes))


def evaluation(**changes):
    values = {
        "phase": "L10",
        "rule": "shear",
        "rule_set": "LV 1",
        "title": "Wall shear",
        "state": "normal",
        "coverage_percent": Decimal(100),
        "final": True,
        "version": 1,
        "up_to_date": True,
        "deviations": (),
    }
    return EvaluationFacts(**(values | changes))


def excursion(**changes):
    values = {
        "id": 7,
        "phase": "L10",
        "rule": "shear",
        "title": "Wall shear above 6 000 s⁻¹",
        "level": "action",
        "deviation": "DEV-1",
    }
    return ExcursionFacts(**(values | changes))


def deviation(**changes):
    values = {
        "number": "DEV-1",
        "title": "Wall shear above 6 000 s⁻¹ for 90 s",
        "origin": "excursion",
        "severity": "major",
        "status": "closed",
        "phase": "L10",
    }
    return DeviationFacts(**(values | changes))


def ingredient(**changes):
    values = {
        "number": "PL-1",
        "material": "Transfer plasmid",
        "status": "released",
        "expiry_date": date(2028, 1, 1),
        "direct": True,
        "expired_at_use": False,
    }
    return IngredientFacts(**(values | changes))


def yielded(**changes):
    values = {
        "phase": "L10",
        "title": "UF/DF",
        "step": Decimal("79.4"),
        "overall": Decimal("45.0"),
        "verdict": "inside",
        "deviations": (),
    }
    return YieldFacts(**(values | changes))


def hold(**changes):
    values = {"phase": "L11", "after": "L10", "hours": Decimal("2.5"), "verdict": "inside", "deviations": ()}
    return HoldFacts(**(values | changes))


def equipment(**changes):
    values = {
        "phase": "L10",
        "code": "SKID-1",
        "name": "UF/DF skid",
        "calibration_due_date": date(2027, 1, 1),
        "in_date": True,
    }
    return EquipmentFacts(**(values | changes))


def change(**changes):
    values = {
        "kind": "in_process",
        "subject": "L10 · pH",
        "former": "7.80",
        "present": "7.30",
        "reason": "transposed digits",
        "changed_by": "olivia",
        "changed_at": MONDAY,
    }
    return ChangeFacts(**(values | changes))


LOT = LotFacts(
    "LV-1", "LV-DP", "Lentiviral drug product", "drug_product", "SG01", "Singapore", "Asia/Singapore",
    "quarantine", Decimal(84), "{vial}", date(2028, 11, 2), expired=False, decided="",
)  # fmt: skip
MARKET = MarketFacts("SG", "Singapore", "Authorised person", "Released for supply", ("Authorised person",), ())
SPECIFICATION = SpecificationFacts("LV-DP-SG", 1, "Lentiviral vector", DIGEST, MONDAY, (line(),))
RECORD = RecordFacts("BR-1", "reviewed", "LV-MBR 1", DIGEST, MONDAY, MONDAY, "petra", MONDAY, ())


def open_dossier(**changes):
    """A dossier in which nothing stands in the way, with what is given in its place."""
    values = {
        "lot": LOT,
        "market": MARKET,
        "specification": SPECIFICATION,
        "results": (result(),),
        "record": RECORD,
        "phases": (phase(),),
        "controls": (control(),),
        "reviews": (review(),),
        "evaluations": (evaluation(state="action"),),
        "excursions": (excursion(),),
        "deviations": (deviation(),),
        "ingredients": (ingredient(),),
        "yields": (yielded(),),
        "holds": (hold(),),
        "equipment": (equipment(),),
        "changes": (change(),),
        "duties": (Duty("olivia", "Olivia Tan", "performed", "phase L10"),),
        "ledger": LedgerFacts(whole=True, fault=""),
    }
    return Dossier(**(values | changes))
