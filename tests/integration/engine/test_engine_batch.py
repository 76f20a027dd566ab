"""Batch jobs: what is refused at once, what fails later, options, many records in order, and a restart after a kill."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import numpy as np
import pytest

from aisle.contracts.personalize import ITEMS, USERS
from tests.waiting import wait_for

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
UP, UP2, RANKING = "aws-user-personalization", "aws-user-personalization-v2", "aws-personalized-ranking"
SIMS, POPULARITY = "aws-sims", "aws-popularity-count"


@pytest.fixture(scope="module")
def mall(engine: Any, s3_endpoint: str, make_any_shop: Callable[..., Any], csv_of_interactions: str) -> Any:
    """A shop with all three datasets, an event tracker, filters, and a version of any recipe."""
    shop = make_any_shop(engine.client(), s3_endpoint)
    shop.interactions = csv_of_interactions
    group = shop.group()
    for name, dataset, content in (
        ("first", shop.dataset(group), shop.interactions),
        ("items", shop.dataset(group, ITEMS), items_csv()),
        ("users", shop.dataset(group, USERS), users_csv()),
    ):
        imported = shop.import_csv(dataset, content, name)
        assert imported["status"] == "ACTIVE", imported
    shop.version = cache(lambda recipe: shop.train(group, recipe)["solutionVersionArn"])
    shop.tracking_id = shop.client.create_event_tracker(name=shop.name, datasetGroupArn=group)["trackingId"]
    shop.events = boto3.client("personalize-events", endpoint_url=engine.url)
    shop.filters = {name: shop.filter(group, name, expression) for name, expression in FILTERS.items()}
    return shop


FILTERS = {
    "category": "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORIES)",
    "untaken": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
    "cheaper": "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE",
    "users": "INCLUDE UserID WHERE Users.AGE > 18",
}


def items_csv() -> str:
    """Item n costs n; of category a, b or c in turn; new-item is in no interaction."""
    rows = [f"i{n},name {n},{'abc'[n % 3]},{n},{1_700_000_000}" for n in range(40)]
    return "\n".join([ITEMS.header, *rows, "new-item,new,z,7,1700000000", ""])


def users_csv() -> str:
    """Even users, who take even items, live in Even; odd ones in Odd. So do two who never took anything."""
    rows = [f"u{n},{n},,{'Odd' if n % 2 else 'Even'}" for n in range(60)]
    return "\n".join([USERS.header, *rows, "cold-even,30,,Even", "cold-odd,30,,Odd", ""])


def users(*ids: str, **members: Any) -> list[str]:
    return [json.dumps({"userId": user} | members) for user in ids]


def items_of(lines: list[dict[str, Any]]) -> list[list[str]]:
    return [line["output"]["recommendedItems"] for line in lines]


def start(shop: Any, version: str, source: str, target: str, **options: Any) -> str:
    return str(
        shop.client.create_batch_inference_job(
            jobName=f"job-{uuid.uuid4().hex[:12]}", solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": source}}, jobOutput={"s3DataDestination": {"path": target}}, **options,
        )["batchInferenceJobArn"]
    )  # fmt: skip


def settled(shop: Any, job: str) -> dict[str, Any]:
    described: dict[str, Any] = shop.settled(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)
    return described


def put_events(shop: Any, user: str, items: list[str], event_type: str) -> None:
    events = [{"eventType": event_type, "itemId": item, "sentAt": time.time()} for item in items]
    shop.events.put_events(trackingId=shop.tracking_id, userId=user, sessionId=f"session-of-{user}", eventList=events)


EXPLORING = {"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "1"}}}


@pytest.mark.parametrize(
    ("recipe", "source", "target", "options", "complaint"),
    [
        (UP, "s3://b-u-c/in/", "s3://b-u-c/in", {}, "Invalid S3 output path"),
        (UP, "http://b-u-c/in/", "s3://b-u-c/out/", {}, "Invalid S3 input path"),
        (UP, "s3://b-u-c/in/", "https://b-u-c/out/", {}, "Invalid S3 output path"),
        (UP, "s3://b-u-c/in/", "s3://b-u-c/out/", {"numResults": 501}, "numResults is 501"),
        (UP, "s3://b-u-c/in/", "s3://b-u-c/out/", {"batchInferenceJobMode": "DREAM"}, "enum value set"),
        (SIMS, "s3://b-u-c/in/", "s3://b-u-c/out/", {"batchInferenceJobMode": "THEME_GENERATION"}, "out of the"),
        (SIMS, "s3://b-u-c/in/", "s3://b-u-c/out/", EXPLORING, "belongs to aws-user-personalization"),
        (
            UP, "s3://b-u-c/in/", "s3://b-u-c/out/",
            {"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "2"}}}, "from 0 to 1",
        ),
        (
            UP, "s3://b-u-c/in/", "s3://b-u-c/out/",
            {"batchInferenceJobConfig": {"rankingInfluence": {"POPULARITY": 0.5}}}, "aws-semantic-similarity",
        ),
    ],
)  # fmt: skip
def test_bad_request_is_refused_at_once(
    mall: Any, recipe: str, source: str, target: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(mall.client.exceptions.InvalidInputException, match=complaint):
        start(mall, mall.version(recipe), source, target, **options)


def test_filter_of_users_is_refused_and_so_is_a_segment_job_for_items(mall: Any) -> None:
    refusal = mall.client.exceptions.InvalidInputException
    with pytest.raises(refusal, match="this job needs one for ITEMs"):
        start(mall, mall.version(SIMS), "s3://b-u-c/in/", "s3://b-u-c/out/", filterArn=mall.filters["users"])
    with pytest.raises(refusal, match="use CreateBatchInferenceJob"):
        mall.segment(mall.version(SIMS), [], "refused")


def test_missing_input_and_missing_bucket_fail_the_job(mall: Any) -> None:
    version = mall.version(POPULARITY)
    job = start(mall, version, f"s3://{mall.bucket}/nothing/", f"s3://{mall.bucket}/out/")
    failed = settled(mall, job)
    assert failed["status"] == "CREATE FAILED"
    assert failed["failureReason"].startswith("Invalid S3 input path")
    job = start(mall, version, mall.upload("in/users.json", '{"userId":"u1"}'), "s3://no-such-bucket-here/out/")
    assert "NoSuchBucket" in settled(mall, job)["failureReason"]


def test_records_of_several_blocks_and_files_keep_their_order(mall: Any) -> None:
    asked = [f"u{n % 60}" if n % 3 else f"new-{n % 7}" for n in range(40_000)]
    mall.upload("in-order/a.json", "".join(json.dumps({"userId": user}) + "\n" for user in asked))
    mall.upload("in-order/b.json", '{"userId":"u1","context":{"DEVICE":"phone"}}')
    mall.upload("in-order/deeper/c.json", "not read")
    version = mall.version(UP2)
    job = start(mall, version, f"s3://{mall.bucket}/in-order/", f"s3://{mall.bucket}/ordered", numResults=5)
    assert settled(mall, job)["status"] == "ACTIVE"

    listed = mall.s3.list_objects_v2(Bucket=mall.bucket, Prefix="ordered/")["Contents"]
    assert [entry["Key"] for entry in listed] == ["ordered/_CHECK", "ordered/a.json.out", "ordered/b.json.out"]
    answered = mall.lines("ordered/a.json.out")
    assert [line["input"]["userId"] for line in answered] == asked
    assert {len(line["output"]["recommendedItems"]) for line in answered} == {5}
    by_user: dict[str, Any] = {}
    for line in answered:  # a user who is asked about twice, in whatever block, gets the same list
        assert by_user.setdefault(line["input"]["userId"], line["output"]) == line["output"]
    (with_context,) = mall.lines("ordered/b.json.out")
    assert with_context["input"] == {"userId": "u1", "context": {"DEVICE": "phone"}}
    assert with_context["output"] == by_user["u1"]
    assert with_context["output"]["reasons"] == [[]] * 5


def test_filter_takes_its_values_from_each_record(mall: Any) -> None:
    lines = [
        *users("u1", "u2", filterValues={"CATEGORIES": '"a"'}),
        *users("u1", filterValues={"CATEGORIES": '"b","c"'}),
        *users("u1", filterValues={"CATEGORIES": '"none such"'}),
        *users("u1", filterValues={"CATEGORIES": "\"a"}),
        *users("u1"),
    ]  # fmt: skip
    of_a, of_a_too, of_b_or_c, of_nothing, unreadable, without = mall.infer(
        mall.version(UP), lines, "filtered", filterArn=mall.filters["category"]
    )
    for line, rests in ((of_a, {0}), (of_a_too, {0}), (of_b_or_c, {1, 2})):
        assert {int(item[1:]) % 3 for item in line["output"]["recommendedItems"]} == rests
        assert line["output"]["scores"] == sorted(line["output"]["scores"], reverse=True)
    assert of_nothing["output"] == {"recommendedItems": [], "scores": []}
    assert of_nothing["error"] is None
    for line, complaint in ((unreadable, "cannot be read"), (without, "$CATEGORIES")):
        assert line["output"] == {"recommendedItems": []}
        assert line["error"].startswith("User error: ")
        assert complaint in line["error"]


def test_filters_look_at_the_user_of_the_record_or_at_its_item(mall: Any) -> None:
    taken = {line.split(",")[1] for line in mall.interactions.splitlines() if line.startswith("u3,")}
    known, stranger = mall.infer(
        mall.version(UP), users("u3", "nobody"), "untaken", filterArn=mall.filters["untaken"],
        numResults=500,
    )  # fmt: skip
    assert set(known["output"]["recommendedItems"]) == {f"i{n}" for n in range(40)} - taken | {"new-item"}
    assert len(stranger["output"]["recommendedItems"]) == 41
    (cheaper,) = mall.infer(mall.version(SIMS), ['{"itemId":"i9"}'], "cheaper", filterArn=mall.filters["cheaper"])
    assert set(cheaper["output"]["recommendedItems"]) == {f"i{n}" for n in range(9)} | {"new-item"}


def test_ranking_orders_the_given_items_and_puts_unknown_ones_last_without_score(mall: Any) -> None:
    asked = ["i1", "never seen", "i2", "i3", "i2", "i4", "nor this"]
    even, stranger, unasked, filtered = (
        *mall.infer(
            mall.version(RANKING),
            [*users("u2", "nobody", itemList=asked), '{"userId":"u2"}'],
            "ranked",
        ),
        *mall.infer(
            mall.version(RANKING),
            users("u2", itemList=asked, filterValues={"CATEGORIES": '"b","c"'}),
            "ranked-filtered",
            filterArn=mall.filters["category"],
        ),
    )
    items, scores = even["output"]["recommendedItems"], even["output"]["scores"]
    assert set(items[:2]) == {"i2", "i4"}
    assert set(items[2:4]) == {"i1", "i3"}
    assert items[4:] == ["never seen", "nor this"]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-6)
    assert sorted(stranger["output"]["recommendedItems"][:4]) == ["i1", "i2", "i3", "i4"]
    assert unasked["error"] == "User error: Required fields for the provided recipe are userId, itemList"
    assert set(filtered["output"]["recommendedItems"]) == {"i1", "i2", "i4"}


def test_single_records_move_the_lists_of_their_users_at_once(mall: Any) -> None:
    version = mall.version(UP)
    before = items_of(mall.infer(version, users("streamed", "u4"), "before", numResults=41))
    put_events(mall, "streamed", ["i1", "i3", "i5"], "purchase")
    put_events(mall, "content", ["i2", "i4"], "purchase")
    put_events(mall, "refusing", ["i2", "i4"], "purchase")
    put_events(mall, "refusing", ["i2"], "dislike")
    asked = users("streamed", "u4", "content", "refusing")
    streamed, untouched, content, refusing = items_of(mall.infer(version, asked, "after", numResults=41))
    assert all(int(item[1:]) % 2 for item in streamed[:8])
    assert streamed != before[0]
    assert untouched == before[1]
    assert refusing.index("i2") > content.index("i2")


def test_cold_users_with_attributes_get_what_their_like_take(mall: Any) -> None:
    even, odd = items_of(mall.infer(mall.version(UP), users("cold-even", "cold-odd"), "cold"))
    assert {int(item[1:]) % 2 for item in even[:5]} == {0}
    assert {int(item[1:]) % 2 for item in odd[:5]} == {1}


def test_exploration_gives_places_away_only_if_asked_for(mall: Any) -> None:
    def infer(name: str, weight: str | None) -> list[dict[str, Any]]:
        config = {"itemExplorationConfig": {"explorationWeight": weight, "explorationItemAgeCutOff": "10000"}}
        options = {"batchInferenceJobConfig": config} if weight else {}
        asked = users(*(f"u{n}" for n in range(20)))
        answers: list[dict[str, Any]] = mall.infer(mall.version(UP), asked, name, numResults=10, **options)
        return answers

    plain = infer("plain", None)
    unexplored = infer("unexplored", "0")
    assert items_of(unexplored) == items_of(plain)
    explored = infer("explored", "1")
    assert items_of(explored) != items_of(plain)
    for line in explored:
        assert line["output"]["scores"] == sorted(line["output"]["scores"], reverse=True)
        assert len(set(line["output"]["recommendedItems"])) == 10


def test_killed_job_resumes_with_the_unfinished_file(
    own_engine: Callable[..., Any], s3_endpoint: str, make_any_shop: Callable[..., Any], csv_of_interactions: str
) -> None:
    engine = own_engine()
    shop = make_any_shop(engine.client(), s3_endpoint)
    group = shop.group()
    shop.import_csv(shop.dataset(group), csv_of_interactions)
    version = shop.train(group, POPULARITY)["solutionVersionArn"]
    many = np.char.add('{"userId":"u', np.char.add(np.arange(120_000).astype(str), '"}'))
    for name, asked in (("a", many[:3]), ("b", many[:3]), ("c", many)):
        shop.upload(f"in/{name}.json", "\n".join(asked))
    job = start(shop, version, f"s3://{shop.bucket}/in/", f"s3://{shop.bucket}/out/")
    wait_for_object(shop, job, "out/b.json.out")
    engine.kill()
    assert "out/c.json.out" not in shop.keys("out/")
    shop.s3.delete_object(Bucket=shop.bucket, Key="out/a.json.out")  # it would be there again if it were done again

    engine.start()
    assert settled(shop, job)["status"] == "ACTIVE"
    assert shop.keys("out/") == ["out/_CHECK", "out/b.json.out", "out/c.json.out"]
    body = shop.s3.get_object(Bucket=shop.bucket, Key="out/c.json.out")["Body"].read()
    assert body.count(b"\n") == 120_000


def wait_for_object(shop: Any, job: str, key: str) -> None:
    def is_there() -> bool:
        if key in shop.keys(key):
            return True
        status = shop.status(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)
        assert status in ("CREATE PENDING", "CREATE IN_PROGRESS"), f"{status}, and {key} did not appear"
        return False

    wait_for(is_there, key, interval=0.01)
