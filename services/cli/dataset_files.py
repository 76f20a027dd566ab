"""The datasets of a group as files of this machine, the same bytes as the export stage uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from airflow_postgres_s3.copy_to_s3 import RecordFormat, copy_rows
from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.dataset_rows import checked_query


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written; `n_rows` leaves out the header."""

    path: Path
    n_rows: int


def write_datasets(connection: psycopg.Connection, group: DatasetGroup, folder: Path) -> Sequence[WrittenFile]:
    """Write `<dataset>.csv` of each dataset of a group, all of one snapshot. No file changes unless all are written.

    Raises ContractBroken if Personalize would refuse a value, FinalError if the folder cannot be written.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    queries = {dataset.name: checked_query(connection, group, dataset) for dataset in group.datasets}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".export-") as staging:
            written = [_write(connection, query, Path(staging, f"{name}.csv")) for name, query in queries.items()]
            return [WrittenFile(file.path.replace(folder / file.path.name), file.n_rows) for file in written]
    except OSError as error:
        raise FinalError(
            f"writing the datasets to {folder}: {error.strerror or error}; name a folder that can be written"
        ) from error


def _write(connection: psycopg.Connection, query: str, path: Path) -> WrittenFile:
    with path.open("wb") as file:
        return WrittenFile(path, copy_rows(connection, query, RecordFormat.PERSONALIZE_CSV, file.write, {}))
