"""Import: stream CSV files in S3 into one immutable parquet part of the dataset.

Reads   the objects of `dataSource.dataLocation`.
Writes  a part named after the job; the dataset's record lists the parts with its data.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

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
#: Maximum bytes of an import's files. Source: developer guide, "Quotas".
MAX_BYTES = {"FULL": 100 * GIGABYTE, "INCREMENTAL": GIGABYTE}
#: Maximum number of event types and own columns of an Interactions dataset together.
MAX_EVENT_TYPES_AND_COLUMNS = 10
#: Bytes of a column that are buffered to find its distinct values; the ids of a million users fit.
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
                sources = _sources(job, self._files.root, self._storage)
                n_rows = _write_part(sources, self._storage, schema, scratch)
                _check_rows(schema, n_rows)
            except JobFailed as failure:
                raise JobFailed(
                    f"Failed to create a data import job for {dataset.body['datasetType']} dataset {dataset.arn}. "
                    f"{failure}"
                ) from failure
            publish(scratch, part)
        self._reports.publish_import(job, dataset, part)
        return lambda job: self._list_part(job, part.name, n_rows)

    def _list_part(self, job: Resource, part: str, n_rows: int) -> None:
        """Replace the dataset's parts by this one (FULL), or add it (INCREMENTAL).

        Parts that a FULL import replaces stay on disk until the next one, because a training may be reading them.
        `after` is the newest single record that is older than a part: of one id, the later of the two counts.
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
            f"The files at {place} have {n_bytes / GIGABYTE:.1f} GB; an import of mode {mode} takes at most "
            f"{MAX_BYTES[mode] / GIGABYTE:.0f} GB. Import less at once."
        )
    if n_bytes > (free := shutil.disk_usage(root).free):
        raise JobFailed(
            f"The files at {place} have {n_bytes / GIGABYTE:.1f} GB, the engine's data folder has "
            f"{free / GIGABYTE:.1f} GB left. Free some space, or import less."
        )
    return [*sizes]


def _check_rows(schema: DatasetSchema, n_rows: int) -> None:
    if not n_rows:
        raise JobFailed("Input CSV has no rows.")
    if schema.dataset_type == "INTERACTIONS" and n_rows < MIN_INTERACTIONS:
        raise JobFailed(f"Dataset has fewer than {MIN_INTERACTIONS} interactions: the input has {n_rows} rows.")


def _write_part(sources: list[s3.Location], storage: s3.Storage, schema: DatasetSchema, path: Path) -> int:
    """Stream all sources into one parquet file; return the number of rows."""
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
    """Yield the batches, each read by another thread while the one before is in use."""
    remaining = iter(batches)
    with ThreadPoolExecutor(1) as reading:
        coming = reading.submit(next, remaining, None)
        while (batch := coming.result()) is not None:
            coming = reading.submit(next, remaining, None)
            yield batch


class _EventTypes:
    """The event types of an import so far, and their maximum number."""

    def __init__(self, schema: DatasetSchema) -> None:
        self._limit = MAX_EVENT_TYPES_AND_COLUMNS - len(schema.own_columns)
        self._counted = schema.dataset_type == "INTERACTIONS" and schema.column("EVENT_TYPE") is not None
        self._names: set[str] = set()

    def check(self, batch: Any) -> None:
        """Raise JobFailed if a batch exceeds the maximum."""
        if not self._counted:
            return
        self._names.update(filter(None, pc.unique(batch["EVENT_TYPE"]).to_pylist()))
        if len(self._names) > self._limit:
            raise JobFailed(
                f"The data has more than {self._limit} event types: {', '.join(sorted(self._names))[:300]}. "
                f"Event types and own columns may together be {MAX_EVENT_TYPES_AND_COLUMNS}; merge some types."
            )
