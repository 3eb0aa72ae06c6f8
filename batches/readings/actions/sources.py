"""Describe the skids that send readings, and their tags."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from batches.models import Equipment
from batches.readings.actions.sensors import fit_sensor_of
from batches.readings.models import SensorFitting, Source, Tag
from batches.readings.rules.loop_names import check_loop_name
from batches.readings.rules.parameters import factor, measured
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority
from gatekeeper.core.naming import natural_key
from gatekeeper.core.quantity import fitting, number
from gatekeeper.core.refusal import Kind, Refusal, refuse_all
from gatekeeper.core.unit_codes import unit_spelled

_DIGITS, _PLACES = 12, 6  # of the column of the sampling interval: microseconds


@dataclass(frozen=True, slots=True)
class DescribeTag:
    """One signal: its code at the skid, what it measures, its unit, and the range of its sensor in that unit.

    ``unit`` is written as in the table, by UCUM or by UNECE Recommendation 20. ``signal_type`` (empty: that of the
    parameter) is what happens between two samples, ``sampling_s`` the seconds between them, ``sensor`` the code of the
    equipment that measures.
    """

    code: str
    parameter: str
    unit: str
    range_low: str = ""
    range_high: str = ""
    signal_type: str = ""
    sampling_s: str = ""
    sensor: str = ""


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
        ``parameter_is_derived``, ``unknown_unit``, ``units_differ_in_kind``, ``not_a_number``, ``range_upside_down``,
        ``tag_name_contradicts``, ``unknown_signal_type``, ``number_out_of_range``, ``sampling_not_positive``, and those
        of ``sensors.fit_sensor_of``; ``key_malformed``.
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
    check_authority(by, "readings.configure", equipment.site)
    faults = [*_name_faults(command), *_twice(command)]
    tags = [_tag(place, tag, faults) for place, tag in enumerate(command.tags)]
    sensors = [_sensor(place, tag, equipment.site, faults) for place, tag in enumerate(command.tags)]
    refuse_all(faults)
    code = natural_key(command.code, field="code")
    at = now()
    source = Source.objects.create(
        code=code,
        name=command.name,
        site=equipment.site,
        equipment=equipment,
        registered_at=at,
        registered_by=by,
    )
    for tag, sensor in zip(tags, sensors, strict=True):
        tag.source = source
        tag.save()
        if sensor is not None:
            SensorFitting.objects.create(tag=tag, sensor=sensor, fitted_at=at, fitted_by=by)
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
    unit, kind = tag.unit, tag.signal_type.strip()
    try:
        row = measured(tag.parameter)
        faults += _contradiction(field, tag)
        unit, kind = unit_spelled(tag.unit).code, kind or row.signal_type.value
        factor(unit, row.unit)
    except Refusal as refusal:
        faults.append(_at(refusal, f"{field}.{refusal.field}"))
    if kind and kind not in Tag.Type.values:
        faults.append(
            Refusal("unknown_signal_type", "There is no signal type “{type}”.", field=f"{field}.signal_type", type=kind)
        )
    low, high = (_bound(f"{field}.{name}", getattr(tag, name), faults) for name in ("range_low", "range_high"))
    if low is not None and high is not None and low >= high:
        faults.append(Refusal("range_upside_down", "The range ends below its start.", field=f"{field}.range_high"))
    return Tag(
        code=tag.code,
        parameter=tag.parameter,
        unit=unit,
        range_low=low,
        range_high=high,
        signal_type=kind,
        sampling_s=_sampling(f"{field}.sampling_s", tag.sampling_s, faults),
    )


def _contradiction(field: str, tag: DescribeTag) -> list[Refusal]:
    try:
        check_loop_name(tag.code, tag.parameter, field=f"{field}.code")
    except Refusal as refusal:
        return [refusal]
    return []


def _sampling(field: str, text: str, faults: list[Refusal]) -> Decimal | None:
    found = _bound(field, text, faults)
    if found is None:
        return None
    try:
        fitting(found, digits=_DIGITS, places=_PLACES, field=field)
    except Refusal as refusal:
        faults.append(refusal)
    if found <= 0:
        faults.append(Refusal("sampling_not_positive", "Samples come at an interval above zero.", field=field))
    return found


def _sensor(place: int, tag: DescribeTag, site: Site, faults: list[Refusal]) -> Equipment | None:
    if not tag.sensor.strip():
        return None
    try:
        return fit_sensor_of(tag.sensor, site, field=f"tags.{place}.sensor")
    except Refusal as refusal:
        faults.append(refusal)
        return None


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
