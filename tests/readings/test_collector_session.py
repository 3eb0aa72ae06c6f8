"""integrity.md 5: what a session reports is joined to what was kept before, or the time between is a gap."""

import asyncio

import pytest

from batches.readings.collector import session as sessions
from batches.readings.collector.samples import LOST, Sample
from batches.readings.collector.session import Session
from batches.readings.collector.spool import Spool
from tests.readings.test_collector_spool import Body, contents, samples


class Told:
    """A server that reports what the test says, and remembers what it was asked of its history."""

    def __init__(self, history=()):
        self.arriving, self.past, self.asked = [], history, []

    def report(self, *arriving, overflowed=False):
        self.arriving += [(one, overflowed) for one in arriving]

    def take(self):
        taken, self.arriving = self.arriving, []
        return taken

    async def history(self, tag, start_us, end_us):
        self.asked.append((tag, start_us, end_us))
        if self.past is None:
            return None
        return [one for one in self.past if one.tag == tag and start_us <= one.time_us <= end_us]


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "spool", source="TFF01", max_bytes=10_000_000)
    yield made
    made.close()


def begun(skid, spool):
    return Session(skid, resume_of=spool.resume_of, keep=spool.keep)


def step(session):
    asyncio.run(session.step())


def kept(spool):
    bodies = spool._db.execute("SELECT body FROM frame ORDER BY sequence").fetchall()
    return sorted((one for (body,) in bodies for one in contents(Body(body))), key=lambda one: (one.tag, one.time_us))


def mark(at):
    return Sample("FI101", at, None, LOST)


def test_the_first_value_ever_asks_no_history(spool):
    skid = Told()
    skid.report(*samples(10, 20))
    session = begun(skid, spool)
    step(session)
    step(session)
    assert (kept(spool), skid.asked, spool.resume_of("FI101")) == (samples(10, 20), [], 20)


def test_after_an_absence_history_fills_what_is_missing_once(spool):
    spool.keep(samples(10, 20), {"FI101": 20})
    skid = Told(samples(10, 20, 30, 40, 50))
    skid.report(*samples(40, 50))
    step(begun(skid, spool))
    assert skid.asked == [("FI101", 20, 41)]
    assert (kept(spool), spool.resume_of("FI101")) == (samples(10, 20, 30, 40, 50), 50)


def test_nothing_happened_when_the_first_value_is_the_last_one_kept(spool):
    spool.keep(samples(10), {"FI101": 10})
    skid = Told()
    skid.report(*samples(10, 20))
    step(begun(skid, spool))
    assert (kept(spool), skid.asked) == (samples(10, 20), [])


def test_without_history_an_absence_is_a_gap(spool, caplog):
    spool.keep(samples(10), {"FI101": 10})
    skid = Told(None)
    skid.report(*samples(40))
    step(begun(skid, spool))
    assert (kept(spool), spool.resume_of("FI101")) == ([*samples(10), mark(11), *samples(40)], 40)
    assert "Values of FI101 after 1970-01-01 00:00:00.000011+00:00 are lost" in caplog.text


def test_a_killed_collector_asks_again_for_what_was_not_joined(spool):
    spool.keep(samples(10), {"FI101": 10})
    skid = Told(samples(10, 20))  # writes behind: 30 and 40 are not there yet
    skid.report(*samples(40))
    step(begun(skid, spool))
    assert spool.resume_of("FI101") == 20  # not 40: between them something is missing
    skid = Told(samples(10, 20, 30, 40, 50))
    skid.report(*samples(50))
    step(begun(skid, spool))
    assert (kept(spool), spool.resume_of("FI101")) == (samples(10, 20, 30, 40, 50), 50)


def test_history_that_never_reaches_the_live_value_is_given_up_as_a_gap(spool, monkeypatch):
    monkeypatch.setattr(sessions, "_HISTORY_PATIENCE", -1.0)
    spool.keep(samples(10), {"FI101": 10})
    skid = Told(samples(10, 20))
    skid.report(*samples(40))
    step(begun(skid, spool))
    assert kept(spool) == [*samples(10, 20), mark(21), *samples(40)]


def test_an_overflowing_queue_is_mended_like_an_absence(spool):
    skid = Told(samples(10, 20, 30, 40))
    session = begun(skid, spool)
    skid.report(*samples(10, 20))
    skid.report(*samples(40), overflowed=True)
    step(session)
    assert skid.asked == [("FI101", 20, 41)]
    assert (kept(spool), spool.resume_of("FI101")) == (samples(10, 20, 30, 40), 40)


def test_an_overflow_without_history_is_a_gap_before_the_value_that_tells_it(spool):
    skid = Told(None)
    session = begun(skid, spool)
    skid.report(*samples(10, 20))
    step(session)
    skid.report(*samples(40), overflowed=True)
    skid.report(*samples(50))
    step(session)
    assert kept(spool) == [*samples(10, 20), mark(21), *samples(40, 50)]
    assert spool.resume_of("FI101") == 50


def test_a_second_overflow_while_the_first_is_mended_widens_what_is_asked(spool):
    skid = Told(samples(10))
    session = begun(skid, spool)
    skid.report(*samples(10))
    skid.report(*samples(30), overflowed=True)
    step(session)
    skid.past = samples(10, 20, 30, 40, 50)
    skid.report(*samples(50), overflowed=True)
    step(session)
    assert skid.asked[-1] == ("FI101", 10, 51)
    assert kept(spool) == samples(10, 20, 30, 40, 50)


def test_what_arrived_before_the_end_is_kept(spool):
    skid = Told()
    skid.report(*samples(10))
    session = begun(skid, spool)
    session.keep_live()
    session.keep_live()
    assert kept(spool) == samples(10)
