"""Fit a sensor to a tag: from then on its calibration is that of the tag's readings."""

from dataclasses import dataclass

from batches.actions.equipment import record_use
from batches.models import Equipment
from batches.readings.models import SensorFitting, Source, Tag
from batches.readings.queries.sensors import running_phases_with, sensors_fitted
from gatekeeper.accounts.actor import action
from gatekeeper.accounts.clock import now
from gatekeeper.accounts.models import Person, Site
from gatekeeper.accounts.queries import check_authority, day_at
from gatekeeper.core.reasons import checked_reason
from gatekeeper.core.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class FitSensor:
    """A sensor (equipment, by code) for a tag of the source (by code), and why: what it was fitted for, or replaced."""

    tag: str
    sensor: str
    reason: str


@action
def fit_sensor(*, by: Person, source: Source, command: FitSensor) -> SensorFitting:
    """Fit a sensor to a tag of a source; phases that run on the source's equipment are served by it from now on.

    :raises Refusal: ``not_authorised``, ``unknown_tag``, ``unknown_equipment``, ``equipment_at_other_site``,
        ``equipment_calibration_overdue``, ``sensor_fitted_already``, ``reason_missing``.
    """
    # A phase that starts on this equipment waits, and then finds the sensor.
    unit = Equipment.objects.select_for_update(of=("self",)).select_related("site").get(pk=source.equipment_id)
    check_authority(by, "readings.configure", unit.site)
    tag = Tag.objects.select_related("source").filter(source=source, code=command.tag).first()
    if tag is None:
        raise Refusal("unknown_tag", "The source has no tag “{tag}”.", field="tag", tag=command.tag)
    sensor = fit_sensor_of(command.sensor, unit.site)
    former = sensors_fitted([tag]).get(tag.pk)
    if former is not None and former.sensor_id == sensor.pk:
        raise Refusal(
            "sensor_fitted_already",
            "{sensor} measures {tag} already.",
            field="sensor",
            kind=Kind.CONFLICT,
            sensor=sensor.code,
            tag=tag.code,
        )
    fitting = SensorFitting.objects.create(
        tag=tag, sensor=sensor, reason=checked_reason(command.reason), fitted_at=now(), fitted_by=by
    )
    for phase in running_phases_with(unit).exclude(equipment_uses__equipment=sensor):
        record_use(by=by, phase=phase, equipment=sensor, at=fitting.fitted_at)
    return fitting


def fit_sensor_of(code: str, site: Site, *, field: str = "sensor") -> Equipment:
    """Return the equipment that can measure at this site today, by its code.

    :raises Refusal: ``unknown_equipment``, ``equipment_at_other_site``, ``equipment_calibration_overdue``.
    """
    sensor = Equipment.objects.select_related("site").filter(code=code.strip()).first()
    if sensor is None:
        raise Refusal("unknown_equipment", "There is no equipment “{code}”.", field=field, code=code)
    if sensor.site_id != site.pk:
        raise Refusal(
            "equipment_at_other_site", "{code} is at another site.", field=field, kind=Kind.CONFLICT, code=sensor.code
        )
    due = sensor.calibration_due_date
    if due is not None and due < day_at(site):
        raise Refusal(
            "equipment_calibration_overdue",
            "The calibration of {code} was due on {due}.",
            field=field,
            kind=Kind.CONFLICT,
            code=sensor.code,
            due=due,
        )
    return sensor
