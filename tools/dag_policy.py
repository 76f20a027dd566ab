"""The policy of DAGs, as rules for the people who run them.

A rule checks a DAG and its file, and yields its violations. The tests apply all rules to `dags/`, and break each one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from aisle.pipeline import POOLS

Rule = Callable[[Any, Path], Iterator[str]]

MAX_FILE_LENGTH = 80
LONGEST_TASK = timedelta(hours=12)

#: The parts that a docstring must have.
_PARTS = ("Reads", "Writes", "Safe to rerun")
#: Names that read from outside. A DAG file must not use them, because Airflow parses it again and again.
_READERS = {"Variable", "Connection", "BaseHook", "environ", "getenv", "open", "connect", "get_settings", "read_text"}
_NAMED_ASSET = re.compile(r"assets? `(\w+)`")


def violations(dag: Any, file: Path) -> list[str]:
    """Return the violations of a DAG, each as `rule: what`."""
    return [f"{name}: {what}" for name, rule in RULES.items() for what in rule(dag, file)]


def asset_names(dag: Any) -> tuple[set[str], set[str]]:
    """Return the names of the assets that a DAG reads (those of its schedule and its tasks' inlets), and writes."""
    looked_at = {asset.name for task in dag.tasks for asset in task.inlets}
    return looked_at | waited_for(dag), {asset.name for task in dag.tasks for asset in task.outlets}


def waited_for(dag: Any) -> set[str]:
    """Return the names of the assets whose events start a DAG."""
    return set(_names_in(getattr(dag.timetable, "asset_condition", None)))


def group_of(dag: Any) -> str | None:
    """Return the dataset group of a DAG, None if it is the first group or all groups."""
    return next((tag.removeprefix("group:") for tag in dag.tags if tag.startswith("group:")), None)


def _names_in(condition: Any) -> Iterator[str]:
    """Yield the names in a condition: an asset, or a combination of conditions."""
    for part in getattr(condition, "objects", ()):
        yield from _names_in(part)
    if hasattr(condition, "name"):
        yield condition.name


def part_of(doc: str | None, part: str) -> str:
    """Return the paragraph of a docstring that begins with `part`, up to the next part or blank line."""
    matched = re.search(rf"{part}(.*?)(?=\n\s*\n|\bWrites\b|\Z)", doc or "", re.DOTALL)
    return " ".join(matched[1].split()) if matched else ""


def _says_what_it_does(dag: Any, file: Path) -> Iterator[str]:
    missing = [part for part in _PARTS if part not in (dag.doc_md or "")]
    if missing:
        yield f"the docstring does not say {', '.join(missing)}"


def _is_short(dag: Any, file: Path) -> Iterator[str]:
    n_lines = len(file.read_text().splitlines())
    if n_lines > MAX_FILE_LENGTH:
        yield f"the file has {n_lines} lines, at most {MAX_FILE_LENGTH} are allowed; move code to aisle.stages.<stage>"


def _is_named_after_its_file(dag: Any, file: Path) -> Iterator[str]:
    if dag.dag_id not in (file.stem, f"{file.stem}-{group_of(dag)}"):
        yield f"the DAG is called {dag.dag_id}, its file {file.name}; one name for both keeps ids unique"


def _params_explain_themselves(dag: Any, file: Path) -> Iterator[str]:
    if "run_key" not in dag.params:
        yield "there is no param run_key; add RUN_KEY_PARAM"
    for name in dag.params:
        param = dag.params.get_param(name)
        if not (param.description and (param.schema.get("type") or param.schema.get("enum"))):
            yield f"the param {name} has no type or no description"
        if not param.has_value and param.value is not None and dag.schedule is not None:
            yield f"the param {name} has no default, but scheduled runs need one"


def _is_owned(dag: Any, file: Path) -> Iterator[str]:
    for task in dag.tasks:
        if task.owner != "aisle":
            yield f"the task {task.task_id} is owned by {task.owner}"


def _is_tagged(dag: Any, file: Path) -> Iterator[str]:
    group = group_of(dag)
    allowed = {"aisle", dag.dag_id.removesuffix(f"-{group}"), *([f"group:{group}"] if group else [])}
    if set(dag.tags) != allowed:
        yield f"the tags are {sorted(dag.tags)} instead of {sorted(allowed)}"


def _retries_what_may_pass(dag: Any, file: Path) -> Iterator[str]:
    for task in dag.tasks:
        if not task.retries:
            yield f"the task {task.task_id} is never retried"
        if task.retry_policy is None:
            yield f"the task {task.task_id} has no retry policy, so it retries final errors"


def _ends(dag: Any, file: Path) -> Iterator[str]:
    if dag.dagrun_timeout is None:
        yield "a run has no time limit (dagrun_timeout)"
    for task in dag.tasks:
        if task.execution_timeout is None or task.execution_timeout > LONGEST_TASK:
            yield f"the task {task.task_id} has no time limit of at most {LONGEST_TASK}"


def _runs_once_at_a_time(dag: Any, file: Path) -> Iterator[str]:
    if dag.max_active_runs != 1:
        yield f"{dag.max_active_runs} runs may be active at a time"
    if dag.catchup:
        yield "it runs again for missed intervals (catchup)"


def _waits_in_a_declared_pool(dag: Any, file: Path) -> Iterator[str]:
    declared = set(POOLS)
    for task in dag.tasks:
        if task.pool not in declared:
            yield f"the task {task.task_id} is in the pool {task.pool}; the pools are {sorted(declared)}"


def _tells_of_failure(dag: Any, file: Path) -> Iterator[str]:
    if not dag.on_failure_callback:
        yield "nobody is notified when a run fails (on_failure_callback)"
    for task in dag.tasks:
        if not task.on_failure_callback:
            yield f"nobody is notified when the task {task.task_id} fails (on_failure_callback)"


def _names_its_assets(dag: Any, file: Path) -> Iterator[str]:
    reads, writes = ({name.rpartition("/")[2] for name in names} for names in asset_names(dag))
    for part, assets in (("Reads", reads), ("Writes", writes)):
        named = set(_NAMED_ASSET.findall(part_of(dag.doc_md, part)))
        if unnamed := writes - named if part == "Writes" else set():
            yield f"it writes the assets {sorted(unnamed)}, which {part} leaves out"
        if invented := named - assets:
            yield f"{part} names the assets {sorted(invented)}, which no task or schedule has"


def _reads_nothing_itself(dag: Any, file: Path) -> Iterator[str]:
    """Check the text of the DAG file only. Modules that it imports may read: `aisle.dag` reads the settings and the
    environment's file, whose groups and schedules define the DAGs.
    """
    for node in ast.walk(ast.parse(file.read_text())):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        if name in _READERS:
            yield f"line {getattr(node, 'lineno', '?')} uses {name} while the file is parsed; do it inside a task"


def _stands_alone(dag: Any, file: Path) -> Iterator[str]:
    siblings = {path.stem for path in file.parent.glob("*.py")} | {file.parent.name}
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.split(".")[0] in siblings or name == ".":
                yield f"it imports {name}, another DAG file; move what both need to aisle.stages.<stage>"


RULES: dict[str, Rule] = {
    "says_what_it_does": _says_what_it_does,
    "is_short": _is_short,
    "is_named_after_its_file": _is_named_after_its_file,
    "params_explain_themselves": _params_explain_themselves,
    "is_owned": _is_owned,
    "is_tagged": _is_tagged,
    "retries_what_may_pass": _retries_what_may_pass,
    "ends": _ends,
    "runs_once_at_a_time": _runs_once_at_a_time,
    "waits_in_a_declared_pool": _waits_in_a_declared_pool,
    "tells_of_failure": _tells_of_failure,
    "names_its_assets": _names_its_assets,
    "reads_nothing_itself": _reads_nothing_itself,
    "stands_alone": _stands_alone,
}
