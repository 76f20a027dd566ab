"""The datasets of a group as files of this machine, the same bytes as the export stage uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.sql import Composable

from airflow_postgres_s3.copy_to_s3 import RecordFormat, copy_rows
from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.dataset_rows import checked_query
from aisle.warehouse import sql


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written; `n_rows` leaves out the header."""

    path: Path
    n_rows: int


def write_datasets(connection: psycopg.Connection, group: DatasetGroup, folder: Path) -> Sequence[WrittenFile]:
    """Write `<dataset>.csv` of each dataset of a group, all of one snapshot. No file changes unless all are written.

    Raises ContractBroken if Personalize would refuse a value, FinalError if the folder cannot be written.
    """
    return _write_all(connection, _queries(connection, group), folder, {})


def write_split(
    connection: psycopg.Connection, group: DatasetGroup, folder: Path, test_days: int
) -> Sequence[WrittenFile]:
    """Write `test/interactions.csv` with the newest days, and `train/<dataset>.csv` with what lies before them.

    Raises as `write_datasets` does, and FinalError if the group has no interactions.
    """
    marts = {dataset.name: group.mart(dataset.name) for dataset in group.datasets}
    _queries(connection, group)  # the training rows are a part of what this checks
    bounds = sql("evaluation/hold_out/bounds", interactions=marts["interactions"])
    starts_at, *_ = connection.execute(bounds.encode(), {"hold_out_days": test_days}).fetchone() or (None,)
    if starts_at is None:
        raise FinalError(f"splitting the interactions of {group.name}: it has none; run `ingest` and `transform` first")
    queries = {f"train/{name}": _training_rows(name, marts) for name in marts}
    queries["test/interactions"] = sql("evaluation/test_rows/interactions", interactions=marts["interactions"])
    return _write_all(connection, queries, folder, {"starts_at": starts_at})


def _training_rows(name: str, marts: Mapping[str, Composable]) -> str:
    return sql(f"evaluation/training_rows/{name}", **{mart: marts[mart] for mart in {"interactions", name}})


def _queries(connection: psycopg.Connection, group: DatasetGroup) -> Mapping[str, str]:
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return {dataset.name: checked_query(connection, group, dataset) for dataset in group.datasets}


def _write_all(
    connection: psycopg.Connection, queries: Mapping[str, str], folder: Path, values: Mapping[str, Any]
) -> Sequence[WrittenFile]:
    """Write the file of each query, named below the folder without its ending; all of them, or none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".export-") as staging:
            written = {name: _write(connection, query, Path(staging, f"{name}.csv"), values)
                       for name, query in queries.items()}  # fmt: skip
            for name in queries:
                (folder / name).parent.mkdir(exist_ok=True)
            return [
                WrittenFile(file.path.replace(folder / f"{name}.csv"), file.n_rows) for name, file in written.items()
            ]
    except OSError as error:
        raise FinalError(
            f"writing the datasets to {folder}: {error.strerror or error}; name a folder that can be written"
        ) from error


def _write(connection: psycopg.Connection, query: str, path: Path, values: Mapping[str, Any]) -> WrittenFile:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        return WrittenFile(path, copy_rows(connection, query, RecordFormat.PERSONALIZE_CSV, file.write, values))
