from __future__ import annotations

from botocore import xform_name

from services.engine.coverage import COVERAGE, coverage
from services.engine.operations.base import Operations
from services.engine.protocol import CONTROL, EVENTS, RUNTIME, service_model
from services.engine.provider import Provider


def operation_names() -> list[str]:
    return [name for service in (CONTROL, RUNTIME, EVENTS) for name in service_model(service).operation_names]


def test_coverage_file_is_current() -> None:
    assert COVERAGE.read_text() == coverage(), "run python -m services.engine.coverage"


def test_every_public_method_of_the_provider_is_an_operation() -> None:
    operations = {xform_name(name) for name in operation_names()}
    shared = set(vars(Operations)) | {"answer", "answer_data", "store", "lifecycle", "datasets"}
    methods = {name for name in dir(Provider) if not name.startswith("_")} - shared
    assert methods
    assert methods <= operations


def test_no_shared_method_is_mistaken_for_an_operation() -> None:
    operations = {xform_name(name) for name in operation_names()}
    assert not set(vars(Operations)) & operations
