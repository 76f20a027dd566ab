"""Import: CSV files in S3 → one immutable parquet part of the dataset, streamed.

Reads   the objects that `dataSource.dataLocation` means.
Writes  a part named after the job; the dataset's record lists the parts that hold its data.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from personalize_kinds.kinds import DATASET
from personalize_kinds.limits import MIN_INTERACTIONS
from services.engine import s3
from services.engine.data import csv_rows
from services.engine.data.datasets import Datasets
from services.engine.data.tables import arrow_schema
from services.engine.errors import JobFailed
from services.engine.files import DataFolder, discard, publish
from services.engine.jobs.attribution import AttributionReports
from services.engine.lifecycle import Completion
from services.engine.resources import Resource
from services.engine.schemas import DatasetSchema
from services.engine.store import Store

GIGABYTE = 10**9
#: Most bytes in the files of an import. Source: developer guide, "Quotas".
MAX_BYTES = {"FULL": 100 * GIGABYTE, "INCREMENTAL": GIGABYTE}
#: Distinct event types and own columns of an Interactions dataset together.
MAX_EVENT_TYPES_AND_COLUMNS = 10
#: So much of a column is held to find its distinct values; ids of a million users fit.
DICTIONARY_BYTES = 64 << 20


class DatasetImport:
    """The job of CreateDatasetImportJob."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._storage = storage
        self._reports = AttributionReports(store, datasets, storage)

    def __call__(self, job: Resource) -> Completion:
        dataset = self._store.get(DATASET, job.body["datasetArn"])
        schema = self._datasets.schema_of(dataset)
        part = self._files.dataset(dataset) / f"{job.tail}.parquet"
        with self._files.scratch() as scratch:
            try:
                n_rows = self._write_part(job, schema, scratch)
                _check_rows(schema, n_rows)
            except JobFailed as failure:
                raise JobFailed(
                    f"Failed to create a data import job for {dataset.body['datasetType']} dataset {dataset.arn}. "
                    f"{failure}"
                ) from failure
            publish(scratch, part)
        self._reports.publish_import(job, dataset, part)
        return lambda job: self._list_part(job, part.name, n_rows)

    def _write_part(self, job: Resource, schema: DatasetSchema, path: Path) -> int:
        sources = _sources(job, self._files.root, self._storage)
        return _write_part(sources, self._storage, schema, path)

    def _list_part(self, job: Resource, part: str, n_rows: int) -> None:
        """Make the part the dataset's data (FULL) or add it (INCREMENTAL).

        What a FULL import replaces stays on disk until the next one: a training may be reading it. `after` is the
        newest single record that came before a part: of one id, the later of the two counts.
        """
        dataset = self._store.get(DATASET, job.body["datasetArn"])
        parts: list[str] = dataset.inner.get("parts", [])
        after = {part: self._datasets.records.newest(dataset.arn)}
        if job.body["importMode"] == "FULL":
            for retired in dataset.inner.get("retired", ()):
                discard(self._files.dataset(dataset) / retired)
            dataset.inner |= {"parts": [part], "after": after, "retired": parts}
        else:
            dataset.inner |= {"parts": [*parts, part], "after": dataset.inner.get("after", {}) | after}
        job.inner["rows"] = n_rows
        self._store.save(dataset)


def _sources(job: Resource, root: Path, storage: s3.Storage) -> list[s3.Location]:
    place = s3.location(job.body["dataSource"]["dataLocation"])
    sizes = storage.sizes(place, suffix=".csv")
    if not sizes:
        raise JobFailed(f"No CSV file was found at {place}. Check the location.")
    n_bytes, mode = sum(sizes.values()), job.body["importMode"]
    if n_bytes > MAX_BYTES[mode]:
        raise JobFailed(
            f"The files at {place} have {n_bytes / GIGABYTE:.1f} GB; imports of the mode {mode} take at most "
            f"{MAX_BYTES[mode] / GIGABYTE:.0f} GB. Import less at once."
        )
    if n_bytes > (free := shutil.disk_usage(root).free):
        raise JobFailed(
            f"The files at {place} have {n_bytes / GIGABYTE:.1f} GB, the engine's data folder has "
            f"{free / GIGABYTE:.1f} GB left. Make room or import less."
        )
    return [*sizes]


def _check_rows(schema: DatasetSchema, n_rows: int) -> None:
    if not n_rows:
        raise JobFailed("Input CSV has no rows.")
    if schema.dataset_type == "INTERACTIONS" and n_rows < MIN_INTERACTIONS:
        raise JobFailed(f"Dataset has fewer than {MIN_INTERACTIONS} interactions: the input has {n_rows} rows.")


def _write_part(sources: list[s3.Location], storage: s3.Storage, schema: DatasetSchema, path: Path) -> int:
    """Stream every source into one parquet file; gives the number of rows."""
    import pyarrow.parquet as pq

    n_rows, header, event_types = 0, None, _EventTypes(schema)
    with pq.ParquetWriter(
        path, arrow_schema(schema), compression="snappy", write_statistics=False,
        dictionary_pagesize_limit=DICTIONARY_BYTES,
    ) as writer:  # fmt: skip
        for source in sources:
            with storage.opened(source) as stream:
                rows = csv_rows.Rows(stream, schema, source, header)
                header = rows.header
                for batch in _ahead(rows):
                    event_types.check(batch)
                    writer.write_batch(batch)
                    n_rows += batch.num_rows
    return n_rows


def _ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """The same, each next one made by another thread while this one is used."""
    remaining = iter(batches)
    with ThreadPoolExecutor(1) as reading:
        coming = reading.submit(next, remaining, None)
        while (batch := coming.result()) is not None:
            coming = reading.submit(next, remaining, None)
            yield batch


class _EventTypes:
    """The event types of an import so far, and how many there may be."""

    def __init__(self, schema: DatasetSchema) -> None:
        self._limit = MAX_EVENT_TYPES_AND_COLUMNS - len(schema.own_columns)
        self._counted = schema.dataset_type == "INTERACTIONS" and schema.column("EVENT_TYPE") is not None
        self._found: set[str] = set()

    def check(self, batch: Any) -> None:
        """Raises JobFailed if a batch brings too many."""
        import pyarrow.compute as pc

        if not self._counted:
            return
        self._found.update(filter(None, pc.unique(batch["EVENT_TYPE"]).to_pylist()))
        if len(self._found) > self._limit:
            raise JobFailed(
                f"The data has more than {self._limit} event types: {', '.join(sorted(self._found))[:300]}. "
                f"Event types and own columns may together be {MAX_EVENT_TYPES_AND_COLUMNS}; merge some types."
            )
