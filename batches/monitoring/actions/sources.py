"""Describe the skids that send readings, and their tags."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from batches.models import Equipment
from batches.monitoring.models import Source, Tag
from batches.monitoring.rules.parameters import factor, measured
from gatekeeper.accounts.acting import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.naming import natural_key
from gatekeeper.core.quantity import number
from gatekeeper.core.refusal import Kind, Refusal, refuse_all


@dataclass(frozen=True, slots=True)
class DescribeTag:
    """One signal: its code at the skid, what it measures, its unit, and the range of its sensor in that unit."""

    code: str
    parameter: str
    unit: str
    range_low: str = ""
    range_high: str = ""


@dataclass(frozen=True, slots=True)
class RegisterSource:
    """A skid or probe on a piece of equipment (by code), with its tags."""

    code: str
    name: str
    equipment: str
    tags: tuple[DescribeTag, ...]


@action
def register_source(*, by: Person, command: RegisterSource) -> Source:
    """Register a source at the site of its equipment, with all of its tags.

    :raises Refusal: ``unknown_equipment``, ``not_authorised``; every fault at once: ``blank_value``,
        ``already_registered``, ``tags_missing``, ``tag_twice``, ``parameter_twice``, ``unknown_parameter``,
        ``parameter_is_derived``, ``unknown_unit``, ``units_differ_in_kind``, ``not_a_number``, ``range_upside_down``;
        ``key_malformed``.
    """
    equipment = Equipment.objects.select_related("site").filter(code=command.equipment).first()
    if equipment is None:
        raise Refusal(
            "unknown_equipment",
            "There is no equipment “{code}”.",
            field="equipment",
            kind=Kind.MISSING,
            code=command.equipment,
        )
    check_authority(by, "monitoring.configure", equipment.site)
    faults = [*_name_faults(command), *_twice(command)]
    tags = [_tag(place, tag, faults) for place, tag in enumerate(command.tags)]
    refuse_all(faults)
    code = natural_key(command.code, field="code")
    source = Source.objects.create(
        code=code,
        name=command.name,
        site=equipment.site,
        equipment=equipment,
        registered_at=now(),
        registered_by=by,
    )
    for tag in tags:
        tag.source = source
        tag.save()
    return source


def _name_faults(command: RegisterSource) -> list[Refusal]:
    faults = [
        Refusal("blank_value", "Enter a value.", field=field)
        for field in ("code", "name")
        if not getattr(command, field).strip()
    ]
    if Source.objects.filter(code__iexact=command.code).exists():
        faults.append(
            Refusal(
                "already_registered",
                "“{name}” is registered already.",
                field="code",
                kind=Kind.CONFLICT,
                name=command.code,
            )
        )
    if not command.tags:
        faults.append(Refusal("tags_missing", "A source needs at least one tag.", field="tags"))
    return faults


def _twice(command: RegisterSource) -> list[Refusal]:
    codes = Counter(tag.code for tag in command.tags)
    parameters = Counter(tag.parameter for tag in command.tags)
    return [
        Refusal("tag_twice", "The tag {code} is there twice.", field="tags", code=code)
        for code, count in codes.items()
        if count > 1
    ] + [
        # Two signals of one kind are two sources: a rule must know which one it judges.
        Refusal("parameter_twice", "Two tags measure {code}: make them two sources.", field="tags", code=code)
        for code, count in parameters.items()
        if count > 1
    ]


def _tag(place: int, tag: DescribeTag, faults: list[Refusal]) -> Tag:
    field = f"tags.{place}"
    if not tag.code.strip():
        faults.append(Refusal("blank_value", "Enter a value.", field=f"{field}.code"))
    try:
        factor(tag.unit, measured(tag.parameter).unit)
    except Refusal as refusal:
        faults.append(_at(refusal, f"{field}.{refusal.field}"))
    low, high = (_bound(f"{field}.{name}", getattr(tag, name), faults) for name in ("range_low", "range_high"))
    if low is not None and high is not None and low >= high:
        faults.append(Refusal("range_upside_down", "The range ends below its start.", field=f"{field}.range_high"))
    return Tag(code=tag.code, parameter=tag.parameter, unit=tag.unit, range_low=low, range_high=high)


def _bound(field: str, text: str, faults: list[Refusal]) -> Decimal | None:
    if not text.strip():
        return None
    try:
        return number(text, field=field)
    except Refusal as refusal:
        faults.append(refusal)
        return None


def _at(refusal: Refusal, field: str) -> Refusal:
    return Refusal(refusal.code, refusal.template, field=field, kind=refusal.kind, **refusal.params)
