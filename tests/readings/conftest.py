"""A standing clock, a running phase, and months of readings that are long over."""

from tests.readings.fixtures import (  # noqa: F401 -- fixtures are found by their names
    _loop_of_no_browser,
    away,
    away_template,
    cold,
    cold_sealer,
    cold_template,
    plant,
    time,
)
