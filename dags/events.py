"""
# Events

Reads  the company API (the newest orders), asset `raw_orders` through `events.outbox`.
Writes asset `events` in Personalize; raw orders (through ingest's own code), `events.outbox`.

1. tail – orders since the watermark of ingest, which stays where it is; each purchase is queued as its order lands
2. send, send_<group> – PutEvents to each dataset group's own tracker; runs though the tail has failed
3. outcome – fails the run if one of them has

Every minute; a run that finds nothing is skipped. Events that were refused too often are dead: `replay_dead` sends
them again. Orders older than AISLE_EVENTS__MAX_AGE_HOURS are left to the daily export.
Safe to rerun: an order is landed once and an event counts once, however often it is sent. See docs/events.md.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.events.tasks import REPLAY_PARAM, outcome, send, tail


@dag(**stage_dag("events", __doc__, clock="events"), params=RUN_KEY_PARAM | REPLAY_PARAM)
def events() -> None:
    """The events stage."""
    landed, sent = tail(), [send(group) for group in dataset_groups()]
    landed >> sent
    [landed, *sent] >> outcome()


events()
