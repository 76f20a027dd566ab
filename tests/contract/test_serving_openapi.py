"""Every operation of the serving API, called with what its OpenAPI document allows and with what it does not.

`OPENAPI_CASES` cases of each operation and kind; 6 by default, so that it fits into every run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode

from services.migrations import upgrade
from services.serving.app import create_app
from tests.integration.serving.test_serving_program import KEY, serving
from tests.serving_shop import Shop, api_settings

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
OPERATIONS = [result.ok() for result in DOCUMENT.get_all_operations()]
#: What waits for something that this shop does not have says so; the document has it.
NOT_YET = 503


@pytest.fixture
def api_url(warehouse_url: str, tmp_path: Path) -> Iterator[str]:
    """The program itself over a shop in which every kind of answer has something to say."""
    with ExitStack() as opened_apis:
        shop = Shop(warehouse_url, opened_apis)
        upgrade(warehouse_url)
        shop.product("22423", 9, category="Kitchen", last_price=4, last_sold_at=datetime.now(UTC))
        shop.list_of("users", "3f2a9c", ("85123A", 0.5), ("22423", 0.2))
        shop.list_of("items", "22423", ("85123A", 0.5))
        shop.region("Lahore", "3f2a9c", **{"22423": 4})
        shop.publish()
        with serving(warehouse_url, tmp_path / "log", SERVING_OPEN_PAGES="true") as client:
            yield str(client.base_url)


def breach(url: str, operation: Any, mode: GenerationMode) -> str | None:
    """What one of many calls of an operation breaks; None if nothing is broken."""

    @settings(
        max_examples=N_CASES, deadline=None, database=None, derandomize="OPENAPI_CASES" not in os.environ,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        response = case.call(base_url=url, headers={"X-API-Key": KEY})
        if response.status_code != NOT_YET:
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
def test_no_call_breaks_the_api_or_its_document(api_url: str, mode: GenerationMode) -> None:
    breaches = {operation.label: breach(api_url, operation, mode) for operation in OPERATIONS}
    assert {label: text for label, text in breaches.items() if text} == {}
