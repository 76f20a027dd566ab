from __future__ import annotations

from botocore import xform_name

from services.engine.coverage import COVERAGE, REFUSED, coverage
from services.engine.operations.base import Operations
from services.engine.protocol import SERVICES, operations
from services.engine.provider import Provider


def operation_names() -> list[str]:
    return [name for service in SERVICES for name in operations(service)]


def test_coverage_file_is_current() -> None:
    assert COVERAGE.read_text() == coverage(), "run python -m services.engine.coverage"


def test_what_is_refused_by_design_is_an_operation() -> None:
    assert set(REFUSED) <= set(operation_names())


def test_every_public_method_of_the_provider_is_an_operation() -> None:
    names = {xform_name(name) for name in operation_names()}
    shared = set(vars(Operations)) | {"answer", "store", "lifecycle", "datasets", "quotas"}
    methods = {name for name in dir(Provider) if not name.startswith("_")} - shared
    assert methods
    assert methods <= names


def test_no_shared_method_is_mistaken_for_an_operation() -> None:
    assert not set(vars(Operations)) & {xform_name(name) for name in operation_names()}


def test_groups_of_operations_do_not_shadow_each_other() -> None:
    """All groups are bases of one class: a helper of one must not take the place of another's."""
    owners: dict[str, str] = {}
    for group in Provider.__mro__[1:-1]:
        for name in vars(group):
            if not name.startswith("__"):
                assert owners.setdefault(name, group.__name__) == group.__name__, name
