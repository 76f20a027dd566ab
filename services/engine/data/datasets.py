"""The datasets of a group, bulk imports and single records together: as tables, attributes, histories and events."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from personalize_kinds.kinds import DATASET, EVENT_TRACKER, SCHEMA
from services.engine.data import tables
from services.engine.data.attributes import Attributes
from services.engine.data.event_log import ANY_TYPE, EventLog, latest_items
from services.engine.data.ids import Ids
from services.engine.data.interactions import EventSelection, interactions_of
from services.engine.data.records import LiveEvent, Records
from services.engine.data.remembered import Remembered
from services.engine.data.training import Training
from services.engine.errors import JobFailed
from services.engine.files import DataFolder
from services.engine.resources import Resource
from services.engine.schemas import ID_COLUMNS, DatasetSchema, parse_schema
from services.engine.store import Store

INTERACTIONS, ITEMS, USERS = "INTERACTIONS", "ITEMS", "USERS"

#: Minimum seconds between two rebuilds of attributes that records change; training always reads the latest.
REFRESH_SECONDS = 0.5
#: Number of groups whose sorted events stay in memory: 21 bytes per event.
LOGS_IN_MEMORY = 4


@dataclass(frozen=True, slots=True)
class _View:
    """Attributes, and their sources: files, schema, records up to `seq`; `moment` is in monotonic seconds."""

    parts: tuple[Path, ...]
    schema_arn: str
    seq: int
    moment: float
    attributes: Attributes


class Datasets:
    """The current data of dataset groups."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files
        self.records = Records(files.root / "records.sqlite")
        self._remembered = Remembered(store)
        self._views: dict[str, _View] = {}
        self._logs: OrderedDict[str, tuple[tuple[Path, ...], EventLog]] = OrderedDict()
        self._making = threading.RLock()
        for dataset in self.records.datasets():
            if store.find(DATASET, dataset) is None:
                self.records.forget(dataset)

    def find(self, group_arn: str, dataset_type: str) -> Resource | None:
        """Return the group's dataset of a type, such as INTERACTIONS, or None. It is shared: do not change it."""
        arn = dataset_arn(group_arn, dataset_type)
        return self._remembered((DATASET, arn), lambda: self._store.find(DATASET, arn))

    def by_arn(self, arn: str) -> Resource:
        """Return the dataset of an ARN, which is shared too. Raises NotFound."""
        return self._remembered((DATASET, arn), lambda: self._store.find(DATASET, arn)) or self._store.get(DATASET, arn)

    def tracker(self, tracking_id: str) -> Resource | None:
        """Return the event tracker with a tracking id, or None."""
        trackers = self._remembered(
            ("trackingId", tracking_id),
            lambda: self._store.page(EVENT_TRACKER, where=("trackingId", tracking_id), rows=1),
        )
        return trackers[0] if trackers else None

    def schema(self, group_arn: str, dataset_type: str) -> DatasetSchema | None:
        """Return the schema of the group's dataset of a type, or None if there is no such dataset."""
        dataset = self.find(group_arn, dataset_type)
        return self.schema_of(dataset) if dataset else None

    def schema_of(self, dataset: Resource) -> DatasetSchema:
        """Return the schema of a dataset."""
        arn: str = dataset.body["schemaArn"]
        return self._remembered((SCHEMA, arn), lambda: parse_schema(self._store.get(SCHEMA, arn).body["schema"]))

    def parts(self, dataset: Resource | None) -> list[Path]:
        """Return the files of a dataset's bulk imports, oldest first; none for no dataset."""
        if dataset is None:
            return []
        return [self._files.dataset(dataset) / part for part in dataset.inner.get("parts", ())]

    def table(self, dataset: Resource) -> Any:
        """Return a dataset, bulk imports and single records, as an Arrow table of its schema.

        Items and users have only the newest row of each id; interactions without an item are left out.
        """
        schema = self.schema_of(dataset)
        if schema.dataset_type in ID_COLUMNS:
            return tables.newest(tables.joined(*self._layers(dataset, schema)), ID_COLUMNS[schema.dataset_type])
        return tables.joined(self.bulk(dataset), self.put(dataset))

    def bulk(self, dataset: Resource) -> Any:
        """Return all imported rows that no later FULL import has replaced."""
        return tables.read(self.parts(dataset), self.schema_of(dataset))

    def put(self, dataset: Resource) -> Any:
        """Return all single records; events only if they name an item."""
        schema, stored = self.schema_of(dataset), self.records.all(dataset.arn)
        if schema.dataset_type in ID_COLUMNS:
            return tables.of_rows((row.record.cells for row in stored), schema)
        return tables.of_rows(tables.events(stored), schema)

    def _layers(self, dataset: Resource, schema: DatasetSchema) -> Iterator[Any]:
        """Yield imported and put rows of items or users in order of arrival, because the last row of an id counts."""
        after: Mapping[str, int] = dataset.inner.get("after", {})
        put = [*self.records.all(dataset.arn)]
        for part in self.parts(dataset):
            earlier = [row for row in put if row.seq <= after.get(part.name, 0)]
            put = put[len(earlier) :]
            yield tables.of_rows((row.record.cells for row in earlier), schema)
            yield tables.read([part], schema)
        yield tables.of_rows((row.record.cells for row in put), schema)

    def training(self, group_arn: str, selection: EventSelection) -> Training:
        """Return the training data of a group. Raises JobFailed if there are no interactions."""
        dataset = self.find(group_arn, INTERACTIONS)
        arn = dataset_arn(group_arn, INTERACTIONS)
        seen_seq = self.records.newest(arn)
        log = self._log(group_arn).with_events(tables.events(self.records.all(arn)) if seen_seq else [])
        if dataset is None or not len(log):
            raise JobFailed("Create failed. The Interactions dataset has no data. Import into it before training.")
        items, users = self._attributes(group_arn, ITEMS, 0), self._attributes(group_arn, USERS, 0)
        interactions = interactions_of(log, selection, items.ids)
        return Training(
            interactions, items.align(interactions.item_ids), users.align(interactions.user_ids), seen_seq
        )  # fmt: skip

    def items(self, group_arn: str) -> Attributes:
        """Return the attributes of the group's items, at most half a second old."""
        return self._attributes(group_arn, ITEMS, REFRESH_SECONDS)

    def users(self, group_arn: str) -> Attributes:
        """Return the attributes of the group's users, at most half a second old."""
        return self._attributes(group_arn, USERS, REFRESH_SECONDS)

    def live_events(self, group_arn: str, user_id: str) -> tuple[LiveEvent, ...]:
        """Return the latest events of PutEvents of a user, or of an anonymous user's session, oldest first."""
        return self.records.events_of(dataset_arn(group_arn, INTERACTIONS), [user_id])[0]

    def live_events_of(self, group_arn: str, user_ids: Sequence[str]) -> list[tuple[LiveEvent, ...]]:
        """Return the same for many users."""
        return self.records.events_of(dataset_arn(group_arn, INTERACTIONS), user_ids)

    def interacted(self, group_arn: str, user_id: str) -> Mapping[str, frozenset[str]]:
        """Return the items of a user's latest 100 events of each type, imported or put, by the type in lower case.

        The key "*" holds those of all types. A type without events has no key.
        """
        live = self.live_events(group_arn, user_id)
        events = [(event.timestamp, event.event_type.lower(), event.item_id) for event in live]
        return latest_items(self._log(group_arn).latest(user_id) + events)

    def users_with(self, group_arn: str, event_type: str) -> Ids:
        """Return the sorted ids of the users with an event of a type in lower case, or of any type for "*"."""
        live = self.records.events(dataset_arn(group_arn, INTERACTIONS))
        users = [
            user.encode() for user, events in live.items()
            if event_type == ANY_TYPE or any(event.event_type.lower() == event_type for event in events)
        ]  # fmt: skip
        imported = self._log(group_arn).users_with(event_type)
        return np.union1d(imported, np.array(users, np.bytes_)) if users else imported

    def forget(self, dataset: Resource) -> None:
        """Delete the records of a dataset that is being deleted, and drop what is cached of it."""
        self.records.forget(dataset.arn)
        self.refresh(dataset)

    def refresh(self, dataset: Resource) -> None:
        """Drop what is cached of a dataset, because rows were removed from it."""
        with self._making:
            self._views.pop(dataset.arn, None)
            self._logs.pop(dataset.arn, None)

    def _log(self, group_arn: str) -> EventLog:
        """Return the imported events of a group, sorted once per import."""
        arn = dataset_arn(group_arn, INTERACTIONS)
        parts = tuple(self.parts(self.find(group_arn, INTERACTIONS)))
        kept = self._logs.get(arn)
        if kept and kept[0] == parts:
            return kept[1]
        with self._making:
            kept = self._logs.get(arn)
            if not kept or kept[0] != parts:
                kept = parts, EventLog.read(parts)
                self._logs[arn] = kept
                while len(self._logs) > LOGS_IN_MEMORY:
                    self._logs.popitem(last=False)
            return kept[1]

    def _attributes(self, group_arn: str, dataset_type: str, tolerance_seconds: float) -> Attributes:
        """Return attributes that may lack the records of the latest seconds, up to the tolerance."""
        dataset = self.find(group_arn, dataset_type)
        if dataset is None:
            return Attributes.empty()
        view = self._views.get(dataset.arn)
        if view and self._is_current(view, dataset, tolerance_seconds):
            return view.attributes
        with self._making:
            view = self._views.get(dataset.arn)
            if not view or not self._is_current(view, dataset, tolerance_seconds):
                view = self._build_view(dataset, view)
                self._views[dataset.arn] = view
            return view.attributes

    def _is_current(self, view: _View, dataset: Resource, tolerance_seconds: float) -> bool:
        if view.parts != tuple(self.parts(dataset)) or view.schema_arn != dataset.body["schemaArn"]:
            return False
        return view.seq == self.records.newest(dataset.arn) or time.monotonic() < view.moment + tolerance_seconds

    def _build_view(self, dataset: Resource, earlier: _View | None) -> _View:
        """Build a view: from the earlier one and what was put since if the files are the same, else from the files."""
        parts, schema_arn, seq = tuple(self.parts(dataset)), dataset.body["schemaArn"], self.records.newest(dataset.arn)
        schema = self.schema_of(dataset)
        if earlier and (earlier.parts, earlier.schema_arn) == (parts, schema_arn):
            attributes = earlier.attributes.put(self.records.cells_since(dataset.arn, earlier.seq), schema)
        else:
            attributes = Attributes.of_table(self.table(dataset), ID_COLUMNS[schema.dataset_type])
        return _View(parts, schema_arn, seq, time.monotonic(), attributes)


def dataset_arn(group_arn: str, dataset_type: str) -> str:
    """Return the ARN of a group's dataset of a type, whether or not it exists."""
    return f"{group_arn.replace(':dataset-group/', ':dataset/', 1)}/{dataset_type}"
