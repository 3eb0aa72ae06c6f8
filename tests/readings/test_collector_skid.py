"""Issue 3, ways in: what a session with a server makes of what it is told, and of a history that cannot be read."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from asyncua import ua

from batches.readings.collector import skid as skids
from batches.readings.collector.configuration import configuration_from
from batches.readings.collector.samples import Sample
from batches.readings.collector.skid import Skid
from tests.readings.test_collector_configuration import WHOLE

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT_US = int(AT.timestamp()) * 1_000_000


@pytest.fixture
def skid():
    return Skid(configuration_from(WHOLE.encode()))


def value(reading, status=ua.StatusCodes.Good, at=AT):
    return ua.DataValue(ua.Variant(reading), StatusCode=ua.StatusCode(status), SourceTimestamp=at)


def notice(reported, handle=1):
    return SimpleNamespace(
        subscription_data=SimpleNamespace(client_handle=handle), monitored_item=SimpleNamespace(Value=reported)
    )


def test_a_report_becomes_a_sample_and_an_overflow_is_told_with_it(skid):
    skid.datachange_notification(None, 1.5, notice(value(1.5)))
    skid.datachange_notification(None, 2.5, notice(value(2.5, 0x480)))
    skid.datachange_notification(None, None, notice(ua.DataValue(SourceTimestamp=AT)))
    assert skid.take() == [
        (Sample("FI101", AT_US, 1.5, 192), False),
        (Sample("FI101", AT_US, 2.5, 192), True),
        (Sample("FI101", AT_US, None, 0), False),
    ]
    assert skid.take() == []


def test_a_value_without_any_time_is_told_once(skid, caplog):
    for _ in range(2):
        skid.datachange_notification(None, 1.5, notice(value(1.5, at=None)))
    assert skid.take() == []
    assert caplog.text.count("A value of FI101 has no time at all") == 1


def test_a_report_that_cannot_be_read_ends_the_session_and_nothing_after_it_is_taken(skid):
    with pytest.raises(KeyError):
        skid.datachange_notification(None, 1.5, notice(value(1.5), handle=99))
    assert skid.lost.is_set()
    skid.datachange_notification(None, 1.5, notice(value(1.5)))
    assert skid.take() == []


def test_the_end_of_the_subscription_is_the_end_of_the_session(skid):
    skid.status_change_notification(SimpleNamespace(Status=ua.StatusCode(ua.StatusCodes.BadTimeout)))
    assert skid.lost.is_set()


def asked(skid, monkeypatch, *answers):
    """What the history is after the server has given these answers, one a try."""
    monkeypatch.setattr(skids, "_BETWEEN_TRIES", 0)
    given = iter(answers)

    async def raw(*_asked):
        answer = next(given)
        if isinstance(answer, int):
            raise ua.UaStatusCodeError(answer)
        return answer

    monkeypatch.setattr(skid, "_raw_history", raw)
    return asyncio.run(skid.history("FI101", 0, AT_US))


def test_a_history_is_read_as_samples_and_tried_again(skid, monkeypatch):
    busy = ua.StatusCodes.BadTooManyOperations
    assert asked(skid, monkeypatch, busy, busy, [value(1.5)]) == [Sample("FI101", AT_US, 1.5, 192)]
    assert asked(skid, monkeypatch, ua.StatusCodes.BadNoData) == []
    assert asked(skid, monkeypatch, None) is None


def test_a_history_that_cannot_be_read_is_none(skid, monkeypatch, caplog):
    busy = ua.StatusCodes.BadTooManyOperations
    assert asked(skid, monkeypatch, ua.StatusCodes.BadHistoryOperationUnsupported) is None
    assert asked(skid, monkeypatch, busy, busy, busy) is None
    assert caplog.text.count("The history of FI101 cannot be read") == 2


def test_a_session_that_ended_is_no_missing_history(skid, monkeypatch):
    with pytest.raises(ua.UaStatusCodeError):
        asked(skid, monkeypatch, ua.StatusCodes.BadSessionClosed)
