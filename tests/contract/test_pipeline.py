"""One table of stages: what each part of the platform knows of a stage comes from its row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aisle.pipeline import BY_NAME, PIPELINE, POOLS, STAGES, Stage
from aisle.settings import PROJECT_ROOT, Settings

DAG_FILES = {path.stem for path in (PROJECT_ROOT / "dags").glob("*.py")}
PACKAGES = {path.parent.name for path in (PROJECT_ROOT / "plugins" / "aisle" / "stages").glob("*/tasks.py")}


def test_every_dag_file_is_a_stage_and_every_stage_a_dag_file() -> None:
    assert set(BY_NAME) == DAG_FILES


def test_every_package_of_stages_is_a_row() -> None:
    assert PACKAGES
    assert PACKAGES - set(BY_NAME) == set()


def test_names_and_prefixes_are_given_once() -> None:
    assert len(BY_NAME) == len(STAGES)
    given = [stage.prefix for stage in STAGES if stage.prefix]
    assert len(set(given)) == len(given)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_row_fits_together(stage: Stage) -> None:
    assert stage.pool in POOLS
    assert stage.follows is None or BY_NAME[stage.follows].output
    assert BY_NAME[stage.pace].schedule or not stage.is_in_pipeline
    assert (stage.prefix is None) == (stage.contents is None)
    assert stage.prefix is None or stage.prefix.endswith("/")


def test_the_pipeline_runs_from_left_to_right() -> None:
    order = [stage.name for stage in PIPELINE]
    assert all(order.index(stage.follows) < order.index(stage.name) for stage in PIPELINE if stage.follows)


def test_settings_have_a_schedule_and_a_deadline_for_each_stage_that_has_one() -> None:
    settings = Settings()
    assert settings.schedules.model_dump() == {stage.name: stage.schedule for stage in STAGES if stage.schedule}
    limits = {stage.name: stage.deadline_minutes for stage in STAGES if stage.deadline_minutes is not None}
    assert settings.deadlines.model_dump() == limits


ADD_A_STAGE = """
from aisle import pipeline

row = pipeline.Stage(
    "audit", "lists that people look at", schedule="5 5 * * *", output="findings", is_per_group=True,
    deadline_minutes=7, pool=pipeline.PERSONALIZE, priority=2, prefix="audit/", contents="records",
)
pipeline.STAGES = (*pipeline.STAGES, row)
source = open(pipeline.__file__).read()
exec(source[source.index("BY_NAME: Final"):], vars(pipeline))

from airflow.sdk import dag, task

from aisle.dag.defaults import stage_dag
from aisle.groups.dataset_group import dataset_groups
from aisle.settings import get_settings
from aisle.stages.erase import files as erase_files
from aisle.stages.maintain import files as maintain_files
from aisle.ui import pipeline as page
from services.demo.pipeline import DEMO_STAGES
from tools import dag_index


@dag(**stage_dag("audit", "Audit", clock="audit"))
def audit():
    task(lambda: None, task_id="look")()


made = audit()
assert get_settings().schedules.audit == "5 5 * * *" and get_settings().deadlines.audit == 7
assert (made.tasks[0].pool, made.tasks[0].priority_weight) == ("personalize", 2)
assert made.timetable.expression == "5 5 * * *" and made.deadline is not None
assert "audit/" in erase_files.prefixes("records") and "audit/" in maintain_files.prefixes("records", "erasures")
assert "audit" in dataset_groups()[0].stages and DEMO_STAGES["audit"] is None
assert page.PIPELINE[-1].name == "audit" == dag_index._ORDER[-1]
print("known everywhere")
"""


def test_a_stage_that_is_added_is_known_everywhere(tmp_path: Path) -> None:
    """Its row is enough for settings, pool, deadline, group, page, demo, index, retention and erasure."""
    run = subprocess.run(
        [sys.executable, "-c", ADD_A_STAGE],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT_ROOT)},
    )
    assert run.returncode == 0, run.stderr
    assert "known everywhere" in run.stdout
