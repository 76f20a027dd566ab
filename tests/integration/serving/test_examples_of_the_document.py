"""The examples of the OpenAPI document run, and keep its schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from jsonschema import Draft202012Validator

from services.migrations import upgrade
from tests.serving_shop import Shop

#: Tags of the operations whose examples need nothing but a shop.
SHOP_IS_ENOUGH = (["recommendations"], ["regions"], ["health"])


def examples(described: dict[str, Any]) -> Iterator[tuple[str, str, Any, dict[str, Any]]]:
    """Method, path, body and operation of each, asked with the examples of the document."""
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if operation.get("tags") not in SHOP_IS_ENOUGH:
                continue
            filled_in, query = path, dict[str, str]()
            for parameter in operation.get("parameters", ()):
                for example in parameter.get("examples", {}).values():
                    if parameter["in"] == "path":
                        filled_in = filled_in.replace(f"{{{parameter['name']}}}", example["value"])
                    else:
                        query[parameter["name"]] = example["value"]
            body = None
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                body = schemas[reference.rpartition("/")[2]].get("examples", [None])[0]
            yield method, f"{filled_in}?{urlencode(query)}", body, operation


def test_the_examples_of_the_document_run_and_answer_as_it_says(shop: Shop) -> None:
    shop.product("22423")
    shop.list_of("users", "3f2a9c", ("85123A", 0.5), ("22423", 0.2))
    shop.list_of("items", "22423", ("85123A", 0.5))
    shop.region("Lahore", "3f2a9c")
    shop.publish()
    upgrade(shop.url)
    api = shop.api(open_pages=True)
    described = api.get("/openapi.json").json()
    for method, path, body, operation in examples(described):
        answer = api.request(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        schema = operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        if schema:
            Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())


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
