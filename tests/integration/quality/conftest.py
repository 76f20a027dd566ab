"""The world that every suite is content with."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

GOOD_WORLD = Path(__file__).with_name("good_world.sql")


@pytest.fixture
def good_world(warehouse_url: str) -> str:
    """URL of a warehouse with good data at all boundaries."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(GOOD_WORLD.read_bytes())
    return warehouse_url
