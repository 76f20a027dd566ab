from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.errors import ConfigurationError
from services.engine.errors import AlreadyExists, NotFound
from services.engine.files import DataFolder, publish
from services.engine.resources import DATASET, DATASET_GROUP, SCHEMA, Resource
from services.engine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "engine.sqlite")
    yield opened
    opened.close()


def group(name: str, region: str = "us-east-1", **body: str) -> Resource:
    return Resource.create(DATASET_GROUP, region, name, {"name": name, **body})


def test_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.add(group("a"), [{"tagKey": "k", "tagValue": "v"}])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.find(DATASET_GROUP, group("a").arn) is None
    assert store.tags(group("a").arn) == []


def test_taken_arn_is_refused_and_the_first_stays(store: Store) -> None:
    store.add(group("a", domain="ECOMMERCE"))
    with pytest.raises(AlreadyExists, match="dataset-group/a"):
        store.add(group("a"))
    assert store.get(DATASET_GROUP, group("a").arn).body["domain"] == "ECOMMERCE"


def test_resource_of_another_kind_is_not_found(store: Store) -> None:
    store.add(group("a"))
    with pytest.raises(NotFound):
        store.get(SCHEMA, group("a").arn)


def test_everything_is_there_after_opening_again(store: Store, tmp_path: Path) -> None:
    resource = group("a")
    store.add(resource)
    resource.move("ACTIVE")
    resource.inner["parts"] = ["x.parquet"]
    store.save(resource)
    again = Store(tmp_path / "engine.sqlite").get(DATASET_GROUP, resource.arn)
    assert (again.status, again.inner) == ("ACTIVE", {"parts": ["x.parquet"]})


def test_pages_filter_by_region_and_parent(store: Store) -> None:
    for name in ("a", "b"):
        store.add(Resource.create(DATASET, "us-east-1", f"{name}/ITEMS", {"datasetGroupArn": name}))
    store.add(Resource.create(DATASET, "eu-west-1", "a/ITEMS", {"datasetGroupArn": "a"}))
    found = store.page(DATASET, region="us-east-1", where=("datasetGroupArn", "a"))
    assert [one.tail for one in found] == ["a/ITEMS"]
    newest = store.page(DATASET, rows=1)[0]
    assert newest.region == "eu-west-1"
    assert len(store.page(DATASET, before=newest.seq)) == 2


def test_removed_resource_takes_its_tags_with_it(store: Store) -> None:
    store.add(group("a"), [{"tagKey": "k", "tagValue": "v"}])
    store.remove(group("a"))
    store.add(group("a"))
    assert store.tags(group("a").arn) == []


def test_published_file_is_whole_and_scratch_of_a_dead_process_is_gone(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "half").write_text("half")
    files = DataFolder(tmp_path)
    assert not (tmp_path / "scratch" / "half").exists()
    for content in ("first", "again"):
        with files.scratch() as made:
            made.mkdir()
            (made / "x").write_text(content)
            publish(made, tmp_path / "models" / "m")
        assert (tmp_path / "models" / "m" / "x").read_text() == content
    assert not [*(tmp_path / "scratch").iterdir()]


def test_second_engine_on_one_folder_is_refused(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(ConfigurationError, match="belongs to an engine that is running"):
        DataFolder(tmp_path)
    assert first.root == tmp_path.resolve()
