from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aisle.errors import ConfigurationError
from personalize_kinds.kinds import CAMPAIGN, DATASET, DATASET_GROUP, SCHEMA
from services.engine.errors import AlreadyExists, NotFound
from services.engine.files import DataFolder, publish
from services.engine.resources import Resource
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
    page = store.page(DATASET, region="us-east-1", where=("datasetGroupArn", "a"))
    assert [resource.tail for resource in page] == ["a/ITEMS"]
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
    with pytest.raises(ConfigurationError, match="is in use by another engine"):
        DataFolder(tmp_path)
    assert first.root == tmp_path.resolve()


def test_what_names_a_resource_is_found_by_it_as_it_is_now(store: Store) -> None:
    campaign = Resource.create(CAMPAIGN, "us-east-1", "live", {"solutionVersionArn": "old"}, solutionArn="s")
    store.add(campaign)
    assert store.page(CAMPAIGN, where=("solutionArn", "s"))
    campaign.body["solutionVersionArn"] = "new"
    store.save(campaign)
    assert store.page(CAMPAIGN, where=("solutionVersionArn", "old")) == []
    assert [resource.tail for resource in store.page(CAMPAIGN, where=("solutionVersionArn", "new"))] == ["live"]
    store.remove(campaign)
    assert store.page(CAMPAIGN, where=("solutionVersionArn", "new")) == []
    with pytest.raises(ValueError, match="'name'"):
        store.page(CAMPAIGN, where=("name", "live"))


def test_store_of_an_earlier_version_gets_its_links(store: Store, tmp_path: Path) -> None:
    store.add(Resource.create(DATASET, "us-east-1", "a/ITEMS", {"datasetGroupArn": "a"}))
    store.close()
    earlier = sqlite3.connect(tmp_path / "engine.sqlite")
    earlier.executescript("drop trigger resource_added; drop table links;")
    earlier.close()
    assert len(Store(tmp_path / "engine.sqlite").page(DATASET, where=("datasetGroupArn", "a"))) == 1


def test_resource_that_took_a_name_again_is_another_one(store: Store) -> None:
    first = group("a")
    store.add(first)
    store.remove(first)
    store.add(group("a"))
    assert store.current(first) is None


def test_changes_are_counted_where_something_changed(store: Store) -> None:
    before = store.changes
    with store.transaction():
        store.page(DATASET_GROUP)
    assert store.changes == before
    store.add(group("a"))
    assert store.changes == before + 1


def test_pages_of_ten_thousand_resources_read_no_more_than_a_page(store: Store) -> None:
    """Counted in steps of SQLite's machine, which do not depend on how busy the computer is."""
    with store.transaction():
        for n in range(10_000):
            store.add(Resource.create(DATASET, "us-east-1", f"g{n % 100}/{n}", {"datasetGroupArn": f"g{n % 100}"}))
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    store._connection.set_progress_handler(step, 1_000)
    assert len(store.page(DATASET, region="us-east-1", rows=101)) == 101
    assert len(store.page(DATASET, where=("datasetGroupArn", "g7"), before=5_000)) == 50
    assert store.page(DATASET_GROUP) == []
    assert store.in_status(["CREATE PENDING"]) == []
    assert steps < 10


def test_thirty_two_threads_keep_every_promise(store: Store) -> None:
    """Each adds, lists, changes and removes its own and fights for one common name; nothing is lost or doubled."""
    won: list[str] = []

    def work(thread: int) -> None:
        for n in range(10):
            mine = group(f"t{thread}-{n}")
            store.add(mine, [{"tagKey": "k", "tagValue": str(n)}])
            with store.transaction():
                stored = store.get(DATASET_GROUP, mine.arn)
                stored.move("ACTIVE")
                store.save(stored)
            listed = [resource.seq for resource in store.page(DATASET_GROUP)]
            assert listed == sorted(listed, reverse=True)
            assert mine.seq in listed
            if n % 2:
                store.remove(mine)
            try:
                store.add(group("common"))
                won.append(mine.arn)
            except AlreadyExists:
                pass

    with ThreadPoolExecutor(32) as threads:
        for done in [threads.submit(work, thread) for thread in range(32)]:
            done.result()
    assert len(won) == 1
    rest = {resource.tail for resource in store.page(DATASET_GROUP)}
    assert rest == {"common"} | {f"t{thread}-{n}" for thread in range(32) for n in range(0, 10, 2)}
    assert len(store.in_status(["ACTIVE"])) == 160
    assert all(len(store.tags(resource.arn)) == (resource.tail != "common") for resource in store.page(DATASET_GROUP))
