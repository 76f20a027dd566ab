from __future__ import annotations

import os
from pathlib import Path

import pytest

from aisle.stages.transform import project


def test_only_the_newest_run_folders_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "newer", "old", "oldest")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
        os.utime(tmp_path / name, (1_700_000_000 - age, 1_700_000_000 - age))
    project.forget_old_runs(tmp_path, kept=2)
    assert {folder.name for folder in tmp_path.iterdir()} == {"newest", "newer"}


def test_the_profile_gets_the_parts_of_the_url_for_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_DB", "mine")
    variables = project.warehouse_variables("postgresql://me:p%40ss@db:5433/warehouse")
    assert variables == {
        "WAREHOUSE_HOST": "db",
        "WAREHOUSE_PORT": "5433",
        "WAREHOUSE_USER": "me",
        "WAREHOUSE_PASSWORD": "p@ss",
        "WAREHOUSE_DB": "warehouse",
    }
    with project._environment(**variables):
        assert os.environ["WAREHOUSE_PASSWORD"] == "p@ss"
    assert os.environ["WAREHOUSE_DB"] == "mine"
    assert "WAREHOUSE_PASSWORD" not in os.environ
