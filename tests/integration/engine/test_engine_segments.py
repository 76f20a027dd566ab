"""Batch segment jobs: users for items and for attributes of items, filters on users, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aisle.contracts.personalize import ITEMS, USERS

OF_ITEMS, OF_ATTRIBUTES = "aws-item-affinity", "aws-item-attribute-affinity"
FILTERS = {
    "adults": "INCLUDE UserID WHERE Users.AGE >= $AGE",
    "buyers": 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("purchase")',
    "items": "INCLUDE ItemID WHERE Items.PRICE > 3",
}


@pytest.fixture(scope="module")
def mall(engine: Any, s3_endpoint: str, make_any_shop: Callable[..., Any], csv_of_interactions: str) -> Any:
    """A shop of even and odd users and items, with filters, and a version of both recipes."""
    shop = make_any_shop(engine.client(), s3_endpoint)
    group = shop.group()
    items = [f"i{n},name,{'odd' if n % 2 else 'even'}|{'abc'[n % 3]},{n},1700000000" for n in range(40)]
    users = [f"u{n},{n},,City" for n in range(60)]
    for name, dataset, content in (
        ("first", shop.dataset(group), csv_of_interactions),
        ("items", shop.dataset(group, ITEMS), "\n".join([ITEMS.header, *items, ""])),
        ("users", shop.dataset(group, USERS), "\n".join([USERS.header, *users, ""])),
    ):
        imported = shop.import_csv(dataset, content, name)
        assert imported["status"] == "ACTIVE", imported
    shop.versions = {recipe: shop.train(group, recipe)["solutionVersionArn"] for recipe in (OF_ITEMS, OF_ATTRIBUTES)}
    shop.popular = shop.train(group, "aws-popularity-count")["solutionVersionArn"]
    shop.filters = {name: shop.filter(group, name, expression) for name, expression in FILTERS.items()}
    return shop


def segments(shop: Any, recipe: str, lines: list[str], name: str, **options: Any) -> list[dict[str, Any]]:
    job = shop.segment(shop.versions[recipe], lines, name, **options)
    assert job["status"] == "ACTIVE", job
    segments: list[dict[str, Any]] = shop.lines(f"output/{name}/{name}.json.out")
    return segments


def numbers(line: dict[str, Any]) -> list[int]:
    return [int(user[1:]) for user in line["output"]["usersList"]]


def asked_for(expression: str, **members: Any) -> str:
    return json.dumps({"itemAttributes": expression} | members)


def test_item_affinity_finds_the_users_who_take_such_items(mall: Any) -> None:
    even, odd, unknown, broken = segments(
        mall, OF_ITEMS, ['{"itemId":"i12"}', '{"itemId":"i7"}', '{"itemId":"i999"}', '{"userId":"u1"}'], "items",
        numResults=20,
    )  # fmt: skip
    assert all(len(set(numbers(line))) == 20 for line in (even, odd, unknown))
    assert {number % 2 for number in numbers(even)} == {0}
    assert {number % 2 for number in numbers(odd)} == {1}
    assert broken["output"] == {"usersList": []}
    assert broken["error"] == "User error: Required fields for the provided recipe are itemId"


def test_records_nest_the_query_under_input_and_have_the_spaces_of_the_service(mall: Any) -> None:
    segments(mall, OF_ITEMS, ['{"itemId":"i12"}'], "layout", numResults=2)
    body = mall.s3.get_object(Bucket=mall.bucket, Key="output/layout/layout.json.out")["Body"].read().decode()
    assert body.startswith('{"input": {"itemId": "i12"}, "output": {"usersList": ["u')
    assert body.endswith('"]}, "error": null}\n')
    assert mall.keys("output/layout/") == ["output/layout/_CHECK", "output/layout/layout.json.out"]


def test_attribute_affinity_adds_up_the_items_that_hold_all_attributes(mall: Any) -> None:
    even, odd, narrow, *wrong = segments(
        mall,
        OF_ATTRIBUTES,
        [
            asked_for('ITEMS.CATEGORY = "even"'),
            asked_for('ITEMS.CATEGORY = "odd" AND ITEMS.CATEGORY = "a"'),
            asked_for("ITEMS.PRICE = 7"),
            asked_for('ITEMS.CATEGORY = "none such"'),
            asked_for('ITEMS.PRODUCT_NAME = "name"'),
            asked_for("ITEMS.PRICE > 7"),
            asked_for("USERS.AGE = 7"),
        ],
        "attributes",
        numResults=20,
    )
    assert even["input"] == {"itemAttributes": 'ITEMS.CATEGORY = "even"'}
    assert {number % 2 for number in numbers(even)} == {0}
    assert {number % 2 for number in numbers(odd)} == {number % 2 for number in numbers(narrow)} == {1}
    complaints = ("No item", "PRODUCT_NAME", "'>'", "attribute of items")
    for line, complaint in zip(wrong, complaints, strict=True):
        assert line["output"] == {"usersList": []}
        assert line["error"].startswith("User error: ")
        assert complaint in line["error"]


def test_filters_keep_users_by_attributes_and_events(mall: Any) -> None:
    adult, without = segments(
        mall, OF_ITEMS, ['{"itemId":"i12","filterValues":{"AGE":"40"}}', '{"itemId":"i12"}'], "adults",
        filterArn=mall.filters["adults"],
    )  # fmt: skip
    assert sorted(numbers(adult)) == [*range(40, 60)]
    assert "$AGE" in without["error"]
    (buyers,) = segments(mall, OF_ITEMS, ['{"itemId":"i12"}'], "buyers", filterArn=mall.filters["buyers"])
    assert len(numbers(buyers)) == 25


def test_job_is_described_and_listed(mall: Any) -> None:
    mall.segment(mall.versions[OF_ITEMS], ['{"itemId":"i12"}'], "described")
    (listed,) = [
        job
        for job in mall.client.list_batch_segment_jobs(solutionVersionArn=mall.versions[OF_ITEMS])["batchSegmentJobs"]
        if job["jobName"].endswith("-described")
    ]
    job = mall.client.describe_batch_segment_job(batchSegmentJobArn=listed["batchSegmentJobArn"])["batchSegmentJob"]
    assert job["numResults"] == 25
    assert job["jobOutput"]["s3DataDestination"]["path"].endswith("/described/")
    assert listed["status"] == job["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("recipe", "options", "complaint"),
    [
        (OF_ITEMS, {"numResults": 5_000_001}, "numResults is 5000001"),
        (OF_ITEMS, {"filter": "items"}, "this job needs one for USERs"),
        (OF_ATTRIBUTES, {"filter": "buyers"}, "Filters on interactions cannot be used"),
        ("popular", {}, "use CreateBatchInferenceJob"),
    ],
)
def test_bad_request_is_refused_at_once(mall: Any, recipe: str, options: dict[str, Any], complaint: str) -> None:
    version = mall.popular if recipe == "popular" else mall.versions[recipe]
    if "filter" in options:
        options = {"filterArn": mall.filters[options["filter"]]}
    with pytest.raises(mall.client.exceptions.InvalidInputException, match=complaint):
        mall.segment(version, [], "refused", **options)


def test_segments_are_not_made_by_batch_inference(mall: Any) -> None:
    with pytest.raises(mall.client.exceptions.InvalidInputException, match="use CreateBatchSegmentJob"):
        mall.start_inference(mall.versions[OF_ITEMS], [])


@pytest.mark.parametrize(("recipe", "max_queries"), [(OF_ITEMS, 500), (OF_ATTRIBUTES, 10)])
def test_more_queries_than_a_file_may_have_fail_the_job(mall: Any, recipe: str, max_queries: int) -> None:
    line = '{"itemId":"i1"}' if recipe == OF_ITEMS else asked_for("ITEMS.PRICE = 1")
    failed = mall.segment(mall.versions[recipe], [line] * (max_queries + 1), f"many-{max_queries}")
    assert failed["status"] == "CREATE FAILED"
    assert f"has more than {max_queries} lines" in failed["failureReason"]
    assert mall.segment(mall.versions[recipe], [line] * max_queries, f"most-{max_queries}")["status"] == "ACTIVE"
