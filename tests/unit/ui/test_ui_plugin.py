"""The plugin as Airflow's loader sees it, in every process of Airflow."""

from __future__ import annotations

import os
import subprocess
import sys

from aisle.settings import PROJECT_ROOT

_LOAD = """
import sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
assert not errors, errors
print([plugin.name for plugin in plugins])
print([(view["name"], view["href"]) for plugin in plugins for view in plugin.external_views])
print("aisle.ui.app" in sys.modules)
"""


def load(**environment: str) -> list[str]:
    """What a fresh process finds: names of plugins, their views, whether the pages were imported."""
    environment = os.environ | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins")} | environment
    command = [sys.executable, "-c", _LOAD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.splitlines()[-3:]


def test_the_loader_finds_one_plugin_and_no_process_pays_for_pages_that_it_does_not_serve() -> None:
    names, views, has_pages = load(AIRFLOW__API__BASE_URL="https://company.example/airflow")
    assert names == "['aisle']"
    assert views == "[('Aisle', '/airflow/aisle/pipeline'), ('Receipts', '/airflow/aisle/runs/{DAG_ID}/{RUN_ID}')]"
    assert has_pages == "False"
