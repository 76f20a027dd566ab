"""A stack of its own that runs the examples: Airflow's four processes, PostgreSQL, S3 and the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.stack.settings import StackSettings
from services.stack.supervisor import Stack

EXAMPLES = Path(__file__).parent / "airflow_personalize"
PARTS = ("AIRFLOW", "SERVING", "REPORTS", "ENGINE", "COMPANY_API", "S3", "POSTGRES")


@pytest.fixture(scope="session")
def example_files() -> list[Path]:
    """Every example; each is one DAG, named like its file."""
    files = sorted(EXAMPLES.glob("example_*.py"))
    assert files
    return files


@pytest.fixture(scope="module")  # its environment is not that of other tests
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded stack, with the examples instead of the pipeline, on ports that are free."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AISLE_", "AWS_"))]:
            patch.delenv(name)
        for part in PARTS:
            patch.setenv(f"STACK_{part}_PORT", "0")
        patch.setenv("STACK_ROOT", str(tmp_path_factory.mktemp("examples")))
        patch.setenv("STACK_PARALLELISM", "6")
        patch.setenv("COMPANY_API_SCALE", "tiny")
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(EXAMPLES))
        # The processes are few and small, the tasks many and short: the scheduler looks often.
        patch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME", "0.2")
        # Nobody edits an example meanwhile: each is parsed once.
        patch.setenv("AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL", "3600")
        with Stack(StackSettings()).running() as running:
            yield running


@pytest.fixture(scope="module")
def runs(stack: Stack, example_files: list[Path]) -> dict[str, str]:
    """One run of every example, all under way; the id of the run by that of its DAG."""
    return {path.stem: stack.airflow.trigger(path.stem) for path in example_files}
