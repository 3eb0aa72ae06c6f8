"""The app of skid readings and excursions."""

from django.apps import AppConfig


class Monitoring(AppConfig):
    """Sources, readings, rule sets, evaluations, excursions."""

    name = "batches.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        """Have every verification of the evidence compare the readings too, and every review cover the evaluations."""
        from batches.monitoring.queries import reviewing  # noqa: PLC0415 -- models are complete only now
        from batches.monitoring.queries.evidence import altered_readings  # noqa: PLC0415 -- models are complete only now
        from batches.monitoring.queries.sensors import sensors_on  # noqa: PLC0415 -- models are complete only now
        from batches.queries import also_fitted, also_reviewed  # noqa: PLC0415 -- models are complete only now
        from gatekeeper.ledger.verification import also_check  # noqa: PLC0415 -- models are complete only now

        also_check(altered_readings)
        also_fitted(sensors_on)
        also_reviewed(reviewing.evaluations_reviewed, check=reviewing.check_evaluated)
