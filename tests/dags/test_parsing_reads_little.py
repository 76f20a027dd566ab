"""What is read while DAG files are parsed, which happens again and again: no program is asked, and no data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aisle.settings import PROJECT_ROOT, Settings

#: Prints what is opened and connected to while the files of a folder are parsed.
PARSE = """
import sys
from airflow.dag_processing.dagbag import DagBag

def note(event, details):
    if event in ("open", "socket.connect", "subprocess.Popen"):
        print(event, details[1] if event == "socket.connect" else details[0])

sys.addaudithook(note)
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
assert {"dbt.cli.main", "great_expectations", "pandas"}.isdisjoint(sys.modules)
print("parsed", len(bag.dags))
"""


def _events_of_parsing(folder: Path, home: Path) -> list[tuple[str, str]]:
    """Return what was done and to what: files of the project beside code and the DAGs' folder, programs, addresses."""
    run = subprocess.run(
        [sys.executable, "-c", PARSE, str(folder)],
        cwd=PROJECT_ROOT, env=os.environ | {"AIRFLOW_HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    events = [(kind, thing) for kind, _, thing in (line.partition(" ") for line in run.stdout.splitlines())]
    assert any(kind == "parsed" and int(thing) > 0 for kind, thing in events)
    return [
        (kind, thing)
        for kind, thing in events
        if kind in ("socket.connect", "subprocess.Popen")
        or (kind == "open" and PROJECT_ROOT in Path(thing).parents and _is_data(Path(thing), folder))
    ]


def _is_data(file: Path, folder: Path) -> bool:
    return file.suffix not in (".py", ".pyc") and ".venv" not in file.parts and file.parent != folder


def test_parsing_the_dags_reads_the_dataset_groups_and_the_sources_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings()
    files = [settings.personalize.resources_file, *settings.ingest.sources_folder.glob("*.toml")]
    assert set(_events_of_parsing(PROJECT_ROOT / "dags", tmp_path)) == {("open", str(file)) for file in files}


def test_a_dag_that_asks_somebody_while_it_is_parsed_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text(
        "import contextlib, socket\n"
        "from airflow.sdk import dag\n"
        "with contextlib.suppress(OSError):\n"
        "    socket.create_connection(('127.0.0.1', 1))\n"
        "@dag(schedule=None)\ndef asks(): ...\n"
        "asks()\n"
    )
    assert ("socket.connect", "('127.0.0.1', 1)") in _events_of_parsing(tmp_path, tmp_path / "home")
