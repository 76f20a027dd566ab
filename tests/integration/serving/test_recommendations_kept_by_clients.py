"""Answers that a client keeps: tags, ids, and one generation per answer."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.integration.serving.recommendations import ask
from tests.serving_shop import Shop


@pytest.mark.parametrize("tags", ["*", '"other", *', " * "])
def test_whoever_takes_any_version_gets_no_body(filled: Shop, tags: str) -> None:
    answer = filled.api().get("/api/v1/popular", headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("path", ["recommendations/known", "recommendations/stranger", "similar/tea", "popular"])
def test_an_unchanged_answer_is_a_304_and_a_changed_one_is_not(filled: Shop, path: str) -> None:
    api = filled.api()
    first = api.get(f"/api/v1/{path}")
    tag = first.headers["ETag"]
    again = api.get(f"/api/v1/{path}", headers={"If-None-Match": f'"another", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert first.headers["Cache-Control"] == "private, no-cache"
    filled.run("update cache.offline_user_recommendations set generation = 'g3'")
    filled.run("update cache.offline_similar_items set generation = 'g3'")
    filled.run("update core.products set n_orders = n_orders + 1")
    assert api.get(f"/api/v1/{path}", headers={"If-None-Match": tag}).status_code == 200


def test_one_users_tag_is_never_anothers(filled: Shop) -> None:
    filled.list_of("users", "twin", ("cup", 0.4), ("pan", 0.3), ("tea", 0.2), ("mug", 0.1))
    api = filled.api()
    tag = api.get("/api/v1/recommendations/known").headers["ETag"]
    answer = api.get("/api/v1/recommendations/twin", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["user_id"]) == (200, "twin")


def test_a_304_needs_a_key_too(filled: Shop) -> None:
    tag = filled.api().get("/api/v1/recommendations/known").headers["ETag"]
    answer = filled.api(key=None).get("/api/v1/recommendations/known", headers={"If-None-Match": tag})
    assert answer.status_code == 401


def test_equal_answers_to_one_question_have_one_recommendation_id_and_others_their_own(filled: Shop) -> None:
    api = filled.api()
    asked = [ask(api, f"recommendations/{user}") for user in ("known", "known", "new", "stranger", "nobody")]
    ids = [answer["recommendation_id"] for answer in asked]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_an_answer_is_of_one_generation_while_generations_switch(filled: Shop) -> None:
    """Whose lists carry another model: an answer with the list of one and the model of the other would be seen."""
    switch = """
    update cache.generations set state = 'retired', solution_versions = '{"users": "arn:g2"}' where generation = 'g2';
    update cache.offline_user_recommendations set generation = %(name)s;
    insert into cache.generations values (%(name)s, 'live', 1, 1, 1, 1, %(versions)s, now())
    on conflict (generation) do update set state = 'live'
    """
    api = filled.api()
    for number in range(20):
        name = f"n{number}"
        with psycopg.connect(filled.url) as connection, psycopg.ClientCursor(connection) as cursor:
            connection.execute("update cache.generations set state = 'retired'")
            cursor.execute(switch.encode(), {"name": name, "versions": json.dumps({"users": f"arn:{name}"})})
            during = ask(api, "recommendations/known")
        after = ask(api, "recommendations/known")
        assert (after["generation"], after["model_version"]) == (name, f"arn:{name}")
        assert during["model_version"].rpartition(":")[2] in (during["generation"], "of-users")
