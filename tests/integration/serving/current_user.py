"""Users who call the API with tokens of their own."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from services.serving.settings import ServingSettings
from services.serving.tokens import issue_token
from tests.serving_shop import Shop, api_settings

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
RECOMMENDATIONS = "/api/recommendations/recommendations/"
INTERACTIONS = "/api/recommendations/interactions/"
FEEDBACK = "/api/recommendations/feedback/"
STATS = "/api/recommendations/stats/"
EXAMPLE = {
    "interaction_type": "view", "content_id": "123", "content_type": "post", "platform": "web",
    "metadata": {"duration": 30, "source": "homepage"},
}  # fmt: skip
RECORDED = """
select user_id, item_id, algorithm, is_clicked, is_dismissed, recommendation_id from serving.recommended_items
order by recommended_at, score desc, item_id
"""


@cache
def _issuer() -> ServingSettings:
    """The settings that tokens are issued with. A thousand users would read the environment a thousand times."""
    return api_settings(token_secret=SECRET)


def as_user(user_id: str, **headers: str) -> dict[str, str]:
    """The headers of a user; `Request_ID` and `Session_ID` name further ones."""
    token = issue_token(_issuer(), user_id, timedelta(minutes=5))
    named = {f"X-{name.replace('_', '-')}": value for name, value in headers.items()}
    return {"Authorization": f"Bearer {token}"} | named


class Visitors:
    """A shop whose users log in."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def api(self, **settings: Any) -> TestClient:
        """The API, without any credential."""
        return self.shop.api(key=None, **{"token_secret": SECRET, **settings})

    def known(self, *user_ids: str) -> None:
        """Let there be these people, so that their ids are user ids."""
        self.shop.run("insert into identity.customers (user_id) select unnest(%(ids)s::text[])", ids=list(user_ids))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.shop.url) as connection:
            return connection.execute(query.encode()).fetchall()


def ask(api: TestClient, user_id: str, algorithm: str | None = None, **params: Any) -> Any:
    given = {"algorithm": algorithm, **params} if algorithm else params
    answer = api.get(RECOMMENDATIONS, params=given, headers=as_user(user_id))
    assert answer.status_code == 200, answer.text
    return answer


def ids(answer: Any) -> list[str]:
    return [element["content_id"] for element in answer.json()["recommendations"]]


def give(api: TestClient, user_id: str, content_id: str, **said: bool) -> Any:
    return api.post(FEEDBACK, json={"content_id": content_id, **said}, headers=as_user(user_id))
