"""Write `dags/README.md`, the index of all DAGs, from the DAGs themselves: `python -m tools.dag_index`."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from typing import Any

from airflow.serialization.definitions.notset import ArgNotSet

from aisle.pipeline import PIPELINE
from aisle.settings import PREFIX, PROJECT_ROOT
from tools.dag_policy import asset_names, group_of, part_of, waited_for

README = PROJECT_ROOT / "dags" / "README.md"

#: The stages in order; DAGs of no stage follow in order of their names.
_ORDER = [stage.name for stage in PIPELINE]

_HEAD = """\
# The DAGs

Written by `make dags-readme` from the DAGs in this folder; a test compares. A DAG file says when and in which order;
how is in `plugins/aisle/stages/<stage>/`. Each further dataset group of the environment's file has the DAGs of the
first, from `export-<group>` to `publish-<group>`. In the picture an asset starts the DAG that its arrow points to; a
dotted arrow means that the DAG only reads it.
"""


def index(dags: Iterable[Any]) -> str:
    """Return the index. Each file is listed once, by the DAG of the first dataset group."""
    ordered = sorted((dag for dag in dags if group_of(dag) is None), key=_place)
    table = "\n".join(["| DAG | Runs | Reads | Writes |", "|---|---|---|---|", *map(_row, ordered)])
    return "\n".join([_HEAD, _picture(ordered), "", table, "", *map(_section, ordered)])


def parsed_dags() -> list[Any]:
    """Return every DAG of dags/, with default settings. Raises RuntimeError if a file cannot be imported."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - the index itself needs no Airflow

    bag = DagBag(dag_folder=str(README.parent))
    if bag.import_errors:
        raise RuntimeError(f"parsing dags/ for their index: {bag.import_errors}; fix these files first")
    return list(bag.dags.values())


def _place(dag: Any) -> tuple[int, str]:
    return (_ORDER.index(dag.dag_id) if dag.dag_id in _ORDER else len(_ORDER), dag.dag_id)


def _picture(dags: list[Any]) -> str:
    arrows = [arrow for dag in dags for arrow in _arrows(dag)]
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {arrow}" for arrow in arrows), "```"])


def _arrows(dag: Any) -> list[str]:
    reads, writes = asset_names(dag)
    started_by = waited_for(dag)
    looked_at = reads - started_by - writes
    return [
        *(f"{asset}([{asset}]) --> {dag.dag_id}" for asset in sorted(started_by)),
        *(f"{asset}([{asset}]) -.-> {dag.dag_id}" for asset in sorted(looked_at)),
        *(f"{dag.dag_id} --> {asset}([{asset}])" for asset in sorted(writes)),
    ]


def _row(dag: Any) -> str:
    reads, writes = asset_names(dag)
    cells = (f"[{dag.dag_id}](#{dag.dag_id})", _clock(dag), _assets(reads - writes), _assets(writes))
    return f"| {' | '.join(cells)} |"


def _clock(dag: Any) -> str:
    if assets := waited_for(dag):
        return f"after {_assets(assets)}"
    cron = getattr(dag.timetable, "expression", None)
    return f"`{cron}` UTC" if cron else "by hand"


def _assets(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _section(dag: Any) -> str:
    lines = [
        f"## {dag.dag_id}\n",
        f"Runs {_clock(dag)}. [{dag.dag_id}.py]({dag.dag_id}.py)\n",
        *(f"- {part} {said}" for part in ("Reads", "Writes") if (said := part_of(dag.doc_md, part))),
        *_params(dag),
        "",
        *_steps(dag.doc_md or ""),
        "",
    ]
    return "\n".join(lines)


def _params(dag: Any) -> list[str]:
    params = {name: dag.params.get_param(name) for name in dag.params}
    return [f"- `{name}` ({_default(param)}): {param.description}" for name, param in params.items()]


def _default(param: Any) -> str:
    if isinstance(param.value, ArgNotSet):
        return "required"
    return "empty by default" if param.value in (None, "") else f"default `{param.value}`"


def _steps(doc: str) -> list[str]:
    """Return the numbered steps of a docstring, each joined to one line."""
    steps = re.findall(r"^\d+\. .*(?:\n(?!\d+\. |\s*$).*)*", doc, re.MULTILINE)
    return [" ".join(step.split()) for step in steps]


def main() -> None:
    """Write the index, independent of the settings of this environment."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(AIRFLOW_HOME=home, AIRFLOW__CORE__LOAD_EXAMPLES="False")
        README.write_text(index(parsed_dags()))


if __name__ == "__main__":
    main()
