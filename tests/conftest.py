"""The environment of every test, and the plugins with the fixtures that all folders share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = (
    "tests.plugins.scheduling",
    "tests.plugins.servers",
    "tests.plugins.settings",
    "tests.plugins.airflow_in_process",
    "tests.plugins.aws_clients",
    "tests.plugins.browser",
)

# Hypothesis looks at the clock on the wall: a busy machine would fail what it has drawn.
settings.register_profile("aisle", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aisle")

# Before anything imports Airflow: its home is a scratch folder, and nothing calls out.
_AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="aisle-airflow-"))
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
_ROOT = Path(__file__).parents[1]
os.environ.update(
    AIRFLOW_HOME=str(_AIRFLOW_HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(_ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_ROOT / "plugins"),
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__CORE__FERNET_KEY="",
    AWS_ACCESS_KEY_ID="aisle",
    AWS_SECRET_ACCESS_KEY="aisle-secret",
    AWS_DEFAULT_REGION="us-east-1",
    AISLE_IDENTITY__HASH_KEY="key-of-the-tests",
    DO_NOT_TRACK="1",
    DBT_SEND_ANONYMOUS_USAGE_STATS="False",
    GX_ANALYTICS_ENABLED="False",
)

DATASETS = _ROOT.parent / "shared" / "datasets"


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the real data sets; a test that asks for them is skipped where they are not."""
    if not DATASETS.exists():
        pytest.skip(f"no real data sets: {DATASETS} does not exist")
    return DATASETS
