"""Which sensor measures a tag, since when, and when the equipment of a phase was out of calibration."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from batches.models import BatchRecord, Equipment, EquipmentUse, Phase
from batches.queries.equipment import equipment_log
from batches.readings.models import SensorFitting, Source, Tag
from batches.readings.rules.calibrations import Held, Lapse, lapses
from gatekeeper.accounts.clock import now


@dataclass(frozen=True, slots=True, eq=False)
class LapseOf:
    """A time of a phase in which the calibration of equipment did not hold; ``tags`` are those that it measured.

    ``due_date`` is the last day on which the calibration before held. Without tags the equipment is no sensor.
    """

    phase: Phase
    equipment: Equipment
    tags: tuple[Tag, ...]
    due_date: date
    lapse: Lapse


type _Measured = list[tuple[Tag, datetime, datetime | None]]  # a tag, from when, until when


def sensors_fitted(tags: Iterable[Tag]) -> dict[int, SensorFitting]:
    """Return the newest fitting of each of these tags, by the primary key of the tag."""
    rows = SensorFitting.objects.filter(tag__in=tags).select_related("sensor__site").order_by("tag_id", "-id")
    return {row.tag_id: row for row in rows.distinct("tag_id")}


def sensors_on(equipment: Sequence[Equipment]) -> list[Equipment]:
    """Return the sensors that measure on this equipment now(settings.EQUIPMENT_FITTED)."""
    found = sensors_fitted(Tag.objects.filter(source__equipment__in=equipment))
    return list({row.sensor_id: row.sensor for row in found.values()}.values())


def fittings_of(source: Source) -> QuerySet[SensorFitting]:
    """Return every fitting of the source's tags, newest first."""
    rows = SensorFitting.objects.filter(tag__source=source)
    return rows.select_related("tag", "sensor", "fitted_by").order_by("-id")


def running_phases_with(unit: Equipment) -> QuerySet[Phase]:
    """Return the running phases that use this equipment."""
    return Phase.objects.filter(equipment_uses__equipment=unit, state=Phase.State.RUNNING).distinct()


def lapses_of(record: BatchRecord, *, phase: Phase | None = None) -> tuple[LapseOf, ...]:
    """Return when equipment of a record, or of one phase of it, was out of calibration while its phase ran."""
    uses = EquipmentUse.objects.filter(phase__batch_record=record, phase__started_at__isnull=False)
    if phase is not None:
        uses = uses.filter(phase=phase)
    rows = list(uses.select_related("phase", "equipment").order_by("phase__position", "id"))
    zone = ZoneInfo(record.site.timezone)
    lapsed = [(use, lapse) for use in rows for lapse in _lapses(use, zone)]
    if not lapsed:
        return ()
    served: dict[int, set[int]] = defaultdict(set)
    for use in rows:
        served[use.phase_id].add(use.equipment_id)
    measured = _measured({use.equipment_id for use, _lapse in lapsed})
    found = (_of(use, lapse, measured[use.equipment_id], served[use.phase_id], zone) for use, lapse in lapsed)
    return tuple(one for one in found if one is not None)


def _lapses(use: EquipmentUse, zone: ZoneInfo) -> tuple[Lapse, ...]:
    end = max(use.phase.performed_at or now(), use.used_at)
    held = [Held(use.used_at, _end_of(use.calibration_due_date, zone))]
    if lapses(held, end=end):
        held += _later_calibrations(use, end, zone)
    return lapses(held, end=end)


def _of(
    use: EquipmentUse, lapse: Lapse, measured: _Measured, served: Collection[int], zone: ZoneInfo
) -> LapseOf | None:
    """The lapse as far as the equipment served; None when it was a sensor that had been exchanged before."""
    own = [row for row in measured if row[0].source.equipment_id in served]
    if own:
        meant = [row for row in own if row[1] < lapse.ended_at and (row[2] is None or row[2] > lapse.began_at)]
        if not meant:
            return None
        ended = max(row[2] or lapse.ended_at for row in meant)
        lapse, own = replace(lapse, ended_at=min(lapse.ended_at, ended)), meant
    last = (lapse.until - timedelta(microseconds=1)).astimezone(zone).date()
    return LapseOf(use.phase, use.equipment, tuple(row[0] for row in own), last, lapse)


def _later_calibrations(use: EquipmentUse, end: datetime, zone: ZoneInfo) -> list[Held]:
    """What was recorded of the equipment's calibration while the phase went on."""
    recorded = (
        (row.at, date.fromisoformat(row.due_date)) for row in reversed(equipment_log(use.equipment).calibrations)
    )
    return [Held(at, _end_of(due, zone)) for at, due in recorded if use.used_at < at < end]


def _measured(equipment: Collection[int]) -> dict[int, _Measured]:
    """Which tag each sensor measured, from when until when, by sensor."""
    found: dict[int, _Measured] = defaultdict(list)
    tags = SensorFitting.objects.filter(sensor__in=equipment).values("tag")
    rows = SensorFitting.objects.filter(tag__in=tags).select_related("tag__source").order_by("tag_id", "id")
    former: SensorFitting | None = None
    for row in [*rows, None]:
        if former is not None:
            until = row.fitted_at if row is not None and row.tag_id == former.tag_id else None
            found[former.sensor_id].append((former.tag, former.fitted_at, until))
        former = row
    return found


def _end_of(due: date | None, zone: ZoneInfo) -> datetime | None:
    """The end of the last day on which a calibration holds, at the site."""
    if due is None:
        return None
    return datetime.combine(due + timedelta(days=1), time.min, zone).astimezone(UTC)
