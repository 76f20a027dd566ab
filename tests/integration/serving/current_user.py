"""Users who call the API with tokens of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from services.serving.tokens import issue_token
from tests.serving_shop import Shop, api_settings

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"


def as_user(user_id: str, **headers: str) -> dict[str, str]:
    """The headers of a user; `Request_ID` and `Session_ID` name further ones."""
    token = issue_token(api_settings(token_secret=SECRET), user_id, timedelta(minutes=5))
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
