"""Every operation of the serving API, called with what its OpenAPI document allows and with what it does not.

`OPENAPI_CASES` cases of each operation and kind; 6 by default, so that it fits into every run. With
`--log-cli-level=INFO` the answers of each operation are counted by their status.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode

from services.migrations import upgrade
from services.serving.app import create_app
from tests.integration.serving.test_serving_program import KEY, serving
from tests.serving_shop import HASH_KEY, Shop, api_settings

logger = logging.getLogger(__name__)

N_CASES = int(os.environ.get("OPENAPI_CASES", "6"))

load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
DOCUMENT = schemathesis.openapi.from_dict(create_app(api_settings()).openapi())
DOCUMENT.config.generation.update(with_security_parameters=False)  # each call has a key that is accepted
OPERATIONS = [result.ok() for result in DOCUMENT.get_all_operations()]
#: What the shop knows. Names out of nothing alone would never get an answer but 404.
KNOWN = {"user_id": "3f2a9c", "item_id": "22423", "region": "Lahore", "X-User-ID": "3f2a9c"}
SETTINGS = {
    "SERVING_OPEN_PAGES": "true",
    "SERVING_IDENTITY_HASH_KEY": HASH_KEY,
    "SERVING_RATE_LIMIT": "1000000/minute",
    "SERVING_WAIT_SECONDS": "60",
}


@pytest.fixture
def api(warehouse_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The program itself over a shop in which every kind of answer has something to say."""
    with ExitStack() as opened_apis:
        shop = Shop(warehouse_url, opened_apis)
        upgrade(warehouse_url)
        for number in range(5):
            shop.product(f"P{number}", 9 - number, product_name=f"Mug {number}")
        shop.product("22423", 9, category="Kitchen", last_price=4, last_sold_at=datetime.now(UTC))
        shop.list_of("users", "3f2a9c", ("85123A", 0.5), ("22423", 0.2))
        shop.list_of("items", "22423", ("85123A", 0.5))
        shop.region("Lahore", "3f2a9c", **{"22423": 4})
        shop.run("insert into identity.customers (user_id) values ('3f2a9c')")
        shop.run("insert into serving.churn_predictions values ('3f2a9c', now(), 0.2, '{}')")
        shop.publish()
        with serving(warehouse_url, tmp_path / "log", **SETTINGS) as client:
            yield client


@pytest.fixture
def known(api: httpx.Client) -> Mapping[str, str]:
    """What the shop knows, and a request of its page."""
    question = {"mode": "products", "product_ids": [f"P{number}" for number in range(5)]}
    accepted = api.post("/shop/requests", json=question)
    return {**KNOWN, "request_id": accepted.raise_for_status().json()["request_id"]}


def breach(
    url: str, operation: Any, mode: GenerationMode, known: Mapping[str, str], statuses: Counter[int]
) -> str | None:
    """What one of many calls of an operation breaks, None if nothing is broken; counts the answers by status."""

    @settings(
        max_examples=N_CASES, deadline=None, database=None, derandomize="OPENAPI_CASES" not in os.environ,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def call(case: Any, is_known: bool) -> None:
        if is_known:
            for given_values in (case.path_parameters, case.query, case.headers):
                given_values.update({name: value for name, value in known.items() if name in given_values})
        response = case.call(base_url=url, headers={"X-API-Key": KEY})
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKED)

    try:
        call()
    except (FailureGroup, Failure) as broken:
        return str(broken)
    except Unsatisfiable:  # nothing is invalid for an operation without parameters
        return None
    return None


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_call_breaks_the_api_or_its_document(
    api: httpx.Client, known: Mapping[str, str], mode: GenerationMode
) -> None:
    breaches = {}
    for operation in OPERATIONS:
        statuses: Counter[int] = Counter()
        breaches[operation.label] = breach(str(api.base_url), operation, mode, known, statuses)
        logger.info("%s %s: %s", mode.value, operation.label, dict(sorted(statuses.items())))
    assert {label: text for label, text in breaches.items() if text} == {}
