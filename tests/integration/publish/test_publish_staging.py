from __future__ import annotations

import json
from collections.abc import Iterable

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.staging import Staged, stage
from aisle.groups.dataset_group import dataset_groups

FIRST = dataset_groups()[0]

OK = {"recommendedItems": ["p1", "p2"], "scores": [0.25, 0.75]}


def lines(*texts: str | bytes) -> Iterable[Record]:
    for number, text in enumerate(texts, start=1):
        yield Record("recommend/output/x.json.out", number, text if isinstance(text, bytes) else text.encode())


def answer(user: str, output: object = OK, **more: object) -> str:
    return json.dumps({"input": {"userId": user}, "output": output, **more})


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def staged_users(url: str) -> dict[str, tuple[object, ...]]:
    query = "select user_id, recommendations, score_kind, generation from cache.offline_user_recommendations__next"
    return {str(key): tuple(rest) for key, *rest in rows(url, query)}


def test_a_list_is_staged_best_first_with_the_scores_it_came_with(warehouse_url: str) -> None:
    staged = stage(lines(answer("u1", error=None, unknown={"x": 1})), "users", "g1", "engine", FIRST, warehouse_url)
    best_first = [{"product_id": "p2", "score": 0.75}, {"product_id": "p1", "score": 0.25}]
    assert staged_users(warehouse_url) == {"u1": (best_first, "engine", "g1")}
    assert (staged.lines, staged.lists, staged.rejected, staged.unscored) == (1, 1, 0, 0)


def test_a_list_without_scores_is_scored_by_place_and_says_so(warehouse_url: str) -> None:
    line = answer("u1", {"recommendedItems": ["p1", "p2"]})
    assert stage(lines(line), "users", "g1", "personalize", FIRST, warehouse_url).unscored == 1
    by_place = [{"product_id": "p1", "score": 1.0}, {"product_id": "p2", "score": 0.5}]
    assert staged_users(warehouse_url) == {"u1": (by_place, "rank", "g1")}


def test_updated_at_is_now_in_utc(warehouse_url: str) -> None:
    stage(lines(answer("u1")), "users", "g1", "engine", FIRST, warehouse_url)
    age = "select abs(extract(epoch from (now() at time zone 'utc') - updated_at)) < 60 from "
    assert rows(warehouse_url, age + "cache.offline_user_recommendations__next") == [(True,)]


def test_every_record_without_a_list_is_kept_with_its_reason(warehouse_url: str) -> None:
    bad = [
        answer("u2", {"recommendedItems": []}, error="User error: no such thing"),
        answer("u3", {"recommendedItems": []}),
        answer("u4", None),
        json.dumps({"input": {}, "output": OK}),
        answer("u" * 256),
        answer("u\0"),
        '{"input": {"userId": "u5"}, "outp',
        b'{"input": {"userId": "u\xff\x00"}}',
    ]
    staged = stage(lines(answer("u1"), *bad), "users", "g1", "engine", FIRST, warehouse_url)
    assert set(staged_users(warehouse_url)) == {"u1"}
    assert (staged.lines, staged.lists, staged.rejected) == (9, 1, 8)
    kept = rows(warehouse_url, "select line_number, reason from cache.rejected_records order by line_number")
    assert kept == [
        (2, "error"), (3, "empty"), (4, "empty"), (5, "unusable_id"), (6, "unusable_id"), (7, "unusable_id"),
        (8, "undecodable"), (9, "undecodable"),
    ]  # fmt: skip
    assert rows(warehouse_url, "select payload from cache.rejected_records where line_number = 8") == [(bad[6],)]


def test_of_repeated_ids_the_last_record_counts(warehouse_url: str) -> None:
    later = answer("u1", {"recommendedItems": ["p9"], "scores": [0.5]})
    staged = stage(
        lines(answer("u1"), answer("u2"), answer("u1"), later), "users", "g1", "engine", FIRST, warehouse_url
    )
    assert (staged.lists, staged.repeated) == (2, 2)
    assert staged_users(warehouse_url)["u1"][0] == [{"product_id": "p9", "score": 0.5}]


def test_an_item_is_not_similar_to_itself(warehouse_url: str) -> None:
    line = json.dumps({"input": {"itemId": "p1"}, "output": {"recommendedItems": ["p1", "p2", "p3"]}, "error": None})
    alone = json.dumps({"input": {"itemId": "p2"}, "output": {"recommendedItems": ["p2"]}})
    staged = stage(lines(line, alone), "items", "g1", "engine", FIRST, warehouse_url)
    assert (staged.lists, staged.rejected) == (1, 1)
    similar = rows(warehouse_url, "select product_id, similar_products from cache.offline_similar_items__next")
    assert similar == [("p1", [{"product_id": "p2", "score": 1.0}, {"product_id": "p3", "score": 0.5}])]


def test_staging_again_replaces_what_a_dead_run_left(warehouse_url: str) -> None:
    stage(lines(answer("u1"), "nonsense"), "users", "g0", "engine", FIRST, warehouse_url)
    for _ in range(2):
        assert stage(lines(answer("u2"), "nonsense"), "users", "g1", "engine", FIRST, warehouse_url).lists == 1
    assert set(staged_users(warehouse_url)) == {"u2"}
    counts = rows(warehouse_url, "select generation, count(*) from cache.rejected_records group by 1 order by 1")
    assert counts == [("g0", 1), ("g1", 1)]


def test_a_load_that_breaks_off_leaves_nothing(warehouse_url: str) -> None:
    def broken() -> Iterable[Record]:
        yield from lines(answer("u1"), "nonsense")
        raise ConnectionResetError("the body broke off")

    with pytest.raises(ConnectionResetError):
        stage(broken(), "users", "g1", "engine", FIRST, warehouse_url)
    assert rows(warehouse_url, "select to_regclass('cache.offline_user_recommendations__next')::text") == [(None,)]
    assert rows(warehouse_url, "select count(*) from cache.rejected_records") == [(0,)]


def test_a_role_that_may_read_the_live_table_may_read_the_staged_one(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("drop role if exists cache_reader")
        connection.execute("create role cache_reader")
        connection.execute("grant select on cache.offline_user_recommendations to cache_reader")
    stage(lines(answer("u1")), "users", "g1", "engine", FIRST, warehouse_url)
    may = "select has_table_privilege('cache_reader', 'cache.offline_user_recommendations__next', 'select')"
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute(may.encode()).fetchone() == (True,)
        connection.execute("drop owned by cache_reader")
        connection.execute("drop role cache_reader")


def test_nothing_at_all_is_staged_as_nothing(warehouse_url: str) -> None:
    staged = stage([], "users", "g1", "engine", FIRST, warehouse_url)
    assert (staged.lines, staged.lists, staged.rejected) == (0, 0, 0)
    assert isinstance(staged, Staged)
