"""The control plane of a fresh engine, and a dataset group in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.services.engine.control import Control


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(tmp_path)


@pytest.fixture
def group(control: Control) -> str:
    return control.group()
