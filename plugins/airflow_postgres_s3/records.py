# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Read records from the lines of an S3 object: a line of JSON, or a CSV record, which may span lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airflow_postgres_s3.copy_to_s3 import RecordFormat

BATCH_RECORDS = 10_000
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """The text of one row, and the number of its first line, from 1."""

    number: int
    text: bytes


def records_of(lines: Iterable[bytes], record_format: RecordFormat) -> Iterator[Record]:
    """Yield the records in order, including the header of CSV; skip blank lines of JSON."""
    numbered = enumerate(lines, start=1)
    if record_format is RecordFormat.JSON_LINES:
        return (Record(number, line) for number, line in numbered if line.strip())
    return _joined(numbered, record_format)


def header_of(record: Record, record_format: RecordFormat) -> list[str]:
    """Read the column names from the first record of CSV."""
    text = record.text.decode("utf-8-sig").rstrip("\r")
    if record_format is RecordFormat.PERSONALIZE_CSV:
        return next(csv.reader([text], doublequote=False, escapechar="\\"), [])
    return next(csv.reader([text]), [])


def batches_of(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield batches of at most 10,000 records or 4 MiB."""
    batch: list[Record] = []
    n_bytes = 0
    for record in records:
        batch.append(record)
        n_bytes += len(record.text)
        if len(batch) == BATCH_RECORDS or n_bytes >= BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _joined(numbered: Iterable[tuple[int, bytes]], record_format: RecordFormat) -> Iterator[Record]:
    """Join lines that end within a quoted text."""
    pending: list[bytes] = []
    first, is_open = 1, False
    for number, line in numbered:
        first = first if pending else number
        pending.append(line)
        is_open ^= _n_quotes(line, record_format) % 2 == 1
        if not is_open:
            yield Record(first, b"\n".join(pending))
            pending = []
    if pending:
        yield Record(first, b"\n".join(pending))


def _n_quotes(line: bytes, record_format: RecordFormat) -> int:
    """Count the quotes that open or close a text; a doubled quote does both."""
    if record_format is RecordFormat.PERSONALIZE_CSV:
        line = line.replace(rb"\\", b"").replace(rb"\"", b"")
    return line.count(b'"')
