"""Companies to ingest from, and ingest itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aisle.orders.client import CompanyApi
from tests.integration.ingest.ingest import Ingest, SimulatedCompany, client_of, simulation
from tests.integration.ingest.scripted_company import ScriptedCompany, scripted_company


@pytest.fixture
def company() -> Iterator[ScriptedCompany]:
    with scripted_company() as scripted:
        yield scripted


@pytest.fixture
def simulated() -> Iterator[SimulatedCompany]:
    """The tiny generated company."""
    with simulation(scale="tiny") as company:
        yield company


@pytest.fixture
def simulate() -> Any:
    """Makes simulated companies: a context manager that takes the simulator's settings."""
    return simulation


@pytest.fixture
def client(company: ScriptedCompany) -> Callable[..., CompanyApi]:
    """Makes a client of the scripted company, with fast retries."""
    return lambda **changes: client_of(company, **changes)


@pytest.fixture
def ingest(company: ScriptedCompany, warehouse_url: str, s3: Any, bucket: str) -> Ingest:
    """Ingest from the scripted company."""
    return Ingest(company, warehouse_url, s3, bucket)


@pytest.fixture
def ingest_from(warehouse_url: str, s3: Any, bucket: str) -> Callable[[Any], Ingest]:
    """Ingest with a company of the test's own."""
    return lambda company: Ingest(company, warehouse_url, s3, bucket)
