from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aisle.errors import FinalError
from aisle.groups.environment import Environment
from aisle.resources.apply import apply
from aisle.resources.live import Service
from aisle.resources.teardown import Contents, contents, empty, plan_teardown, tear_down

Describe = Callable[[str], Environment]
Train = Callable[[str, str], str]

NEIGHBOUR = """
groups:
  - name: neighbour
    datasets:
      interactions: {schema_name: shop-interactions-91a6fc13}
"""
IN_ORDER = [
    "campaign", "metric_attribution", "filter", "filter", "solution", "solution", "event_tracker", "dataset", "dataset",
    "dataset", "schema", "schema", "dataset_group",
]  # fmt: skip


def left(personalize: Any) -> list[str]:
    """Names of everything that there is, but for jobs."""
    kinds = ("dataset_group", "schema", "dataset", "solution", "campaign", "event_tracker", "metric_attribution")
    names: list[str] = [summary["name"] for summary in personalize.list_filters()["Filters"]]
    for kind in kinds:
        page = getattr(personalize, f"list_{kind}s")()
        names += [summary["name"] for key, rows in page.items() if key != "ResponseMetadata" for summary in rows]
    return names


def test_a_group_is_deleted_with_all_its_resources_in_the_order_of_dependence(
    service: Service, personalize: Any, described: Describe, shop_text: str, train: Train
) -> None:
    shop = described(shop_text)
    apply(service, shop)
    train("shop", "shop-for-you")
    apply(service, shop)
    apply(service, described(NEIGHBOUR))

    plan = plan_teardown(service, "shop")
    assert [resource.kind.name for resource in plan.removed] == IN_ORDER
    assert plan.stays[0] == "schema shop-interactions-91a6fc13: another group uses it"
    before = left(personalize)
    with pytest.raises(FinalError, match="'shp'"):
        tear_down(service, "shop", confirm="shp")
    assert left(personalize) == before

    tear_down(service, "shop", confirm="shop")
    assert sorted(left(personalize)) == ["neighbour", "neighbour-interactions", "shop-interactions-91a6fc13"]
    again = tear_down(service, "shop", confirm="shop")
    assert again.removed == ()


def test_a_training_on_its_way_is_stopped_rather_than_paid_for(
    service: Service,
    personalize: Any,
    described: Describe,
    shop_text: str,
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply(service, described(shop_text))
    version = train("shop", "shop-for-you")
    listed = personalize.get_paginator("list_solution_versions").paginate().build_full_result()["solutionVersions"]
    running = {"solutionVersions": [listed[0] | {"status": "CREATE IN_PROGRESS"}]}
    stopped: list[str] = []

    def list_solution_versions(solutionArn: str) -> dict[str, Any]:  # noqa: N803 - the wire's spelling
        return running if version.startswith(f"{solutionArn}/") else {"solutionVersions": []}

    monkeypatch.setattr(personalize, "list_solution_versions", list_solution_versions)
    monkeypatch.setattr(
        personalize, "stop_solution_version_creation", lambda **request: stopped.append(request["solutionVersionArn"])
    )
    tear_down(service, "shop", confirm="shop")
    assert stopped == [version]
    assert left(personalize) == []


def test_a_teardown_that_was_killed_is_continued_by_the_next(
    service: Service, personalize: Any, described: Describe, shop_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(service, described(shop_text))

    def killed(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(personalize, "delete_dataset", killed)
    with pytest.raises(KeyboardInterrupt):
        tear_down(service, "shop", confirm="shop")
    monkeypatch.undo()
    tear_down(service, "shop", confirm="shop")
    assert left(personalize) == []


def test_the_bucket_is_emptied_of_every_version_once_its_name_is_typed(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="export/a.csv", Body=b"x" * number)
    s3.delete_object(Bucket=bucket, Key="export/a.csv")
    with pytest.raises(FinalError, match="nothing was touched"):
        empty(s3, bucket, confirm="")
    assert contents(s3, bucket) == Contents(4, 3)
    assert empty(s3, bucket, confirm=bucket) == Contents(4, 3)
    assert contents(s3, bucket) == Contents(0, 0)
    assert empty(s3, bucket, confirm=bucket) == Contents(0, 0)
