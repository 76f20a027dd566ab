"""The hook of Amazon Personalize Events: single events, items and users."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from airflow_personalize.hooks.base_personalize import PersonalizeBaseHook

#: The most events that one call may carry.
EVENTS_PER_CALL = 10


class PersonalizeEventsHook(PersonalizeBaseHook):
    """
    Interact with Amazon Personalize Events.

    Provide thin wrapper around
    :external+boto3:py:class:`boto3.client("personalize-events") <PersonalizeEvents.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize-events"
        super().__init__(*args, **kwargs)

    def put_events(self, tracking_id: str, events: Sequence[dict[str, Any]]) -> int:
        """
        Record events of many users and sessions, in as few calls as the order of each session allows.

        :param tracking_id: Tracking id of the event tracker.
        :param events: Events as PutEvents takes them, each with its `sessionId` and, if known, `userId`.
        :return: The number of calls.
        """
        calls = list(calls_of(events))
        for call in calls:
            self.conn.put_events(trackingId=tracking_id, **call)
        return len(calls)


def calls_of(events: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """
    The calls of PutEvents that carry the events: each is of one user and session, and of ten events at most.

    :param events: Events, each with its `sessionId` and, if known, `userId`.
    """
    for (user_id, session_id), group in groupby(sorted(events, key=_whose), key=_whose):
        listed = [
            {member: event[member] for member in event if member not in ("userId", "sessionId")} for event in group
        ]
        whose = {"userId": user_id, "sessionId": session_id} if user_id else {"sessionId": session_id}
        for start in range(0, len(listed), EVENTS_PER_CALL):
            yield whose | {"eventList": listed[start : start + EVENTS_PER_CALL]}


def _whose(event: dict[str, Any]) -> tuple[str, str]:
    return event.get("userId") or "", event["sessionId"]
