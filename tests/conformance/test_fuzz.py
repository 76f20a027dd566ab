"""Requests built from the models' shapes, valid and invalid: every answer is a success or an error of the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.engine.app import Engine
from services.engine.protocol import SERVICES, operations, service_model
from services.engine.settings import EngineSettings
from tests.fuzz.operations import NO_S3, NUMBERS, REGION, WORDS, arns, run

ARNS = st.sampled_from(arns())
TEXTS = st.sampled_from(WORDS) | st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.sampled_from(NUMBERS) | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def values(shape: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Generate values that fit a shape, and some that do not."""
    return st.one_of(fitting(shape, name), fitting(shape, name), fitting(shape, name), JSON)


def fitting(shape: Any, name: str = "") -> st.SearchStrategy[Any]:
    if shape.type_name == "structure":
        required = {key: values(shape.members[key], key) for key in shape.required_members}
        optional = {key: values(member, key) for key, member in shape.members.items() if key not in required}
        return st.fixed_dictionaries(required, optional=optional)
    if shape.type_name == "list":
        return st.lists(values(shape.member, name), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(TEXTS, values(shape.value), max_size=3)
    if shape.type_name == "string":
        return st.sampled_from(shape.enum) if shape.enum else ARNS if name.endswith("Arn") else TEXTS
    return st.booleans() if shape.type_name == "boolean" else st.sampled_from(NUMBERS)


REQUESTS = {
    (service, name): values(service_model(service).operation_model(name).input_shape)
    for service in SERVICES
    for name in operations(service)
}


@pytest.fixture(scope="module")
def engine_in_process(grown: Any) -> Iterator[Engine]:
    """An engine with data, models and campaigns in it."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in NO_S3.items():
            patched.setenv(name, value)
        engine = Engine.open(EngineSettings(data_dir=grown.engine.data_dir.with_name("copy")))
        yield engine
        engine.close()


@settings(max_examples=400, derandomize=True)
@given(case=st.sampled_from([*REQUESTS]).flatmap(lambda key: st.tuples(st.just(key), REQUESTS[key])))
def test_any_request_is_answered_or_refused(engine_in_process: Engine, case: Any) -> None:
    (service, name), request = case
    reply = engine_in_process.answer(operations(service)[name], orjson.dumps(request), REGION)
    assert reply.status < 500, reply
    assert isinstance(orjson.loads(reply.body), dict)


@settings(max_examples=200, derandomize=True)
@given(name=st.sampled_from([*REQUESTS]), body=st.binary(max_size=60) | JSON.map(orjson.dumps))
def test_any_bytes_are_answered_or_refused(engine_in_process: Engine, name: Any, body: bytes) -> None:
    reply = engine_in_process.answer(operations(name[0])[name[1]], body, REGION)
    assert reply.status < 500, reply


def test_seeded_requests_are_answered_or_refused(engine_in_process: Engine) -> None:
    outcome = run(engine_in_process, inputs=5_000, seed=7)
    assert outcome.failures == []
    assert sum(outcome.codes.values()) == 5_000
    assert outcome.codes[None] > 100, "too few requests are valid to find anything"
