"""The event tracker, where a dataset group's events go: made when there is something to send.

A group has one, and each has its own: an event that belongs to several groups goes to the tracker of each.
"""

from __future__ import annotations

import logging
import time

from airflow_personalize.hooks.personalize import PersonalizeHook, wait_failed
from aisle.contracts.personalize import INTERACTIONS
from aisle.groups.dataset_group import DatasetGroup
from aisle.settings import get_settings
from personalize_kinds.kinds import DATASET, DATASET_GROUP, EVENT_TRACKER

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 30


def find_tracking_id(group: DatasetGroup) -> str | None:
    """Return the tracking id: for the first group that of the settings, if set; else of a tracker, created if missing.

    None as long as the group has no interactions for events to join: its `export` makes them.
    """
    given = get_settings().events.tracking_id
    if given and group.is_first:
        return given
    hook = PersonalizeHook()
    group_arn = hook.find(DATASET_GROUP, group.name)
    if group_arn is None or hook.find(DATASET, INTERACTIONS.type.upper(), datasetGroupArn=group_arn) is None:
        return None
    tracker_arn = _find_tracker(hook, group_arn) or _create_tracker(hook, group, group_arn)
    _await_active(hook, tracker_arn)
    tracking_id: str = hook.describe(EVENT_TRACKER, tracker_arn)["trackingId"]
    return tracking_id


def _find_tracker(hook: PersonalizeHook, group_arn: str) -> str | None:
    tracker = next(iter(hook.summaries(EVENT_TRACKER, datasetGroupArn=group_arn)), None)
    return tracker[EVENT_TRACKER.arn_member] if tracker else None


def _create_tracker(hook: PersonalizeHook, group: DatasetGroup, group_arn: str) -> str:
    created = hook.conn.create_event_tracker(name=group.resource_name("events"), datasetGroupArn=group_arn)
    tracker_arn: str = created[EVENT_TRACKER.arn_member]
    log.info("created event tracker %s", tracker_arn)
    return tracker_arn


def _await_active(hook: PersonalizeHook, tracker_arn: str) -> None:
    """Wait for the tracker for a few seconds, which is enough as a rule; else the task's retry waits."""
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    while (look := hook.poll(EVENT_TRACKER, tracker_arn)).state != "success":
        if look.state == "failure" or time.monotonic() > patient_until:
            raise wait_failed(EVENT_TRACKER, tracker_arn, look, is_final=look.state == "failure")
        time.sleep(1)
