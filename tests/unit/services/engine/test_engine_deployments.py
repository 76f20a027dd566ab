from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from personalize_kinds.kinds import CAMPAIGN, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE, DELETE_PENDING
from services.engine.data.datasets import Datasets
from services.engine.data.interactions import Interactions
from services.engine.errors import NotFound
from services.engine.files import DataFolder
from services.engine.models.popularity_count import PopularityCount
from services.engine.models.storage import TrainedModel, save
from services.engine.recipes.histories import Histories
from services.engine.resources import Resource
from services.engine.runtime.deployments import Deployment, Deployments
from services.engine.store import Store

GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/shop"


class Shelf:
    """A store with versions on disk and campaigns that serve them, without anything that would have made them."""

    def __init__(self, folder: Path) -> None:
        self.files = DataFolder(folder)
        self.store = Store(self.files.database)
        self.deployments = Deployments(self.store, self.files, Datasets(self.store, self.files))

    def version(self, name: str) -> str:
        recipe = "arn:aws:personalize:::recipe/aws-popularity-count"
        version = Resource.create(
            SOLUTION_VERSION, "us-east-1", f"s/{name}", {"recipeArn": recipe, "datasetGroupArn": GROUP}
        )
        version.move(ACTIVE)
        self.store.add(version)
        items = np.zeros(1, np.int32)
        histories = Histories(np.array([0, 1]), items, items, np.ones(1, np.float32), items.astype(np.int64))
        known = Interactions(np.array([b"u"]), np.array([b"a", b"b"]), histories)
        save(TrainedModel(PopularityCount(np.array([1.0, 0])), known), self.files.model(version))
        return version.arn

    def campaign(self, name: str, version: str) -> Resource:
        campaign = Resource.create(CAMPAIGN, "us-east-1", name, {"solutionVersionArn": version})
        campaign.move(ACTIVE)
        self.store.add(campaign)
        return campaign

    def switch(self, campaign: Resource, version: str) -> None:
        campaign.body["solutionVersionArn"] = version
        self.store.save(campaign)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "data")


def test_campaigns_of_one_version_share_it_and_an_unchanged_one_is_not_read_again(shelf: Shelf) -> None:
    version = shelf.version("v1")
    first, second = (shelf.campaign(name, version) for name in ("a", "b"))
    deployment = shelf.deployments.of(first.arn)
    assert shelf.deployments.of(first.arn) is deployment
    assert shelf.deployments.of(second.arn).loaded is deployment.loaded
    assert shelf.deployments.loaded == [version]


def test_a_switched_campaign_serves_the_other_version_and_lets_go_of_the_old(shelf: Shelf) -> None:
    old, new = shelf.version("v1"), shelf.version("v2")
    campaign = shelf.campaign("a", old)
    before = shelf.deployments.of(campaign.arn)
    shelf.switch(campaign, new)
    after = shelf.deployments.of(campaign.arn)
    assert after.campaign.body["solutionVersionArn"] == new
    assert after.loaded is not before.loaded
    assert shelf.deployments.loaded == [new]


def test_a_deleted_campaign_answers_no_more_and_its_version_goes_unless_it_is_served(shelf: Shelf) -> None:
    version = shelf.version("v1")
    first, second = (shelf.campaign(name, version) for name in ("a", "b"))
    shelf.deployments.of(first.arn)
    first.move(DELETE_PENDING)
    shelf.store.save(first)
    with pytest.raises(NotFound, match="DELETE PENDING"):
        shelf.deployments.of(first.arn)
    shelf.deployments.forget(first)
    assert shelf.deployments.loaded == [version]
    shelf.store.remove(first)
    shelf.deployments.forget(second)
    assert shelf.deployments.loaded == []


def test_many_threads_see_each_campaign_whole_while_it_is_switched(shelf: Shelf) -> None:
    versions = [shelf.version(f"v{n}") for n in range(4)]
    campaign = shelf.campaign("a", versions[0])
    wrong: list[Deployment] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            serving = shelf.deployments.of(campaign.arn)
            if serving.loaded.version_arn != serving.campaign.body["solutionVersionArn"]:
                wrong.append(serving)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(24):
        shelf.switch(campaign, versions[n % 4])
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert shelf.deployments.of(campaign.arn).loaded.version_arn == versions[3]
