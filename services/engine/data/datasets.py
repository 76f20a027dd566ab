"""The datasets of a group: bulk imports and single records together, as tables, attributes, histories and events."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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

#: Attributes that records changed are put together again at most this often; training does not wait for it.
REFRESH_SECONDS = 0.5
#: Of so many groups the sorted events stay in memory: 21 bytes each.
LOGS_IN_MEMORY = 4


class _View(NamedTuple):
    """Attributes, and what they were made of: files, records up to a number, a moment of the monotonic clock."""

    parts: tuple[Path, ...]
    schema_arn: str
    seq: int
    moment: float
    attributes: Attributes


class Datasets:
    """What a dataset group holds at this moment."""

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
        """The group's dataset of a type, such as INTERACTIONS. Read it only: it is shared until the store changes."""
        arn = dataset_arn(group_arn, dataset_type)
        return self._remembered((DATASET, arn), lambda: self._store.find(DATASET, arn))

    def by_arn(self, arn: str) -> Resource:
        """The dataset of an ARN, to be read only too. Raises NotFound."""
        return self._remembered((DATASET, arn), lambda: self._store.find(DATASET, arn)) or self._store.get(DATASET, arn)

    def tracker(self, tracking_id: str) -> Resource | None:
        """The event tracker that gave out a tracking id."""
        found = self._remembered(
            ("trackingId", tracking_id),
            lambda: self._store.page(EVENT_TRACKER, where=("trackingId", tracking_id), rows=1),
        )
        return found[0] if found else None

    def schema(self, group_arn: str, dataset_type: str) -> DatasetSchema | None:
        """The schema of the group's dataset of a type, None without such a dataset."""
        dataset = self.find(group_arn, dataset_type)
        return self.schema_of(dataset) if dataset else None

    def schema_of(self, dataset: Resource) -> DatasetSchema:
        """The schema of a dataset."""
        arn: str = dataset.body["schemaArn"]
        return self._remembered((SCHEMA, arn), lambda: parse_schema(self._store.get(SCHEMA, arn).body["schema"]))

    def parts(self, dataset: Resource | None) -> list[Path]:
        """The files of its bulk imports, oldest first; none if it is absent or empty."""
        if dataset is None:
            return []
        return [self._files.dataset(dataset) / part for part in dataset.inner.get("parts", ())]

    def table(self, dataset: Resource) -> Any:
        """All that counts in a dataset as an Arrow table of its schema: bulk imports and single records.

        Of an item or user the newest row alone; of interactions all, without those that name no item.
        """
        schema = self.schema_of(dataset)
        if schema.dataset_type in ID_COLUMNS:
            return tables.newest(tables.joined(*self._layers(dataset, schema)), ID_COLUMNS[schema.dataset_type])
        return tables.joined(self.bulk(dataset), self.put(dataset))

    def bulk(self, dataset: Resource) -> Any:
        """All rows that imports brought and that no later FULL import replaced."""
        return tables.read(self.parts(dataset), self.schema_of(dataset))

    def put(self, dataset: Resource) -> Any:
        """All single records; of events those that name an item."""
        schema, stored = self.schema_of(dataset), self.records.all(dataset.arn)
        if schema.dataset_type in ID_COLUMNS:
            return tables.of_rows((one.record.cells for one in stored), schema)
        return tables.of_rows(tables.events(stored), schema)

    def _layers(self, dataset: Resource, schema: DatasetSchema) -> Iterator[Any]:
        """Imported and put rows of items or users in the order in which they came, so that the last one counts."""
        after: Mapping[str, int] = dataset.inner.get("after", {})
        put = [*self.records.all(dataset.arn)]
        for part in self.parts(dataset):
            earlier = [one for one in put if one.seq <= after.get(part.name, 0)]
            put = put[len(earlier) :]
            yield tables.of_rows((one.record.cells for one in earlier), schema)
            yield tables.read([part], schema)
        yield tables.of_rows((one.record.cells for one in put), schema)

    def training(self, group_arn: str, selection: EventSelection) -> Training:
        """Everything that a model of the group learns from. Raises JobFailed if there are no interactions."""
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
        """Attributes of the group's items as they are now, or were half a second ago."""
        return self._attributes(group_arn, ITEMS, REFRESH_SECONDS)

    def users(self, group_arn: str) -> Attributes:
        """Attributes of the group's users as they are now, or were half a second ago."""
        return self._attributes(group_arn, USERS, REFRESH_SECONDS)

    def live_events(self, group_arn: str, user_id: str) -> tuple[LiveEvent, ...]:
        """The latest events that PutEvents recorded for a user, or for a session of somebody unknown, oldest first."""
        return self.records.events_of(dataset_arn(group_arn, INTERACTIONS), [user_id])[0]

    def live_events_of(self, group_arn: str, user_ids: Sequence[str]) -> list[tuple[LiveEvent, ...]]:
        """The same of each of many."""
        return self.records.events_of(dataset_arn(group_arn, INTERACTIONS), user_ids)

    def interacted(self, group_arn: str, user_id: str) -> Mapping[str, frozenset[str]]:
        """Items of a user's latest 100 events of each type, imported or put; the key is the type in lower case.

        The key "*" has those of all types. A type without events has no key.
        """
        live = self.live_events(group_arn, user_id)
        events = [(event.timestamp, event.event_type.lower(), event.item_id) for event in live]
        return latest_items(self._log(group_arn).latest(user_id) + events)

    def users_with(self, group_arn: str, event_type: str) -> Ids:
        """Ids, sorted, of the users with an event of a type in lower case, or of any for "*"."""
        live = self.records.events(dataset_arn(group_arn, INTERACTIONS))
        users = [
            user.encode() for user, events in live.items()
            if event_type == ANY_TYPE or any(event.event_type.lower() == event_type for event in events)
        ]  # fmt: skip
        found = self._log(group_arn).users_with(event_type)
        return np.union1d(found, np.array(users, np.bytes_)) if users else found

    def forget(self, dataset: Resource) -> None:
        """Let go of what is kept of a dataset that is being deleted."""
        self.records.forget(dataset.arn)
        self.refresh(dataset)

    def refresh(self, dataset: Resource) -> None:
        """Read a dataset again next time: something in it was taken away."""
        with self._making:
            self._views.pop(dataset.arn, None)
            self._logs.pop(dataset.arn, None)

    def _log(self, group_arn: str) -> EventLog:
        """The imported events of a group, sorted once per import."""
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
        """Attributes that lack at most the records of the latest seconds."""
        dataset = self.find(group_arn, dataset_type)
        if dataset is None:
            return Attributes.empty()
        view = self._views.get(dataset.arn)
        if view and self._is_current(view, dataset, tolerance_seconds):
            return view.attributes
        with self._making:
            view = self._views.get(dataset.arn)
            if not view or not self._is_current(view, dataset, tolerance_seconds):
                view = self._seen(dataset, view)
                self._views[dataset.arn] = view
            return view.attributes

    def _is_current(self, view: _View, dataset: Resource, tolerance_seconds: float) -> bool:
        if view.parts != tuple(self.parts(dataset)) or view.schema_arn != dataset.body["schemaArn"]:
            return False
        return view.seq == self.records.newest(dataset.arn) or time.monotonic() < view.moment + tolerance_seconds

    def _seen(self, dataset: Resource, earlier: _View | None) -> _View:
        """A new view: the earlier one and what was put since, if the files are the same, else all from the files."""
        parts, schema_arn, seq = tuple(self.parts(dataset)), dataset.body["schemaArn"], self.records.newest(dataset.arn)
        schema = self.schema_of(dataset)
        if earlier and earlier[:2] == (parts, schema_arn):
            attributes = earlier.attributes.put(self.records.cells_since(dataset.arn, earlier.seq), schema)
        else:
            attributes = Attributes.of_table(self.table(dataset), ID_COLUMNS[schema.dataset_type])
        return _View(parts, schema_arn, seq, time.monotonic(), attributes)


def dataset_arn(group_arn: str, dataset_type: str) -> str:
    """The ARN of a group's dataset of a type, whether or not there is one."""
    return f"{group_arn.replace(':dataset-group/', ':dataset/', 1)}/{dataset_type}"
