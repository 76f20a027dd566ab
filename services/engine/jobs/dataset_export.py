"""Export: write the rows of a dataset to one CSV file in S3, which an import can read.

Reads   the dataset's parts (BULK), its single records (PUT) or both (ALL).
Writes  `<dataset type>-<job name>.csv` to `jobOutput.s3DataDestination.path`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from personalize_kinds.kinds import DATASET
from services.engine import s3
from services.engine.data import tables
from services.engine.data.datasets import Datasets
from services.engine.files import DataFolder
from services.engine.lifecycle import Completion
from services.engine.resources import Resource
from services.engine.schemas import ID_COLUMNS
from services.engine.store import Store


class DatasetExport:
    """The job of CreateDatasetExportJob."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._storage = storage

    def __call__(self, job: Resource) -> Completion:
        dataset = self._store.get(DATASET, job.body["datasetArn"])
        target = s3.location(job.body["jobOutput"]["s3DataDestination"]["path"])
        table = self._rows(dataset, job.body["ingestionMode"])
        with self._files.scratch() as scratch:
            write_csv(table, scratch)
            self._storage.upload(scratch, target.within(f"{dataset.body['datasetType']}-{job.tail}.csv"))
        n_rows = len(table)

        def complete(job: Resource) -> None:
            job.inner["rows"] = n_rows

        return complete

    def _rows(self, dataset: Resource, mode: str) -> Any:
        """Return the distinct rows of a mode; with ALL, items and users have only the newest row of each id."""
        if mode == "ALL" and dataset.body["datasetType"] in ID_COLUMNS:
            return self._datasets.table(dataset)
        sources = {"BULK": [self._datasets.bulk], "PUT": [self._datasets.put]}
        chosen = sources.get(mode, [self._datasets.bulk, self._datasets.put])
        return tables.distinct(tables.joined(*(rows(dataset) for rows in chosen)))


def write_csv(table: Any, path: Path) -> None:
    """Write a table as CSV: header without quotes, texts in quotes, backslashes doubled, as imports read them."""
    columns = [
        pc.replace_substring(table[field.name], "\\", "\\\\") if pa.types.is_string(field.type) else table[field.name]
        for field in table.schema
    ]
    with path.open("wb") as file:
        file.write(f"{','.join(table.column_names)}\n".encode())
        csv.write_csv(
            pa.table(columns, names=table.column_names),
            file,
            csv.WriteOptions(include_header=False, quoting_style="needed"),
        )
