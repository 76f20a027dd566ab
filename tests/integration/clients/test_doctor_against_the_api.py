"""The doctor's checks of the API, against the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.doctor.api import SELF_TEST, ApiChecks
from tests.integration.clients.conftest import stored
from tests.serving_shop import KEY, Shop


@pytest.mark.parametrize(
    ("configured", "sent", "state"),
    [("", "", "ok"), ("a secret", "a secret", "ok"), ("a secret", "another", "failed"), ("a secret", "", "failed")],
)
def test_s1_54_the_test_event_of_the_webhook_arrives_if_the_secret_is_that_of_the_api(
    shop: Shop, serve: Callable[..., str], configured: str, sent: str, state: str
) -> None:
    made = ApiChecks.of(serve(amplitude_webhook_secret=configured), KEY, sent).webhook()
    assert (made.state, "AMPLITUDE_WEBHOOK_SECRET" in made.remedy) == (state, state == "failed")
    assert stored(shop, "interactions", "event_id") == []


def test_s1_54_the_test_event_is_kept_as_a_skipped_one(shop: Shop, serve: Callable[..., str]) -> None:
    ApiChecks.of(serve(), KEY, "").webhook()
    assert stored(shop, "received_events", "event_type, outcome, reason", order="received_at") == [
        (SELF_TEST, "skipped", "irrelevant")
    ]


@pytest.mark.parametrize(("key", "published", "failed"), [(KEY, True, ""), (KEY, False, "message"), ("x", True, "key")])
def test_s2_101_the_api_is_ready_with_lists_and_a_key_only(
    shop: Shop, serve: Callable[..., str], key: str, published: bool, failed: str
) -> None:
    shop.product("p")
    if published:
        shop.publish()
    made = ApiChecks.of(serve(), key, "").readiness()
    assert (made.state == "failed") == bool(failed)
    assert failed in made.remedy
