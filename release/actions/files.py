"""Receive an instrument's file as it came, and make results of its readings."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.quantity import number
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.instruments.bio_rad_ddpcr import KIND as DDPCR
from gatekeeper.instruments.readings import Finding, ParsedFile, Reading
from gatekeeper.instruments.registry import parse
from gatekeeper.lots.models import Lot
from release.actions.commands import FileResult, ReceiveFile, RecordResult
from release.actions.results import record_result
from release.models import InstrumentFile, Result
from release.rules.titre import Reaction, titre_of


@action
def receive_file(*, by: Person, command: ReceiveFile) -> InstrumentFile:
    """Keep the bytes of an instrument's file with everything that its reader found in them.

    A file with blocking findings is kept as well: it is data. Only results of what they block are refused.

    :raises Refusal: ``lot_unknown``, ``not_authorised``, ``file_received_already`` and those of
        ``gatekeeper.instruments.registry.parse``.
    """
    lot = Lot.objects.select_related("site").filter(number=command.lot).first()
    if lot is None:
        raise Refusal("lot_unknown", "There is no lot “{number}”.", field="lot", kind=Kind.MISSING, number=command.lot)
    check_authority(by, "release.record_result", lot.site)
    sha256 = hashlib.sha256(command.content).hexdigest()
    if InstrumentFile.objects.filter(sha256=sha256, lot=lot, phase=None).exists():
        raise Refusal(
            "file_received_already",
            "These very bytes were received for lot {lot} already.",
            field="file",
            kind=Kind.CONFLICT,
            lot=lot.number,
        )
    parsed = parse(command.kind, command.name, command.content, timezone=ZoneInfo(lot.site.timezone))
    return InstrumentFile.objects.create(
        kind=command.kind,
        name=command.name,
        sha256=sha256,
        content=command.content,
        site=lot.site,
        lot=lot,
        readings=[_reading_content(reading) for reading in parsed.readings],
        findings=[asdict(finding) for finding in parsed.findings],
        received_at=now(),
        received_by=by,
    )


@action
def results_from_file(*, by: Person, file: InstrumentFile, analyst: str, wanted: Sequence[FileResult]) -> list[Result]:
    """Record results from the readings of a received file, each with the place where it stands.

    The kept bytes are read again, so that a result never comes from anything but the file itself.

    :raises Refusal: ``file_has_blocking_findings`` with each finding after it, ``reading_not_found``,
        ``reading_not_usable``, ``time_missing``, ``unit_not_of_a_titre`` and those of ``record_result``.
    """
    kept = InstrumentFile.objects.select_related("lot__site", "site").get(pk=file.pk)
    check_authority(by, "release.record_result", kept.site)
    if kept.lot is None:
        raise Refusal("lot_unknown", "This file belongs to no lot.", field="lot", kind=Kind.CONFLICT)
    parsed = parse(kept.kind, kept.name, bytes(kept.content), timezone=ZoneInfo(kept.site.timezone))
    _check_blocking(parsed, wanted)
    commands, faults = [], []
    for index, one in enumerate(wanted):
        try:
            commands.append(_command(kept, parsed, one, analyst))
        except Refusal as refusal:
            faults.append(_at(refusal, f"results.{index}"))
    refuse_all(faults)
    return [record_result(by=by, command=command) for command in commands]


def _check_blocking(parsed: ParsedFile, wanted: Sequence[FileResult]) -> None:
    samples = dict.fromkeys(one.sample for one in wanted)
    found = dict.fromkeys(finding for sample in samples for finding in parsed.findings_of(sample) if finding.blocking)
    if found:
        refuse_all(
            [
                Refusal(
                    "file_has_blocking_findings",
                    "The file has {count} findings that forbid results of it.",
                    field="file",
                    kind=Kind.CONFLICT,
                    count=len(found),
                ),
                *(_refused(finding) for finding in found),
            ]
        )


def _refused(finding: Finding) -> Refusal:
    return Refusal(
        finding.code,
        "{place}: {sentence}",
        field="file",
        kind=Kind.CONFLICT,
        place=finding.locator,
        sentence=finding.message,
    )


def _command(file: InstrumentFile, parsed: ParsedFile, one: FileResult, analyst: str) -> RecordResult:
    readings = parsed.readings_of(one.sample, one.parameter)
    if one.target:
        readings = tuple(reading for reading in readings if reading.told("target") == one.target)
    if not readings:
        raise Refusal(
            "reading_not_found",
            "The file has no {parameter} of sample {sample}.",
            field="sample",
            parameter=one.parameter,
            sample=one.sample,
        )
    for reading in readings:
        _check_usable(reading)
    command = RecordResult(
        lot=file.lot.number,
        test=one.test,
        method=one.method,
        sample=one.sample,
        reported="",
        unit=one.unit,
        measured_at=_measured_at(readings, one.measured_at),
        analyst=analyst or parsed.operator,
        instrument_file=file,
    )
    if parsed.kind == DDPCR:
        return _with_titre(command, readings, one)
    if len(readings) > 1:
        raise Refusal(
            "reading_ambiguous",
            "The file has {count} readings of {parameter} of sample {sample}.",
            field="sample",
            count=len(readings),
            parameter=one.parameter,
            sample=one.sample,
        )
    (reading,) = readings
    return replace(command, reported=reading.text.strip(), unit=reading.unit, locator=reading.locator)


def _with_titre(command: RecordResult, wells: Sequence[Reading], one: FileResult) -> RecordResult:
    if one.unit not in {"{copies}/mL", "{vg}/mL"}:
        raise Refusal("unit_not_of_a_titre", "A titre by digital PCR is in copies or vg per mL.", field="unit")
    reaction = Reaction(
        volume_ul=number(one.reaction_volume_ul, field="reaction_volume_ul"),
        template_ul=number(one.template_volume_ul, field="template_volume_ul"),
        dilution=number(one.dilution_factor, field="dilution_factor"),
    )
    titre = titre_of(wells, reaction)
    return replace(command, reported=titre.reported, replicates=titre.replicates, locator=titre.locator)


def _check_usable(reading: Reading) -> None:
    if not reading.usable:
        raise Refusal(
            "reading_not_usable",
            "{place} says “{text}”, which is no result.",
            field="sample",
            place=reading.locator,
            text=reading.text,
        )


def _measured_at(readings: Sequence[Reading], given: datetime | None) -> datetime:
    told = [reading.measured_at for reading in readings if reading.measured_at is not None]
    at = max(told) if told else given
    if at is None:
        raise Refusal("time_missing", "The file does not say when it was measured: enter it.", field="measured_at")
    return at


def _reading_content(reading: Reading) -> dict[str, Any]:
    return {
        "parameter": reading.parameter,
        "sample": reading.sample,
        "text": reading.text,
        "value": None if reading.value is None else str(reading.value),
        "qualifier": reading.qualifier,
        "unit": reading.unit,
        "measured_at": reading.measured_at.isoformat() if reading.measured_at else None,
        "locator": reading.locator,
        "context": dict(reading.context),
    }


def _at(refusal: Refusal, place: str) -> Refusal:
    return Refusal(
        refusal.code,
        refusal.template,
        field=f"{place}.{refusal.field or 'sample'}",
        kind=refusal.kind,
        **refusal.params,
    )
