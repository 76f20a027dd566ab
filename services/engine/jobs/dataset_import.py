"""Import: CSV files in S3 → one immutable parquet part of the dataset, streamed.

Reads   the objects that `dataSource.dataLocation` means.
Writes  a part named after the job; the dataset's record lists the parts that hold its data.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from services.engine import s3
from services.engine.data.interactions import MIN_INTERACTIONS
from services.engine.errors import JobFailed
from services.engine.files import DataFolder, discard, publish
from services.engine.lifecycle import Completion
from services.engine.resources import DATASET, SCHEMA, Resource
from services.engine.schemas import MAX_ID_LENGTH, REQUIRED_COLUMNS, DatasetSchema, parse_schema
from services.engine.store import Store

BLOCK_BYTES = 8 << 20
_ARROW_TYPES = {
    "string": "string", "float": "float32", "double": "float64", "int": "int32", "long": "int64", "boolean": "bool",
}  # fmt: skip


class DatasetImport:
    """The job of CreateDatasetImportJob."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files

    def __call__(self, job: Resource) -> Completion:
        dataset = self._store.get(DATASET, job.body["datasetArn"])
        schema = parse_schema(self._store.get(SCHEMA, dataset.body["schemaArn"]).body["schema"])
        part = self._files.dataset(dataset) / f"{job.tail}.parquet"
        with self._files.scratch() as scratch:
            try:
                n_rows = _write_part(_sources(job), schema, scratch)
                _check_rows(schema, n_rows)
            except JobFailed as failure:
                raise JobFailed(
                    f"Failed to create a data import job for {dataset.body['datasetType']} dataset {dataset.arn}. "
                    f"{failure}"
                ) from failure
            publish(scratch, part)
        return lambda job: self._list_part(job, part.name, n_rows)

    def _list_part(self, job: Resource, part: str, n_rows: int) -> None:
        """Make the part the dataset's data (FULL) or add it (INCREMENTAL).

        What a FULL import replaces stays on disk until the next one: a training may be reading it.
        """
        dataset = self._store.get(DATASET, job.body["datasetArn"])
        parts: list[str] = dataset.inner.get("parts", [])
        if job.body["importMode"] == "FULL":
            for retired in dataset.inner.get("retired", ()):
                discard(self._files.dataset(dataset) / retired)
            dataset.inner = {"parts": [part], "retired": parts}
        else:
            dataset.inner["parts"] = [*parts, part]
        job.inner["rows"] = n_rows
        self._store.save(dataset)


def _sources(job: Resource) -> list[s3.Location]:
    place = s3.location(job.body["dataSource"]["dataLocation"])
    sources = s3.objects(place, suffix=".csv")
    if not sources:
        raise JobFailed(f"No CSV file was found at {place}. Check the location.")
    return sources


def _check_rows(schema: DatasetSchema, n_rows: int) -> None:
    if not n_rows:
        raise JobFailed("Input CSV has no rows.")
    if schema.dataset_type == "INTERACTIONS" and n_rows < MIN_INTERACTIONS:
        raise JobFailed(f"Dataset has fewer than {MIN_INTERACTIONS} interactions: the input has {n_rows} rows.")


def _write_part(sources: list[s3.Location], schema: DatasetSchema, path: Path) -> int:
    """Stream every source into one parquet file; gives the number of rows."""
    import pyarrow.parquet as pq

    n_rows = 0
    with pq.ParquetWriter(path, _arrow_schema(schema), compression="zstd") as writer:
        for source in sources:
            with s3.opened(source) as stream:
                for batch in _batches(stream, schema, source):
                    writer.write_batch(batch)
                    n_rows += batch.num_rows
    return n_rows


def _batches(stream: IO[bytes], schema: DatasetSchema, source: s3.Location) -> Iterator[Any]:
    """The rows of one CSV as Arrow batches in the schema's columns and types."""
    import pyarrow as pa

    try:
        for batch in _csv_reader(stream, schema, source):
            _check_cells(batch, schema, source)
            yield batch.cast(_arrow_schema(schema))
    except pa.ArrowInvalid as error:
        raise JobFailed(f"Input CSV {source} does not fit the schema: {error}. Correct the file.") from error


def _csv_reader(stream: IO[bytes], schema: DatasetSchema, source: s3.Location) -> Any:
    from pyarrow import csv

    lines = io.BufferedReader(cast(io.RawIOBase, stream), BLOCK_BYTES)
    header = _header_of(lines, source)
    missing = [column.name for column in schema.columns if column.name not in header]
    if missing:
        raise JobFailed(f"Input CSV is missing the following columns:[{', '.join(missing)}].")
    if not lines.peek(1):
        return ()
    arrow = _arrow_schema(schema)
    return csv.open_csv(
        lines,
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES, column_names=header),
        parse_options=csv.ParseOptions(escape_char="\\"),
        convert_options=csv.ConvertOptions(
            column_types={field.name: field.type for field in arrow},
            include_columns=arrow.names,
            null_values=[""],
            strings_can_be_null=True,
            true_values=["true", "True", "1"],
            false_values=["false", "False", "0"],
        ),
    )


def _header_of(lines: IO[bytes], source: s3.Location) -> list[str]:
    """The column names of the first line, which is read."""
    line = lines.readline().decode("utf-8-sig", errors="replace").strip()
    if not line:
        raise JobFailed(f"Input CSV {source} has no header line.")
    return [name.strip().strip('"') for name in line.split(",")]


def _check_cells(batch: Any, schema: DatasetSchema, source: s3.Location) -> None:
    """Required cells must be there and ids must be of bearable length."""
    import pyarrow.compute as pc

    for column in schema.columns:
        cells = batch.column(column.name)
        if not column.nullable and cells.null_count:
            raise JobFailed(f"Input CSV {source} has empty cells in {column.name}, which the schema does not allow.")
        if column.name in REQUIRED_COLUMNS[schema.dataset_type] and column.type == "string":
            longest = pc.max(pc.utf8_length(cells)).as_py() or 0
            if longest > MAX_ID_LENGTH:
                raise JobFailed(f"Length cannot be more than {MAX_ID_LENGTH} characters for {column.name}.")


def _arrow_schema(schema: DatasetSchema) -> Any:
    import pyarrow as pa

    return pa.schema([pa.field(column.name, pa.type_for_alias(_ARROW_TYPES[column.type])) for column in schema.columns])
