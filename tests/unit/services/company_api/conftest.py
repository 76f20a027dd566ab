"""A fixture that reads order files."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.company_api.order_book import Company
from services.company_api.order_file import read_company
from tests.unit.services.company_api.order_files import Read


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file, and read it as the company API does."""

    def read(content: str | bytes, name: str = "orders.csv") -> Company:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_company(path)

    return read
