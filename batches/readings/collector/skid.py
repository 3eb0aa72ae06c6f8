"""A session with the skid's OPC UA server: what its subscription reports, and what its history holds.

The only module that needs asyncua (requirements-opcua.txt).
"""

import asyncio
import logging
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from asyncua import Client, Node, ua
from asyncua.common.subscription import DataChangeNotif

from batches.readings.collector.configuration import Configuration
from batches.readings.collector.samples import MISDECLARED, Sample, has_overflowed, moment_of, said_otherwise, sample_of

logger = logging.getLogger(__name__)
# What the far side can do to a session; it ends, and another is begun.
SESSION_FAULTS = (OSError, TimeoutError, ua.UaError)
_TIMEOUT = 10  # s for one answer
_FIRST_HANDLE = 1
_HISTORY_TRIES = 3
_BETWEEN_TRIES = 0.5  # s
_NO_HISTORY = frozenset(
    {
        ua.StatusCodes.BadHistoryOperationUnsupported,
        ua.StatusCodes.BadHistoryOperationInvalid,
        ua.StatusCodes.BadServiceUnsupported,
        ua.StatusCodes.BadNotSupported,
        ua.StatusCodes.BadUserAccessDenied,
    }
)
_SESSION_ENDED = frozenset(
    {
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSessionClosed,
        ua.StatusCodes.BadSecureChannelIdInvalid,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadConnectionClosed,
        ua.StatusCodes.BadCommunicationError,
        ua.StatusCodes.BadShutdown,
        ua.StatusCodes.BadTimeout,
    }
)


class NoNodeError(Exception):
    """A tag's node is no node id such as ``ns=2;s=TFF01.FI101``; the sentence names the tag."""


def nodes_of(configuration: Configuration) -> dict[str, ua.NodeId]:
    """Return the node of each tag.

    :raises NoNodeError: for the first that is none.
    """
    nodes = {}
    for tag in configuration.tags:
        try:
            nodes[tag.code] = ua.NodeId.from_string(tag.node)
        except ua.UaError:
            raise NoNodeError(f"The node of {tag.code} is no node id: {tag.node}.") from None
    return nodes


class Skid:
    """An open session with its subscription, as an asynchronous context manager."""

    def __init__(self, configuration: Configuration) -> None:
        self._server = configuration.server
        self._nodes = nodes_of(configuration)
        self._client = Client(self._server.endpoint, timeout=_TIMEOUT)
        self._client.name = "Gatekeeper collector"
        self._client.application_uri = "urn:gatekeeper:collector"
        self._tags: dict[int | None, str] = dict(enumerate(self._nodes, _FIRST_HANDLE))
        self._arrived: list[tuple[Sample, bool]] = []
        self._timeless: set[str] = set()
        self._units = {tag.code: tag.unit for tag in configuration.tags if tag.unit}
        self._misdeclared: set[str] = set()
        self.lost = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Connect and subscribe.

        :raises OSError, TimeoutError, ua.UaError: when the server cannot be reached or lets nobody in.
        """
        server = self._server
        if server.security:
            await self._client.set_security_string(server.security)
        if server.password_file:
            self._client.set_user(server.user)
            self._client.set_password(server.password_file.read_text(encoding="utf-8").strip())
        await self._client.connect()
        try:
            await self._check_units()
            await self._subscribe()
        except BaseException:
            await self._client.disconnect()
            raise
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _fault: object, _trace: TracebackType | None) -> None:
        """End the session; a server that has gone is not waited for."""
        try:
            await self._client.disconnect()
        except SESSION_FAULTS as fault:
            logger.debug("The session did not end in good order: %s", fault)

    async def _subscribe(self) -> None:
        # A handler, not the iterator: the iterator's queue is bounded and drops its oldest without a word.
        subscription = await self._client.create_subscription(self._server.publishing_ms, self)
        results = await subscription.create_monitored_items(
            [self._request(handle, tag) for handle, tag in enumerate(self._nodes, _FIRST_HANDLE)]
        )
        failed = {tag: result for tag, result in zip(self._nodes, results, strict=True) if not isinstance(result, int)}
        for tag, status in failed.items():
            logger.error("The server has nothing to report for %s (%s): %s", tag, self._nodes[tag].to_string(), status)
        if len(failed) == len(self._nodes):
            raise ua.UaError("The server knows none of the nodes")

    async def _check_units(self) -> None:
        """Note the tags of which the server says another unit than is configured; what it does not say is not asked.

        Their values are recorded as bad: judged in the wrong unit they would be worse than unknown.
        """
        for tag, declared in self._units.items():
            try:
                node = await self._client.get_node(self._nodes[tag]).get_child("0:EngineeringUnits")
                said = await node.read_value()
            except ua.UaStatusCodeError as fault:
                if fault.code in _SESSION_ENDED:
                    raise
                continue
            other = said_otherwise(declared, said.UnitId, said.NamespaceUri or "") if said else ""
            if other:
                self._misdeclared.add(tag)
                logger.error(
                    "The server gives %s in %s, and it is configured in %s: its values are recorded as bad",
                    tag,
                    other,
                    declared,
                )

    def _request(self, handle: int, tag: str) -> ua.MonitoredItemCreateRequest:
        asked = ua.MonitoringParameters()
        asked.ClientHandle = handle
        asked.SamplingInterval = self._server.sampling_ms
        asked.QueueSize = self._server.queue
        asked.DiscardOldest = True
        # A value that stands still with a new time is a value: without it a steady signal would look like a gap.
        asked.Filter = ua.DataChangeFilter(Trigger=ua.DataChangeTrigger.StatusValueTimestamp)
        request = ua.MonitoredItemCreateRequest()
        request.ItemToMonitor = ua.ReadValueId(NodeId=self._nodes[tag], AttributeId=ua.AttributeIds.Value)
        request.MonitoringMode = ua.MonitoringMode.Reporting
        request.RequestedParameters = asked
        return request

    def datachange_notification(self, _node: Node, _value: Any, data: DataChangeNotif) -> None:
        """Take what the subscription reports, until the session is lost.

        asyncua only logs what is raised here. The session ends then, and takes nothing more: no later value may pass
        for the end of what is kept.
        """
        if self.lost.is_set():
            return
        try:
            tag = self._tags[data.subscription_data.client_handle]
            reported = data.monitored_item.Value
            sample = self._sample(tag, reported)
            if sample is not None:
                self._arrived.append((sample, has_overflowed(_status(reported))))
        except Exception:
            self.lost.set()
            raise

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        """The subscription has ended, by the server's will or with the connection."""
        logger.warning("The subscription has ended: %s", status.Status)
        self.lost.set()

    def take(self) -> list[tuple[Sample, bool]]:
        """Return what has arrived since the last call, in order; True marks that values before it overflowed."""
        arrived, self._arrived = self._arrived, []
        return arrived

    async def history(self, tag: str, start_us: int, end_us: int) -> list[Sample] | None:
        """Return what the server's history holds of the tag between both times, included; None when it keeps none.

        :raises OSError, TimeoutError, ua.UaError: when the session is lost.
        """
        for further in reversed(range(_HISTORY_TRIES)):
            try:
                found = await self._raw_history(tag, start_us, end_us)
            except ua.UaStatusCodeError as fault:
                if fault.code in _SESSION_ENDED:
                    raise
                if fault.code == ua.StatusCodes.BadNoData:
                    return []
                if fault.code in _NO_HISTORY or not further:
                    logger.warning("The history of %s cannot be read: %s", tag, fault)
                    return None
                await asyncio.sleep(_BETWEEN_TRIES)
            else:
                break
        samples = (self._sample(tag, one) for one in found or [])
        return None if found is None else [sample for sample in samples if sample is not None]

    async def _raw_history(self, tag: str, start_us: int, end_us: int) -> list[ua.DataValue] | None:
        node = self._client.get_node(self._nodes[tag])
        if ua.AccessLevel.HistoryRead not in await node.get_access_level():
            return None
        return await node.read_raw_history(moment_of(start_us), moment_of(end_us), return_bounds=False)

    def _sample(self, tag: str, reported: ua.DataValue) -> Sample | None:
        value = None if reported.Value is None else reported.Value.Value
        sample = sample_of(
            tag,
            value,
            _status(reported),
            reported.SourceTimestamp,
            reported.ServerTimestamp,
            trust_server_time=self._server.trust_server_time,
        )
        if sample is None and tag not in self._timeless:
            self._timeless.add(tag)
            logger.error("A value of %s has no time at all and cannot be recorded; further ones are not named.", tag)
        if sample is not None and tag in self._misdeclared:
            sample = replace(sample, quality=min(sample.quality, MISDECLARED))
        return sample


def _status(reported: ua.DataValue) -> int:
    return 0 if reported.StatusCode is None else reported.StatusCode.value
