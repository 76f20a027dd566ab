from __future__ import annotations

from botocore import xform_name

from services.engine.coverage import COVERAGE, coverage
from services.engine.operations.base import Operations
from services.engine.protocol import service_model
from services.engine.provider import Provider


def test_coverage_file_is_current() -> None:
    assert COVERAGE.read_text() == coverage(), "run python -m services.engine.coverage"


def test_every_public_method_of_the_provider_is_an_operation() -> None:
    operations = {xform_name(name) for name in service_model().operation_names}
    shared = set(vars(Operations)) | {"answer", "store", "lifecycle"}
    methods = {name for name in dir(Provider) if not name.startswith("_")} - shared
    assert methods
    assert methods <= operations


def test_no_shared_method_is_mistaken_for_an_operation() -> None:
    operations = {xform_name(name) for name in service_model().operation_names}
    assert not set(vars(Operations)) & operations
