"""integrity.md 5: the collector's buffer loses nothing and repeats nothing, wherever it is cut off."""

import contextlib
import gzip
import json
import shutil
import sqlite3
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from batches.readings.collector.samples import Sample
from batches.readings.collector.spool import SetAside, Spool, SpoolFullError, SpoolUnusableError
from batches.readings.rules.frames import decoded

MB = 1_000_000


def opened(file, *, source="TFF01", max_bytes=10 * MB):
    return Spool(file, source=source, max_bytes=max_bytes)


def samples(*times, tag="FI101"):
    return [Sample(tag, at, at / 7, 192) for at in times]


def contents(frame):
    """The samples of a frame's body."""
    found = json.loads(gzip.decompress(frame.body))["tags"]
    return [
        Sample(tag, *row)
        for tag, column in found.items()
        for row in zip(column["times"], column["values"], column["quality"], strict=True)
    ]


@pytest.fixture
def spool(tmp_path):
    made = opened(tmp_path / "spool")
    yield made
    made.close()


def test_a_frame_is_cut_once_and_stays_as_it_is_until_it_is_taken(spool, tmp_path):
    assert spool.keep([*samples(1, 2), Sample("AI101", 1, None, 0)], {"FI101": 2, "AI101": 1}) == 3
    first = spool.oldest()
    content = decoded(gzip.decompress(first.body))
    assert (content.source, content.boot_id, content.sequence, content.samples) == ("TFF01", spool.boot_id, 1, 3)
    assert first.sha256 == content.sha256()
    spool.keep(samples(3), {"FI101": 3})
    assert spool.oldest() == first
    spool.close()
    again = opened(tmp_path / "spool")
    assert again.oldest() == first
    again.forget(first.sequence)
    assert (again.oldest().sequence, again.counts()) == (2, (1, 0))
    assert again.resume_of("FI101") == 3
    again.close()


def test_a_number_is_never_given_twice(spool):
    spool.keep(samples(1), {"FI101": 1})
    spool.forget(1)
    spool.keep(samples(2), {"FI101": 2})
    assert spool.oldest().sequence == 2


def test_what_comes_again_is_kept_once_and_a_change_of_it_is_kept_beside(spool):
    assert spool.keep(samples(1, 2), {"FI101": 1}) == 2
    assert spool.keep(samples(1, 2, 3), {"FI101": 3}) == 1
    assert spool.keep([Sample("FI101", 3, 0.0, 192), Sample("FI101", 3, 3 / 7, 64)], {}) == 2
    assert spool.keep(samples(3), {}) == 0


def test_an_unknown_tag_resumes_nowhere(spool):
    assert spool.resume_of("FI101") is None
    assert spool.oldest() is None


def test_a_large_delivery_is_cut_into_frames_that_the_service_takes(spool):
    spool.keep(samples(*range(25_000)), {"FI101": 24_999})
    assert spool.counts() == (3, 0)
    assert spool.oldest().samples == 10_000


def test_what_was_refused_lets_the_others_pass_and_is_offered_again_unchanged(spool):
    spool.keep(samples(1), {})
    spool.keep(samples(2), {})
    first = spool.oldest()
    spool.set_aside(1, "unknown_tag: there is none")
    assert (spool.oldest().sequence, spool.counts()) == (2, (1, 1))
    assert spool.refused() == [SetAside(1, 1, "unknown_tag: there is none")]
    assert spool.offer_again() == 1
    assert spool.oldest() == first


def filled(spool):
    """Fill the buffer and return the first time that it did not take."""
    at = 0
    with contextlib.suppress(SpoolFullError):
        while True:
            spool.keep(samples(*range(at, at + 500)), {"FI101": at + 499})
            at += 500
    return at


def test_a_full_buffer_keeps_what_is_old_takes_nothing_and_moves_no_tag_on(tmp_path):
    spool = opened(tmp_path / "spool", max_bytes=60_000)
    at = filled(spool)
    kept, _ = spool.counts()
    assert kept > 1
    assert spool.resume_of("FI101") == at - 1
    assert spool.used_bytes() <= 60_000
    assert not spool.has_room()
    with pytest.raises(SpoolFullError):
        spool.keep(samples(*range(at, at + 500)), {"FI101": at + 499})
    assert spool.counts() == (kept, 0)
    while not spool.has_room():
        spool.forget(spool.oldest().sequence)
    assert spool.keep(samples(*range(at, at + 500)), {"FI101": at + 499}) == 500
    spool.close()


def test_a_disk_that_is_full_is_a_buffer_that_is_full(spool):
    spool.keep(samples(1), {"FI101": 1})
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolFullError):
        spool.keep(samples(*range(2, 9000)), {"FI101": 8999})
    assert (spool.resume_of("FI101"), spool.counts()) == (1, (1, 0))


def test_another_fault_of_the_file_is_no_full_buffer(spool):
    spool._db.execute("DROP TABLE frame")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        spool.keep(samples(1), {})


def test_two_collectors_never_share_a_buffer(spool, tmp_path):
    with pytest.raises(SpoolUnusableError, match="locked"):
        opened(tmp_path / "spool")


def test_a_buffer_belongs_to_one_source(spool, tmp_path):
    spool.close()
    with pytest.raises(SpoolUnusableError, match="belongs to the source TFF01, not to TFF02"):
        opened(tmp_path / "spool", source="TFF02")


def test_a_file_that_is_no_buffer_is_named(tmp_path):
    (tmp_path / "spool").write_text("a note\n" * 100)
    with pytest.raises(SpoolUnusableError, match="not a database"):
        opened(tmp_path / "spool")


TAGS = ("FI101", "AI101")


class Cutting(RuleBasedStateMachine):
    """A skid with history, a service that records by identity, a collector that is cut off between any two steps.

    What a kill leaves is a copy of the files as they are while the buffer is still open.
    """

    folder = None  # of one example, set by the test

    @initialize()
    def begin(self):
        self.life, self.clock = 0, 0
        self.produced = {tag: [] for tag in TAGS}
        self.recorded = {}  # the service: identity -> body
        self.place = self.folder / "0"
        self.place.mkdir(parents=True)
        self.spool = opened(self.place / "spool")
        self.live = dict.fromkeys(TAGS, 0)  # how many values of a tag have been delivered in this session

    @rule(tag=st.sampled_from(TAGS))
    def the_skid_produces(self, tag):
        self.clock += 10
        self.produced[tag].append(Sample(tag, self.clock, self.clock / 7, 192))

    @rule(tag=st.sampled_from(TAGS), some=st.integers(1, 4))
    def history_is_kept(self, tag, some):
        resume = self.spool.resume_of(tag) or 0
        part = [one for one in self.produced[tag] if one.time_us >= resume][:some]
        if part:
            self.spool.keep(part, {tag: part[-1].time_us})

    @rule(tag=st.sampled_from(TAGS))
    def a_live_value_is_kept_ahead_of_history(self, tag):
        if self.produced[tag]:
            self.spool.keep([self.produced[tag][-1]], {})

    @rule()
    def the_service_records_and_its_answer_is_lost(self):
        frame = self.spool.oldest()
        if frame:
            before = self.recorded.setdefault((self.spool.boot_id, frame.sequence), frame.body)
            assert before == frame.body

    @rule()
    def the_service_takes_a_frame(self):
        frame = self.spool.oldest()
        if frame:
            self.the_service_records_and_its_answer_is_lost()
            self.spool.forget(frame.sequence)

    @rule()
    def the_service_refuses_a_frame(self):
        frame = self.spool.oldest()
        if frame:
            self.spool.set_aside(frame.sequence, "unknown_tag")

    @rule()
    def the_collector_is_killed(self):
        self.life += 1
        after = self.folder / str(self.life)
        shutil.copytree(self.place, after)
        self.spool.close()
        self.place = after
        self.spool = opened(self.place / "spool")
        self.spool.offer_again()

    @invariant()
    def nothing_is_twice(self):
        if hasattr(self, "spool"):
            assert all(times == 1 for times in self.stored().values())

    def stored(self):
        bodies = dict(self.recorded)
        for sequence, body in self.spool._db.execute("SELECT sequence, body FROM frame"):
            assert bodies.setdefault((self.spool.boot_id, sequence), body) == body
        return Counter(one for body in bodies.values() for one in contents(Body(body)))

    def teardown(self):
        if hasattr(self, "spool"):
            for tag in TAGS:
                self.history_is_kept(tag, len(self.produced[tag]) + 1)
            assert self.stored() == Counter(one for tag in TAGS for one in self.produced[tag])
            self.spool.close()


class Body:
    """A frame's body alone, as ``contents`` reads it."""

    def __init__(self, body):
        self.body = body


def test_no_order_of_cuts_and_answers_loses_or_repeats_a_value(tmp_path):
    from hypothesis.stateful import run_state_machine_as_test

    examples = iter(range(10_000))

    def machine():
        made = Cutting()
        made.folder = tmp_path / str(next(examples))
        return made

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
