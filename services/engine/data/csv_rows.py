"""CSV of imports: bytes → Arrow batches in the columns and types of a schema.

The dialect: commas, a header line, UTF-8, double quotes around text, a quote in it escaped by a backslash or a second
quote. Any bytes end in batches, or in a JobFailed that says what is wrong with the file and what to do.
Source: developer guide, "Data format guidelines" and "Quotas".
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from personalize_kinds.limits import MAX_CATEGORICAL_LENGTH, MAX_ID_LENGTH
from services.engine.data.tables import arrow_schema
from services.engine.data.texts import clean_text
from services.engine.errors import JobFailed
from services.engine.schemas import REQUIRED_COLUMNS, Column, DatasetSchema

BLOCK_BYTES = 16 << 20
#: The year 5138 in seconds, 1973 in milliseconds.
MAX_TIMESTAMP = 10**11
TIMESTAMPS = frozenset({"TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP"})


class Rows:
    """The rows of one CSV file as Arrow batches, to be iterated once; columns that the schema lacks are left out.

    header  as argument: the header of the import's other files, which this one must equal; as attribute: its own
    Raises  JobFailed, when created and when iterated
    """

    def __init__(
        self, stream: IO[bytes], schema: DatasetSchema, source: object, header: Sequence[str] | None = None
    ) -> None:
        self._lines = io.BufferedReader(cast(io.RawIOBase, stream), BLOCK_BYTES)
        self._schema = schema
        self._source = source
        self.header = _header(self._lines, source)
        missing = [column.name for column in schema.columns if column.name not in self.header]
        if missing:
            raise JobFailed(f"Input CSV is missing the following columns:[{', '.join(missing)}].")
        if header is not None and self.header != header:
            raise JobFailed(
                f"Input CSV {source} has the header {','.join(self.header)[:200]}, another file of the import "
                f"{','.join(header)[:200]}. Give all files the same header."
            )

    def __iter__(self) -> Iterator[Any]:
        if not self._lines.peek(1):
            return
        try:
            for batch in _reader(self._lines, self.header, self._schema):
                yield _checked(batch, self._schema, self._source)
        except (pa.ArrowException, UnicodeError) as error:
            raise JobFailed(f"Input CSV {self._source} does not fit the schema: {error}. Correct the file.") from error


def _header(lines: IO[bytes], source: object) -> list[str]:
    """Read the first line and return its column names."""
    line = lines.readline(BLOCK_BYTES).decode("utf-8-sig", errors="replace").strip()
    if not line:
        raise JobFailed(f"Input CSV {source} has no header line.")
    names = [name.strip().strip('"') for name in line.split(",")]
    if twice := sorted(name for name, n_columns in Counter(names).items() if n_columns > 1):
        raise JobFailed(f"Input CSV {source} has more than one column of the name {', '.join(twice)[:200]!r}.")
    return names


def _reader(lines: IO[bytes], names: list[str], schema: DatasetSchema) -> Any:
    target = arrow_schema(schema)
    return csv.open_csv(
        lines,
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES, column_names=names),
        parse_options=csv.ParseOptions(
            escape_char="\\", newlines_in_values=any(column.textual for column in schema.columns)
        ),
        convert_options=csv.ConvertOptions(
            column_types={field.name: field.type for field in target},
            include_columns=target.names,
            null_values=[""],
            strings_can_be_null=True,
            true_values=["true"],
            false_values=["false"],
        ),
    )


def _checked(batch: Any, schema: DatasetSchema, source: object) -> Any:
    """Return a batch with textual cells cleaned. Raises JobFailed for cells that violate the schema or a limit."""
    columns = []
    for column in schema.columns:
        cells = batch.column(column.name)
        if not column.nullable and cells.null_count:
            raise JobFailed(f"Input CSV {source} has empty cells in {column.name}, which the schema does not allow.")
        if column.textual:
            cells = pa.array([None if cell is None else clean_text(cell) for cell in cells.to_pylist()], "string")
        elif column.type == "string":
            _check_texts(cells, column, max_length(column, schema.dataset_type), source)
        elif column.name in TIMESTAMPS:
            _check_seconds(cells, column, source)
        columns.append(cells)
    return pa.record_batch(columns, schema=arrow_schema(schema))


def max_length(column: Column, dataset_type: str) -> int:
    """Return the maximum number of characters in a cell of text that is not textual."""
    return MAX_ID_LENGTH if column.name in REQUIRED_COLUMNS[dataset_type] else MAX_CATEGORICAL_LENGTH


def _check_texts(cells: Any, column: Column, longest: int, source: object) -> None:
    lengths, content = _bytes_of(cells)
    # Count bytes first, which is faster; there are never more characters than bytes.
    if lengths.max(initial=0) > longest and pc.max(pc.utf8_length(cells)).as_py() > longest:
        raise JobFailed(
            f"Length cannot be more than {longest} characters for {column.name}. If no values exceed this length, "
            f"look for a quote in {source} that is never closed."
        )
    if not content.all():
        raise JobFailed(f"Input CSV {source} has a NUL character in {column.name}. Remove it.")


def _bytes_of(cells: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Return the length of each cell in bytes, and the bytes of all cells."""
    _, ends, content = cells.buffers()
    offsets = np.frombuffer(ends, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    return np.diff(offsets), np.frombuffer(content or b"", np.uint8)[offsets[0] : offsets[-1]]


def _check_seconds(cells: Any, column: Column, source: object) -> None:
    newest = pc.max(cells).as_py()
    if newest is not None and newest >= MAX_TIMESTAMP:
        raise JobFailed(
            f"Input CSV {source} has {newest} in {column.name}, which looks like milliseconds. "
            "Timestamps are epoch seconds: divide them by 1000."
        )
