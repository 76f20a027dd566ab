"""The sender: send a group's waiting events by PutEvents, several calls at a time.

Each thread claims some events, sends them call by call, and notes in the same transaction what became of each. It dies
at worst between an acknowledgement and its note: the events go out again, under the same ids, which count once.
"""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event as Flag
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from aisle.contracts.events import calls
from aisle.errors import AisleError, FinalError, RetryableError, Throttled
from aisle.outbox import queue
from personalize_kinds.codes import BLAMES_CONTENT, is_throttling, passes
from personalize_kinds.events import Call, calls_of_one_event

log = logging.getLogger(__name__)

#: Events held at a time by each thread: what may go out twice when it dies.
_CLAIM_EVENTS = 200
_PAUSE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of a run's events."""

    n_sent: int
    n_refused: int
    n_dead: int
    reasons: dict[str, int]


@dataclass
class _Delivery:
    """The outcome of a claim: accepted ids, refusals by id, and the error that ended it early, if any."""

    sent: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failure: AisleError | None = None


class Sender:
    """Send the events of one group to its event tracker.

    `client` is a boto3 client of personalize-events, which threads may share.
    """

    def __init__(self, client: Any, tracking_id: str, url: str, group: str, *, senders: int, attempts: int) -> None:
        self._client = client
        self._tracking_id = tracking_id
        self._url = url
        self._group = group
        self._senders = senders
        self._attempts = attempts
        self._stop = Flag()

    def send_waiting(self, began_at: datetime) -> Sent:
        """Send everything that waits, each event once since `began_at`.

        Raises RetryableError if the service could not take them now, FinalError if it will not; what it had
        acknowledged by then is noted.
        """
        with ThreadPoolExecutor(self._senders, thread_name_prefix="events") as pool:
            threads = [pool.submit(self._work, began_at) for _ in range(self._senders)]
        shares = [thread.result() for thread in threads]
        return Sent(
            sum(share.n_sent for share in shares),
            sum(share.n_refused for share in shares),
            sum(share.n_dead for share in shares),
            dict(sum((Counter(share.reasons) for share in shares), Counter[str]()).most_common(5)),
        )

    def _work(self, began_at: datetime) -> Sent:
        """Send claim after claim in one thread, until nothing waits or another thread failed."""
        n_sent = n_dead = 0
        reasons: Counter[str] = Counter()
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.is_set():
                with connection.transaction():
                    events = queue.claim(connection, self._group, began_at, _CLAIM_EVENTS)
                    delivery = self._deliver(list(calls(events)))
                    queue.mark_sent(connection, self._group, delivery.sent)
                    n_dead += queue.refuse(connection, self._group, delivery.refused, self._attempts)
                n_sent += len(delivery.sent)
                reasons.update(delivery.refused.values())
                if delivery.failure:
                    self._stop.set()
                    raise delivery.failure
                if len(events) < _CLAIM_EVENTS:
                    break
        return Sent(n_sent, reasons.total(), n_dead, dict(reasons))

    def _deliver(self, pending: list[Call]) -> _Delivery:
        delivery = _Delivery()
        try:
            for call in pending:
                self._put_or_split(call, delivery)
        except AisleError as error:
            delivery.failure = error
        return delivery

    def _put_or_split(self, call: Call, delivery: _Delivery) -> None:
        """Send a call; if it is refused, send each of its events alone: one bad event costs the whole call."""
        refusal = self._put(call)
        event_ids = [event["eventId"] for event in call["eventList"]]
        if refusal is None:
            delivery.sent += event_ids
        elif len(event_ids) == 1:
            delivery.refused[event_ids[0]] = refusal
        else:
            for single in calls_of_one_event(call):
                self._put_or_split(single, delivery)

    def _put(self, call: Call) -> str | None:
        """Send one call; return the reason why it is refused, or None. Raises errors unrelated to the events."""
        try:
            self._client.put_events(trackingId=self._tracking_id, **call)
        except (ClientError, BotoCoreError) as error:
            return _refusal(error, len(call["eventList"]))
        return None


def _refusal(error: ClientError | BotoCoreError, n_events: int) -> str:
    """Return what the service has against the events, or raise what has nothing to do with them. boto3 has retried."""
    attempt = f"PutEvents of {n_events} events: {error}"
    if isinstance(error, ParamValidationError):
        return str(error)
    if isinstance(error, BotoCoreError):
        raise RetryableError(f"{attempt}; look whether the service can be reached: the events wait") from error
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in BLAMES_CONTENT:
        return f"{code}: {error.response['Error'].get('Message', '')}"
    if is_throttling(code, status):
        raise Throttled(f"{attempt}; send from fewer threads (AISLE_EVENTS__SENDERS): the events wait", _PAUSE_SECONDS)
    if passes(code, status):
        raise RetryableError(f"{attempt}; look into the service's log: the events wait") from error
    raise FinalError(f"{attempt}; check the connection aws_default and its rights: the events wait") from error
