"""AWS clients at a fraction of their usual cost: tests make thousands, and tasks make one each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.loaders
import pytest


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Read botocore's descriptions of the services once per process; each new session would read them from disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", _loader)
        yield


@cache
def _loader(data_path: str | None = None) -> Any:
    return botocore.loaders.Loader(data_path.split(os.pathsep) if data_path else [])
