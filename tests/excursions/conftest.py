"""A standing clock, and a running phase."""

from tests.readings.fixtures import (  # noqa: F401 -- fixtures are found by their names
    _loop_of_no_browser,
    plant,
    time,
)
