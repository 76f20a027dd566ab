"""The examples of the OpenAPI document run, and keep its schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from services.migrations import upgrade
from tests.serving_shop import Shop
from tests.waiting import wait_for

USER, REQUEST = "3f2a9c", "shop-0f8c3a5de1b24c6f9a7d2e4b61c0d835"
CHOSEN = ["22423", "47566", "85099B", "84879", "21212"]
EXPERIMENTS = """
[[experiments]]
name = "new-weights"
starts_at = 2100-01-01T00:00:00Z
arms = [{ name = "control", group = "shop" }, { name = "heavy", group = "heavy" }]
"""


@dataclass
class Example:
    """The request that the document shows for an operation."""

    method: str
    path: str
    operation: dict[str, Any]
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def fill_in(self, parameter: dict[str, Any]) -> None:
        """Take the example of a parameter; a required one must have one."""
        shown = [example["value"] for example in parameter.get("examples", {}).values()]
        assert shown or not parameter.get("required"), (self.path, parameter["name"])
        for value in shown:
            if parameter["in"] == "path":
                self.path = self.path.replace(f"{{{parameter['name']}}}", value)
            else:
                (self.params if parameter["in"] == "query" else self.headers)[parameter["name"]] = value


def examples(document: dict[str, Any]) -> Iterator[Example]:
    """Return the example of every operation."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            example = Example(method, path, operation)
            for parameter in operation.get("parameters", ()):
                example.fill_in(parameter)
            if "requestBody" in operation:
                example.body = body_of(document, operation["requestBody"]["content"]["application/json"])
            yield example


def body_of(document: dict[str, Any], content: dict[str, Any]) -> Any:
    if "example" in content:
        return content["example"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]["examples"][0]


@pytest.fixture
def stocked(shop: Shop, tmp_path: Path) -> TestClient:
    """The API over a shop that knows all that the examples name."""
    upgrade(shop.url)
    shop.groups("shop", "heavy")
    for product_id in ("85123A", "123", *CHOSEN):
        shop.product(product_id)
    shop.list_of("users", USER, ("85123A", 0.5), ("22423", 0.2), ("123", 0.1))
    shop.list_of("items", "22423", ("85123A", 0.5))
    shop.region("Lahore", USER)
    shop.publish()
    shop.run("insert into identity.customers (user_id) values (%(user)s)", user=USER)
    shop.run(
        "insert into serving.churn_predictions (user_id, prediction_date, churn_risk, features)"
        " values (%(user)s, now(), 0.23, '{}')",
        user=USER,
    )
    shop.run(  # accepted, and answered by the process that starts next
        "insert into serving.shop_requests (user_id, mode, product_ids, metadata)"
        " values (%(request)s, 'products', %(chosen)s, '{}')",
        request=REQUEST, chosen=CHOSEN,
    )  # fmt: skip
    (tmp_path / "experiments.toml").write_text(EXPERIMENTS)
    api = shop.api(open_pages=True, host="127.0.0.1", experiments_file=str(tmp_path / "experiments.toml"))
    wait_for(lambda: api.get(f"/shop/requests/{REQUEST}").status_code == 200, "the request of the shop page")
    return api


def test_the_examples_of_every_operation_run_and_answer_as_the_document_says(stocked: TestClient) -> None:
    document = stocked.get("/openapi.json").json()
    shown = list(examples(document))
    assert len(shown) > 35
    for example in shown:
        answer = stocked.request(
            example.method, example.path, params=example.params, headers=example.headers, json=example.body
        )
        assert answer.is_success, (example.path, answer.text)
        described = example.operation["responses"][str(answer.status_code)]
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
        if example.body is not None and "skipped" in answer.text:
            assert json.loads(answer.text)["skipped"] == 0, example.path


def test_every_example_of_a_schema_keeps_it(shop: Shop) -> None:
    components = shop.api().get("/openapi.json").json()["components"]
    shown = [
        (name, schema, example)
        for name, schema in components["schemas"].items()
        for example in schema.get("examples", ())
    ]
    assert len(shown) > 5
    for name, schema, example in shown:
        broken = list(Draft202012Validator({**schema, "components": components}).iter_errors(example))
        assert not broken, (name, broken)
