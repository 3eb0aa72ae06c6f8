"""A-9: the story's time is told by one clock, and a slow machine does not stretch what it tells."""

from datetime import UTC, datetime, timedelta

import pytest

from gatekeeper.demo import clock

BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
MORNING = datetime(2026, 9, 24, 7, tzinfo=UTC)


@pytest.fixture
def real(settings, tmp_path, monkeypatch):
    """The moments that the database's clock shows, one after the other."""
    settings.DEMO_DIR = tmp_path
    times = [BEGAN]
    monkeypatch.setattr(clock, "database", lambda: times[-1])
    return times


def test_a_minute_of_telling_is_less_than_a_second_of_the_story(real):
    clock.set_to(MORNING)
    assert clock.simulated() == MORNING
    real.append(BEGAN + timedelta(minutes=1))
    assert MORNING < clock.simulated() < MORNING + timedelta(seconds=1)


def test_after_the_story_real_time_counts(real):
    clock.set_to(MORNING)
    clock.back_to_real_time()
    assert clock.simulated() == BEGAN
