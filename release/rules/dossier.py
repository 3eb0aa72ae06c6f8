"""The dossier: everything that the gate may read, frozen, so that gate, page and certificate use the same facts.

Nothing in it depends on when it is read: whether the lot is expired is decided when the dossier is built.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

type Decision = Literal["released", "rejected"]
type Verdict = Literal["inside", "alert", "action", "unknown"]


@dataclass(frozen=True, slots=True)
class LotFacts:
    """The lot to be judged; ``decided`` is what was decided for this market, empty while nothing was."""

    number: str
    material: str
    product: str
    kind: str
    site: str
    site_name: str
    timezone: str
    status: str
    quantity: Decimal
    unit: str
    expiry_date: date | None
    expired: bool
    decided: str


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What a market requires: ``signatures`` by title in their order, ``papers`` that come from outside."""

    code: str
    name: str
    releaser: str
    meaning: str
    signatures: tuple[str, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of the specification: ``asked`` is its criterion for people, the rest is for judging."""

    code: str
    title: str
    category: str
    method: str
    sample: str
    asked: str
    kind: str
    low: str
    high: str
    unit: str
    rounding: str
    replicates: int  # 0: the method fixes none
    max_cv: Decimal | None
    average: str
    basis: str


@dataclass(frozen=True, slots=True)
class SpecificationFacts:
    """The version that was effective when the lot was made."""

    code: str
    version: int
    title: str
    sha256: str
    approved_at: datetime
    lines: tuple[LineFacts, ...]


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """A test result. ``superseded`` and ``invalidated`` ones stay in the dossier and no longer count."""

    id: int
    test: str
    method: str
    sample: str
    reported: str
    unit: str
    replicates: tuple[str, ...]
    measured_at: datetime
    analyst: str
    status: str
    superseded: bool
    entered_by: str
    reviewed_by: str
    reason: str
    instrument_file_sha256: str
    locator: str

    @property
    def counts(self) -> bool:
        """Whether this result counts: neither corrected nor invalidated."""
        return not self.superseded and self.status != "invalidated"


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """A signature under a record: ``valid`` is False when what was signed has changed since."""

    act: str
    signer: str
    printed_name: str
    role: str
    meaning: str
    signed_at: datetime
    digest: str
    valid: bool


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """The batch record with the signatures under it."""

    number: str
    status: str
    master: str
    sha256: str
    issued_at: datetime
    completed_at: datetime | None
    reviewed_by: str
    reviewed_at: datetime | None
    signatures: tuple[SignatureFacts, ...]


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """A phase with the signatures under it."""

    code: str
    title: str
    state: str
    started_at: datetime | None
    performed_at: datetime | None
    performed_by: str
    verified_by: str
    signatures: tuple[SignatureFacts, ...]


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """An in-process control of a phase: the entry that counts, or none (``entered`` False)."""

    phase: str
    code: str
    title: str
    entered: bool
    not_done: bool
    reported: str
    unit: str
    verdict: Verdict
    critical: bool
    entered_by: str
    verified_by: str
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """Quality's review: how much evidence it covered, and how much there is now."""

    reviewed_by: str
    reviewed_at: datetime
    entries: int
    sha256: str
    entries_now: int
    sha256_now: str
    signature: SignatureFacts


@dataclass(frozen=True, slots=True)
class EvaluationFacts:
    """The state of one excursion rule in one phase on the data as they are now; ``version`` 0: never evaluated."""

    phase: str
    rule: str
    rule_set: str
    title: str
    state: Literal["normal", "alert", "action", "unknown"]
    coverage_percent: Decimal | None
    final: bool
    version: int
    up_to_date: bool
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExcursionFacts:
    """A departure that a rule found and later data have not withdrawn."""

    id: int
    phase: str
    rule: str
    title: str
    level: Literal["alert", "action", "unknown"]
    deviation: str


@dataclass(frozen=True, slots=True)
class DeviationFacts:
    """A deviation of the batch record."""

    number: str
    title: str
    origin: str
    severity: str
    status: str
    phase: str


@dataclass(frozen=True, slots=True)
class IngredientFacts:
    """A lot that went into this one, directly (``direct``) or through another lot, and its status now."""

    number: str
    material: str
    status: str
    expiry_date: date | None
    direct: bool
    expired_at_use: bool


@dataclass(frozen=True, slots=True)
class YieldFacts:
    """The yield after a phase against the master's limits; ``step`` and ``overall`` per cent, None not computable."""

    phase: str
    title: str
    step: Decimal | None
    overall: Decimal | None
    verdict: Verdict
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """The time between two phases against its limit, in hours."""

    phase: str
    after: str
    hours: Decimal | None
    verdict: Verdict
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EquipmentFacts:
    """Equipment as it was when a phase used it."""

    phase: str
    code: str
    name: str
    calibration_due_date: date | None
    in_date: bool


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A value that was changed after its first entry."""

    kind: str
    subject: str
    former: str
    present: str
    reason: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """What a person did for this lot."""

    person: str
    name: str
    duty: str
    subject: str


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """Whether the evidence log verifies: ``whole`` False names the first broken place in ``fault``."""

    whole: bool
    fault: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one lot for one market."""

    lot: LotFacts
    market: MarketFacts
    specification: SpecificationFacts | None
    results: tuple[ResultFacts, ...]
    record: RecordFacts | None
    phases: tuple[PhaseFacts, ...]
    controls: tuple[ControlFacts, ...]
    reviews: tuple[ReviewFacts, ...]
    evaluations: tuple[EvaluationFacts, ...]
    excursions: tuple[ExcursionFacts, ...]
    deviations: tuple[DeviationFacts, ...]
    ingredients: tuple[IngredientFacts, ...]
    yields: tuple[YieldFacts, ...]
    holds: tuple[HoldFacts, ...]
    equipment: tuple[EquipmentFacts, ...]
    changes: tuple[ChangeFacts, ...]
    duties: tuple[Duty, ...]
    ledger: LedgerFacts

    def closed(self, numbers: tuple[str, ...]) -> bool:
        """Return whether there is at least one deviation of these numbers and every one is closed."""
        of = [deviation.status for deviation in self.deviations if deviation.number in numbers]
        return bool(of) and all(status == "closed" for status in of)
