"""Receive a plasmid lot with its supplier's results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.criteria import assess
from gatekeeper.core.panels import panel
from gatekeeper.core.quantity import Reported, unit
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.lots.actions.registration import RegisterLot, register_lot
from gatekeeper.lots.models import Lot
from plasmids import queries
from plasmids.models import IncomingResult, Plasmid, PlasmidLot


@dataclass(frozen=True, slots=True)
class SupplierResult:
    """One line of a supplier's certificate, as printed."""

    attribute: str
    reported: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ReceiveLot:
    """A plasmid lot at the door: label, certificate and results."""

    number: str
    plasmid: str
    site: Site
    supplier: str
    quantity: str
    unit: str
    expiry_date: date | None
    certificate_number: str
    sequence_sha256: str
    results: Sequence[SupplierResult]


@action
def receive_lot(*, by: Person, command: ReceiveLot) -> PlasmidLot:
    """Register the lot in quarantine and judge each supplier's result against the approved specification.

    :raises Refusal: every fault at once: ``unknown_plasmid``, ``no_approved_specification``, ``unknown_test``,
        ``unknown_unit``, ``units_differ_in_kind``, ``blank_value``, ``not_a_number``, and those of ``register_lot``.
    """
    check_authority(by, "lots.receive", command.site)
    plasmid = Plasmid.objects.select_related("material").filter(code=command.plasmid).first()
    if plasmid is None:
        raise Refusal("unknown_plasmid", "There is no plasmid “{name}”.", field="plasmid", name=command.plasmid)
    specification = queries.specification_in_force()
    if specification is None:
        raise Refusal(
            "no_approved_specification", "No specification for arriving plasmids is approved.", kind=Kind.CONFLICT
        )
    lot = register_lot(
        by=by,
        command=RegisterLot(
            number=command.number,
            material=plasmid.material,
            site=command.site,
            source=command.supplier,
            quantity=command.quantity,
            unit=command.unit,
            expiry_date=command.expiry_date,
        ),
    )
    plasmid_lot = PlasmidLot.objects.create(
        lot=lot,
        plasmid=plasmid,
        specification=specification,
        certificate_number=command.certificate_number,
        sequence_sha256=command.sequence_sha256,
    )
    _record(by=by, plasmid_lot=plasmid_lot, results=command.results)
    return plasmid_lot


@action
def correct_result(*, by: Person, plasmid_lot: PlasmidLot, result: SupplierResult, reason: str) -> IncomingResult:
    """Record a corrected or added supplier's result; the former result is superseded.

    :raises Refusal: ``reason_missing``, ``lot_not_in_quarantine`` and those of ``receive_lot`` for a result.
    """
    check_authority(by, "lots.receive", plasmid_lot.lot.site)
    lot = Lot.objects.select_for_update().get(pk=plasmid_lot.lot_id)  # a release sees the correction
    if lot.status != "quarantine":
        raise Refusal("lot_not_in_quarantine", "Lot {lot} is judged already.", kind=Kind.CONFLICT, lot=plasmid_lot)
    former = IncomingResult.objects.filter(plasmid_lot=plasmid_lot, attribute=result.attribute).order_by("-id").first()
    if former is not None and not reason.strip():
        raise Refusal("reason_missing", "Say why.", field="reason")
    try:
        return _record(by=by, plasmid_lot=plasmid_lot, results=[result], supersedes=former, reason=reason)[0]
    except Refusal as refusal:
        raise _placed(refusal, (refusal.field or "").removeprefix("results.0.")) from None  # there is one line only


def _record(
    *,
    by: Person,
    plasmid_lot: PlasmidLot,
    results: Sequence[SupplierResult],
    supersedes: IncomingResult | None = None,
    reason: str = "",
) -> list[IncomingResult]:
    required, at = panel(plasmid_lot.specification.content), now()
    rows, faults = [], []
    for index, result in enumerate(results):
        try:
            if result.unit:
                unit(result.unit)
            judged = assess(
                required.attribute(result.attribute).criterion, Reported.parse(result.reported), result.unit
            )
        except Refusal as refusal:
            field = refusal.field or "reported"
            faults.append(_placed(refusal, f"results.{index}.{_FIELDS.get(field, field)}"))
            continue
        rows.append(
            IncomingResult(
                plasmid_lot=plasmid_lot,
                attribute=result.attribute,
                reported=result.reported,
                unit=result.unit,
                outcome=judged.outcome.value,
                judged_as=judged.reported_value,
                sentence=judged.reason,
                entered_at=at,
                entered_by=by,
                supersedes=supersedes,
                reason=reason,
            )
        )
    refuse_all(faults)
    for row in rows:
        row.save()
    return rows


_FIELDS = {"value": "reported", "test": "attribute"}  # what a rule calls it: what the line of a certificate calls it


def _placed(refusal: Refusal, field: str) -> Refusal:
    return Refusal(refusal.code, refusal.template, field=field, kind=refusal.kind, **refusal.params)
