"""What a region's sample is recommended: sample, match rate, affinity, interval, file and page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from services.migrations import upgrade
from services.options import read_settings
from services.serving.regions import service
from services.serving.regions.repository import RegionsRepository
from services.serving.regions.service import affinity_of, wilson, window_of
from services.serving.settings import ServingSettings
from tests.serving_shop import KEY, Shop

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the time by which windows are cut; it begins in a window from noon on."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(service, "now", lambda: moment)

    set_to(NOON + timedelta(hours=1))
    return set_to


def people(shop: Shop, region: str, n_users: int, n_with_list: int, kind: str = "city") -> None:
    """Let users u0, u1, … live in a region; the first ones have a list of the mug, every second one also of tea."""
    values = {"kind": kind, "key": region.upper(), "name": region, "n": n_users, "n_with_list": n_with_list}
    with psycopg.connect(shop.url) as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute(
            """
            insert into core.regions values (%(kind)s, %(key)s, %(name)s, %(n)s, %(n)s);
            insert into core.region_customers
            select %(kind)s, %(key)s, 'u' || nth, now() from generate_series(0, %(n)s - 1) as nth;
            insert into cache.offline_user_recommendations
            select
                'u' || nth,
                case when nth %% 2 = 0
                    then '[{"product_id": "mug", "score": 0.8}, {"product_id": "tea", "score": 0.2}]'::jsonb
                    else '[{"product_id": "mug", "score": 0.5}]'::jsonb
                end,
                now(), 'engine', 'g2'
            from generate_series(0, %(n_with_list)s - 1) as nth
            on conflict do nothing
            """,
            values,
        )


@pytest.fixture
def lahore(shop: Shop, clock: Any) -> Shop:
    """50 active users, 45 of whom have a list."""
    upgrade(shop.url)
    shop.product("mug", product_name="Blue mug")
    people(shop, "Lahore", 50, 45)
    shop.publish()
    return shop


def result(api: TestClient, region: str = "Lahore", kind: str = "city", **more: Any) -> dict[str, Any]:
    answer = api.get("/api/v1/regions/result", params={"kind": kind, "region": region, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# -- the figures --------------------------------------------------------------------------------------------------


def test_s2_62_and_63_45_of_50_receivers_are_90_percent_and_users_without_a_list_count(lahore: Shop) -> None:
    body = result(lahore.api())
    mug, tea = body["items"]
    assert (body["n_sampled"], body["n_with_list"], body["is_small"]) == (50, 45, False)
    assert (mug["item_id"], mug["receivers"], mug["match_rate"]) == ("mug", 45, 90.0)
    assert (tea["receivers"], tea["match_rate"]) == (23, 46.0)


def test_s2_61_a_product_has_id_name_match_rate_affinity_average_score_and_count(lahore: Shop) -> None:
    mug, tea = result(lahore.api())["items"]
    assert (mug["product_name"], tea["product_name"]) == ("Blue mug", None)
    assert (mug["affinity"], tea["affinity"]) == ("high", "medium")
    assert mug["average_score"] == 1.0
    assert tea["average_score"] == pytest.approx(0.25), "its score as a part of the best one of each list"


@pytest.mark.parametrize(
    ("rate", "affinity"),
    [(100, "high"), (80.0, "high"), (79.9, "medium"), (79.0, "medium"), (40.0, "medium"), (39.9, "low"), (0, "low")],
)
def test_s2_64_to_66_affinity_is_high_from_80_medium_from_40_and_low_below(rate: float, affinity: str) -> None:
    assert affinity_of(rate) == affinity


@pytest.mark.parametrize(
    ("receivers", "sampled", "low", "high"),
    [(45, 50, 78.64, 95.65), (0, 50, 0.0, 7.13), (50, 50, 92.87, 100.0), (1, 1, 20.65, 100.0), (5, 10, 23.66, 76.34)],
)
def test_s2_70_the_interval_is_wilsons(receivers: int, sampled: int, low: float, high: float) -> None:
    assert wilson(receivers, sampled) == pytest.approx((low, high), abs=0.01)


def test_s2_70_every_rate_has_its_interval(lahore: Shop) -> None:
    mug = result(lahore.api())["items"][0]
    assert mug["interval_low"] < mug["match_rate"] < mug["interval_high"]
    assert (mug["interval_low"], mug["interval_high"]) == pytest.approx(wilson(45, 50))


def test_s2_67_average_scores_are_from_0_to_1_whatever_the_scores(lahore: Shop) -> None:
    lahore.run(
        "update cache.offline_user_recommendations set recommendations ="
        """ '[{"product_id": "mug", "score": -3}, {"product_id": "tea", "score": -7}]'"""
    )
    assert {item["item_id"]: item["average_score"] for item in result(lahore.api())["items"]} == {"mug": 1, "tea": 0}


# -- the sample ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_users", "n_sampled", "is_small"), [(300, 50, False), (50, 50, False), (7, 7, True)])
def test_s2_58_the_sample_is_50_active_users_or_all_there_are_and_then_says_so(
    shop: Shop, clock: Any, n_users: int, n_sampled: int, is_small: bool
) -> None:
    upgrade(shop.url)
    people(shop, "Multan", n_users, 0)
    shop.publish()
    body = result(shop.api(), "multan")
    assert (body["n_active_users"], body["n_sampled"], body["is_small"]) == (n_users, n_sampled, is_small)
    assert body["items"] == []


def test_s2_70_the_size_of_the_sample_is_a_setting(lahore: Shop) -> None:
    body = result(lahore.api(region_sample=10))
    assert body["n_sampled"] == 10


def sampled(shop: Shop, seed: str) -> list[str]:
    """Who is in the sample of a seed, by the statement that draws it."""
    from aisle.warehouse import sql

    values = {"region_kind": "city", "region": "LAHORE", "seed": seed, "n_users": 50}
    with psycopg.connect(shop.url) as connection:
        return [user for (user,) in connection.execute(sql("serving/regions/sample").encode(), values)]


def test_s2_71_the_sample_is_uniform_without_replacement(shop: Shop) -> None:
    """Of 200 users in 400 samples each is expected 100 times; the chi-square of 199 degrees is below 267 at 0.1 %."""
    people(shop, "Lahore", 200, 0)
    counts = dict.fromkeys((f"u{nth}" for nth in range(200)), 0)
    for seed in range(400):
        users = sampled(shop, str(seed))
        assert len(set(users)) == 50
        for user in users:
            counts[user] += 1
    # Drawn without replacement, counts vary less than independent ones, by the part that is not drawn.
    assert sum((count - 100) ** 2 / (100 * 0.75) for count in counts.values()) < 267


def test_s2_72_all_see_the_same_sample_within_a_window_and_a_new_one_after(shop: Shop, clock: Any) -> None:
    upgrade(shop.url)
    people(shop, "Lahore", 200, 100)
    shop.publish()
    seen = {}
    for name, moment in (
        ("first", NOON), ("last", NOON + timedelta(hours=5, minutes=59)), ("next", NOON + timedelta(hours=6)),
    ):  # fmt: skip
        clock(moment)
        bodies = [result(shop.api()), result(shop.api(), " LAHORE ")]
        assert bodies[0] == bodies[1]
        seen[name] = bodies[0]
    assert seen["first"] == seen["last"]
    assert seen["next"]["seed"] != seen["first"]["seed"]
    assert seen["next"]["window_start"] == seen["first"]["window_end"] == "2026-11-30T18:00:00Z"
    assert sampled(shop, seen["next"]["seed"]) != sampled(shop, seen["first"]["seed"])


@pytest.mark.parametrize(("hour", "start"), [(0, 0), (5, 0), (6, 6), (11, 6), (17, 12), (23, 18)])
def test_s2_72_windows_begin_every_six_hours(hour: int, start: int) -> None:
    assert window_of(NOON.replace(hour=hour, minute=59)) == NOON.replace(hour=start)


def test_a_new_generation_within_a_window_is_seen_at_once_and_the_sample_stays(lahore: Shop) -> None:
    first = result(lahore.api())
    lahore.run("update cache.generations set state = 'previous'")
    lahore.run(
        "update cache.offline_user_recommendations set generation = 'g3',"
        """ recommendations = '[{"product_id": "hat", "score": 1}]'"""
    )
    lahore.publish("g3")
    second = result(lahore.api())
    assert (first["generation"], second["generation"]) == ("g2", "g3")
    assert first["seed"] == second["seed"]
    assert [item["item_id"] for item in second["items"]] == ["hat"]


def test_a_result_is_of_one_generation_where_it_is_switched_meanwhile(
    lahore: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists that were read are those of the generation that the result names."""
    sample = RegionsRepository.sample

    async def sample_while_a_generation_is_published(self: RegionsRepository, *arguments: Any) -> Sequence[str]:
        monkeypatch.setattr(RegionsRepository, "sample", sample)
        lahore.run("update cache.generations set state = 'previous'")
        lahore.run(
            "update cache.offline_user_recommendations set generation = 'g3',"
            """ recommendations = '[{"product_id": "hat", "score": 1}]'"""
        )
        lahore.publish("g3")
        return await sample(self, *arguments)

    monkeypatch.setattr(RegionsRepository, "sample", sample_while_a_generation_is_published)
    first = result(lahore.api())
    assert (first["generation"], [item["item_id"] for item in first["items"]]) == ("g3", ["hat"])
    with psycopg.connect(lahore.url) as connection:
        kept = connection.execute("select generation from serving.region_results").fetchall()
    assert kept == [("g3",)]


def test_s2_59_no_recommender_is_asked_and_the_second_reader_gets_what_was_kept(lahore: Shop) -> None:
    first = result(
        lahore.api(
            real_time=True,
            campaigns="shop=arn:aws:personalize:us-east-1:0:campaign/x",
            personalize_endpoint_url="http://127.0.0.1:1",
        )
    )
    lahore.run("delete from cache.offline_user_recommendations")
    assert result(lahore.api()) == first


def test_what_is_kept_names_no_user(lahore: Shop) -> None:
    result(lahore.api())
    with psycopg.connect(lahore.url) as connection:
        (kept,) = connection.execute("select row_to_json(kept)::text from serving.region_results as kept").fetchone()
    assert "mug" in kept
    assert re.findall(r'"u\d+"', kept) == []


def test_an_erased_user_is_in_no_later_sample(lahore: Shop) -> None:
    lahore.run("select identity.forget(array['u0', 'u1'])")
    assert result(lahore.api())["n_sampled"] == 48


# -- regions, history, refusals -----------------------------------------------------------------------------------


def test_regions_are_listed_by_kind_the_most_populous_first(lahore: Shop) -> None:
    people(lahore, "Multan", 80, 0)
    people(lahore, "Punjab", 130, 0, kind="province")
    api = lahore.api()
    for kind, names in (("city", ["Multan", "Lahore"]), ("province", ["Punjab"])):
        listed = api.get("/api/v1/regions", params={"kind": kind}).json()["regions"]
        assert [region["region_name"] for region in listed] == names
    assert result(api, "punjab", "province")["n_active_users"] == 130


def test_the_last_windows_are_kept_for_a_week(lahore: Shop, clock: Any) -> None:
    api = lahore.api()
    moments = [NOON + nth * timedelta(hours=6) for nth in (0, 1, 3, 40)]
    for moment in moments:
        clock(moment)
        result(api)
    windows = api.get("/api/v1/regions/history", params={"kind": "city", "region": "Lahore"}).json()["windows"]
    assert [datetime.fromisoformat(window["window_start"]) for window in windows] == [moments[3]]
    clock(moments[3] + timedelta(hours=6))
    result(api)
    past = result(api, window=moments[3].isoformat())
    assert datetime.fromisoformat(past["window_start"]) == moments[3]
    gone = api.get("/api/v1/regions/result", params={"kind": "city", "region": "Lahore", "window": NOON.isoformat()})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "window_unknown")


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"kind": "city", "region": "Atlantis"}, 404, "region_unknown"),
        ({"kind": "planet", "region": "Lahore"}, 422, "invalid_request"),
        ({"kind": "city", "region": "a\0"}, 422, "invalid_request"),
        ({"kind": "city", "region": "Lahore", "window": "yesterday"}, 422, "invalid_request"),
        ({"kind": "city"}, 422, "invalid_request"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_refused(lahore: Shop, parameters: dict[str, str], status: int, code: str) -> None:
    answer = lahore.api().get("/api/v1/regions/result", params=parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "window", ["9999-12-31T23:00:00-12:00", "0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00+00:01"]
)
@pytest.mark.parametrize("path", ["/api/v1/regions/result", "/regions", "/regions.csv"])
def test_a_window_that_utc_has_no_year_for_is_refused(lahore: Shop, path: str, window: str) -> None:
    place = {"place": "city:Lahore"} if path == "/regions" else {"kind": "city", "region": "Lahore"}
    answer = lahore.api(open_pages=True).get(path, params={**place, "window": window})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_before_the_first_publication_a_region_has_users_and_no_items(shop: Shop, clock: Any) -> None:
    upgrade(shop.url)
    people(shop, "Lahore", 60, 0)
    body = result(shop.api())
    assert (body["generation"], body["n_sampled"], body["items"]) == (None, 50, [])


# -- the file -----------------------------------------------------------------------------------------------------


def test_the_file_holds_the_table_and_what_it_was_drawn_from(lahore: Shop) -> None:
    parameters = {"kind": "city", "region": "lahore", "format": "csv"}
    answer = lahore.api().get("/api/v1/regions/result", params=parameters)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="region-city-20261130T1200Z.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["region"], row["item_id"], row["match_rate"], row["affinity"]) for row in rows] == [
        ("Lahore", "mug", "90.0", "high"),
        ("Lahore", "tea", "46.0", "medium"),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@sum(a1)", "\ttab"])
def test_a_name_is_no_formula_in_a_spreadsheet(lahore: Shop, name: str) -> None:
    lahore.run("update core.products set product_name = %(name)s", name=name)
    answer = lahore.api().get("/regions.csv", params={"kind": "city", "region": "lahore"}, auth=("", KEY))
    rows = csv.DictReader(io.StringIO(answer.text))
    assert next(rows)["product_name"] == f"'{name}"


# -- the page -----------------------------------------------------------------------------------------------------


def test_s2_57_the_page_shows_the_most_populous_region_at_first_and_any_other_by_choice(lahore: Shop) -> None:
    people(lahore, "Multan", 80, 0)
    api = lahore.api(open_pages=True)
    assert "<h1>Multan <small>" in api.get("/regions").text
    text = api.get("/regions", params={"place": "city:LAHORE"}).text
    assert "<h1>Lahore <small>" in text
    assert "Blue mug" in text
    assert "90\N{NO-BREAK SPACE}%" in text


def test_a_page_without_regions_says_what_to_do(shop: Shop) -> None:
    assert "Run <code>ingest</code>" in shop.api(open_pages=True).get("/regions").text


@pytest.mark.parametrize("path", ["/regions", "/regions.csv?kind=city&region=Lahore"])
def test_a_page_asks_for_a_login_unless_the_settings_open_it(lahore: Shop, path: str) -> None:
    closed = lahore.api(key=None)
    for login in (None, ("anybody", "wrong"), (KEY, "")):
        answer = closed.get(path, auth=httpx.BasicAuth(*login) if login else None)
        assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
    assert closed.get(path, auth=("anybody", KEY)).status_code == 200
    assert lahore.api(key=None, open_pages=True).get(path).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "shop.example"])
def test_pages_are_opened_on_loopback_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    monkeypatch.setenv("SERVING_DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("SERVING_API_KEY_HASHES", "0" * 64)
    monkeypatch.setenv("SERVING_OPEN_PAGES", "true")
    assert read_settings(ServingSettings, program="serving", about="", arguments=[]).open_pages
    monkeypatch.setenv("SERVING_HOST", host)
    with pytest.raises(SystemExit):
        read_settings(ServingSettings, program="serving", about="", arguments=[])
    assert "SERVING_OPEN_PAGES is for loopback only" in capsys.readouterr().err
