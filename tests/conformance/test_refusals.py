"""Every error that the models give an operation is answered where it is due, or has a reason why it cannot occur."""

from __future__ import annotations

import pytest

from services.engine.protocol import CONTROL, SERVICES, operations
from tests.conformance import refusals
from tests.conformance.conftest import Refusal
from tests.conformance.drivers import SERVICE_OF, modelled_errors

TABLE = refusals.table()
MODELLED = [(name, code) for service in SERVICES for name in operations(service) for code in modelled_errors(name)]


def test_table_holds_every_error_of_the_models() -> None:
    assert len(MODELLED) > 200
    assert {*TABLE} | {*refusals.IMPOSSIBLE} == {*MODELLED}
    assert not {*TABLE} & {*refusals.IMPOSSIBLE}


@pytest.mark.parametrize(("operation", "code"), TABLE)
def test_refused(refused: dict[tuple[str, str], Refusal], operation: str, code: str) -> None:
    answer = refused[operation, code]
    assert answer.body.get("__type") == code, answer
    assert answer.status == modelled_errors(operation)[code]
    assert answer.body["message"]
    assert answer.header == (None if SERVICE_OF[operation] == CONTROL else code)
