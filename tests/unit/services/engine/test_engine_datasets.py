from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from personalize_kinds.kinds import DATASET, SCHEMA
from personalize_kinds.statuses import ACTIVE
from services.engine.data.attributes import Attributes, Texts
from services.engine.data.datasets import Datasets, dataset_arn
from services.engine.data.interactions import EventSelection
from services.engine.data.records import EVENTS_IN_MEMORY, Record, Records
from services.engine.errors import JobFailed
from services.engine.files import DataFolder
from services.engine.resources import Resource
from services.engine.schemas import parse_schema
from services.engine.store import Store

GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/shop"
INTERACTIONS = dataset_arn(GROUP, "INTERACTIONS")
ITEMS = dataset_arn(GROUP, "ITEMS")
FIELDS: dict[str, dict[str, Any]] = {
    "Interactions": {"USER_ID": "string", "ITEM_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
    "Items": {"ITEM_ID": "string", "GENRE": ["string", "null"], "CREATION_TIMESTAMP": ["long", "null"]},
}


class Group:
    """A dataset group in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "engine.sqlite")
        self.files = DataFolder(root)
        for name, fields in FIELDS.items():
            schema = Resource.create(SCHEMA, "us-east-1", name, {"schema": schema_text(name, fields)})
            body = {"datasetType": name.upper(), "schemaArn": schema.arn, "datasetGroupArn": GROUP, "status": ACTIVE}
            self.store.add(schema)
            self.store.add(Resource.create(DATASET, "us-east-1", f"shop/{name.upper()}", body))
        self.datasets = Datasets(self.store, self.files)

    def bulk(self, arn: str, *rows: dict[str, Any]) -> None:
        """Import rows incrementally."""
        dataset = self.store.get(DATASET, arn)
        parts = [*dataset.inner.get("parts", ()), f"{len(dataset.inner.get('parts', ()))}.parquet"]
        folder = self.files.dataset(dataset)
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist([*rows]), folder / parts[-1])
        after = dataset.inner.get("after", {}) | {parts[-1]: self.datasets.records.newest(arn)}
        dataset.inner = {"parts": parts, "after": after}
        self.store.save(dataset)

    def put(self, *records: Record) -> None:
        self.datasets.records.add(records)


def schema_text(name: str, fields: dict[str, Any]) -> str:
    listed = [{"name": field, "type": avro} for field, avro in fields.items()]
    return json.dumps({"type": "record", "name": name, "fields": listed, "version": "1.0"})


def item(key: str, genre: str | None) -> Record:
    return Record(ITEMS, key, {"ITEM_ID": key} | ({"GENRE": genre} if genre else {}))


def event(user: str | None, item: str, time: int, session: str = "s", kind: str = "click") -> Record:
    cells = {"ITEM_ID": item, "EVENT_TYPE": kind, "TIMESTAMP": time} | ({"USER_ID": user} if user else {})
    return Record(INTERACTIONS, user or session, cells, session, f"{user}-{item}-{time}-{session}")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    monkeypatch.setattr("services.engine.data.datasets.REFRESH_SECONDS", 0)
    opened = Group(tmp_path)
    yield opened
    opened.datasets.records.close()
    opened.store.close()


def test_newest_of_imported_and_put_rows_counts(group: Group) -> None:
    group.put(item("i1", "put"), item("i2", "put"))
    group.bulk(ITEMS, {"ITEM_ID": "i1", "GENRE": "bulk"}, {"ITEM_ID": "i3", "GENRE": "bulk"})
    genres = {"i1": "bulk", "i2": "put", "i3": "bulk"}
    assert {key: group.datasets.items(GROUP).row(key)["GENRE"] for key in genres} == genres
    group.put(item("i3", "later"), item("i0", "later"), item("i2", None))
    items = group.datasets.items(GROUP)
    assert items.ids.tolist() == [b"i0", b"i1", b"i2", b"i3"]
    assert [items.row(f"i{n}").get("GENRE") for n in range(4)] == ["later", "bulk", None, "later"]
    group.bulk(ITEMS, {"ITEM_ID": "i2", "GENRE": "again"})
    assert group.datasets.items(GROUP).row("i2")["GENRE"] == "again"


def test_attributes_are_not_made_again_while_nothing_changes(group: Group) -> None:
    group.bulk(ITEMS, {"ITEM_ID": "i1", "GENRE": "a"})
    first = group.datasets.items(GROUP)
    group.put(event("u", "i1", 1))
    assert group.datasets.items(GROUP) is first
    group.put(item("i1", "b"))
    assert group.datasets.items(GROUP) is not first


def test_training_sees_imported_and_put_events_and_links_sessions(group: Group) -> None:
    with pytest.raises(JobFailed, match="has no data"):
        group.datasets.training(GROUP, EventSelection())
    group.bulk(INTERACTIONS, {"USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "buy", "TIMESTAMP": 5})
    group.bulk(ITEMS, {"ITEM_ID": "i9", "GENRE": "a", "CREATION_TIMESTAMP": 3})
    group.put(
        event(None, "i2", 1, "linked"), event(None, "i3", 2, "alone"), event("u1", "i4", 3, "linked"),
        event(None, "i5", 9, "linked"),
    )  # fmt: skip
    training = group.datasets.training(GROUP, EventSelection())
    users = training.interactions.user_ids[training.histories.users].tolist()
    items = training.interactions.item_ids[training.histories.items].tolist()
    assert [*zip(users, items, strict=True)] == [
        (b"alone", b"i3"), (b"linked", b"i5"), (b"u1", b"i2"), (b"u1", b"i4"), (b"u1", b"i1"),
    ]  # fmt: skip
    assert training.seen_seq == 4
    assert training.interactions.item_ids[-1] == b"i9"


def test_interacted_puts_imported_and_live_events_together(group: Group) -> None:
    group.bulk(INTERACTIONS, {"USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "Buy", "TIMESTAMP": 5})
    assert group.datasets.interacted(GROUP, "u1") == {"buy": {"i1"}, "*": {"i1"}}
    group.put(event("u1", "i2", 9, kind="CLICK"), event("u2", "i2", 9))
    assert group.datasets.interacted(GROUP, "u1") == {"buy": {"i1"}, "click": {"i2"}, "*": {"i1", "i2"}}
    assert group.datasets.users_with(GROUP, "click").tolist() == [b"u1", b"u2"]
    assert group.datasets.users_with(GROUP, "*").tolist() == [b"u1", b"u2"]
    assert [live.item_id for live in group.datasets.live_events(GROUP, "u1")] == ["i2"]


def test_table_has_what_counts(group: Group) -> None:
    group.bulk(INTERACTIONS, {"USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "buy", "TIMESTAMP": 5})
    group.put(event("u2", "i2", 9))
    dataset = group.datasets.find(GROUP, "INTERACTIONS")
    assert dataset
    assert group.datasets.table(dataset).to_pylist() == [
        {"USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "buy", "TIMESTAMP": 5},
        {"USER_ID": "u2", "ITEM_ID": "i2", "EVENT_TYPE": "click", "TIMESTAMP": 9},
    ]


def test_records_of_a_dataset_that_is_gone_go_at_the_next_start(group: Group) -> None:
    group.put(event("u1", "i1", 1), item("i1", "a"))
    dataset = group.datasets.find(GROUP, "INTERACTIONS")
    assert dataset
    group.store.remove(dataset)
    assert Datasets(group.store, group.files).records.datasets() == [ITEMS]


def test_removed_users_take_their_sessions_along(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.sqlite")
    records.add(
        [event(None, "i1", 1, "a"), event("u1", "i2", 2, "a"), event(None, "i3", 3, "b"), event("u2", "i4", 4, "b")]
    )
    assert records.remove(INTERACTIONS, ["u1"]) == 2
    for opened in (records, Records(tmp_path / "records.sqlite")):
        assert sorted(opened.events(INTERACTIONS)) == ["b", "u2"]
        assert opened.newest(INTERACTIONS) == 4


def test_memory_holds_the_latest_events_by_time(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.sqlite")
    records.add([event("u", f"i{n}", 10_000 - n) for n in range(EVENTS_IN_MEMORY + 20)])
    for opened in (records, Records(tmp_path / "records.sqlite")):
        times = [live.timestamp for live in opened.events_of(INTERACTIONS, ["u"])[0]]
        assert len(times) == EVENTS_IN_MEMORY
        assert times == [*range(10_000 - EVENTS_IN_MEMORY + 1, 10_001)]


def test_put_attributes_equal_those_read_from_a_table() -> None:
    schema = parse_schema(schema_text("Items", FIELDS["Items"]))
    rows = [{"ITEM_ID": f"i{n}", "GENRE": f"g{n % 3}" if n % 4 else None, "CREATION_TIMESTAMP": n} for n in range(20)]
    changed = {f"i{n}": {"GENRE": "new", "CREATION_TIMESTAMP": None} for n in (3, 5, 777)}

    def cells(attributes: Attributes) -> dict[str, Any]:
        return {key.decode(): attributes.row(key.decode()) for key in attributes.ids.tolist()}

    before = Attributes.of_table(pa.Table.from_pylist(rows), "ITEM_ID")
    after = before.put(changed, schema)
    merged = {row["ITEM_ID"]: row for row in rows} | {key: {"ITEM_ID": key, **row} for key, row in changed.items()}
    assert cells(after) == cells(Attributes.of_table(pa.Table.from_pylist([*merged.values()]), "ITEM_ID"))
    assert before.row("i3") == {"GENRE": "g0", "CREATION_TIMESTAMP": 3.0}
    genre = after.columns["GENRE"]
    assert isinstance(genre, Texts)
    assert after.ids[genre.holding(["new"])].tolist() == [b"i3", b"i5", b"i777"]
    assert (np.sort(after.ids) == after.ids).all()
