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
"""Write the rows of a query to one S3 object, in constant memory: COPY feeds a multipart upload.

The object appears when the last row is written, or not at all: an upload that fails is aborted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql as composed

#: S3 takes parts of 5 MB or more (but for the last) and 10,000 of them: 8 MB reach 80 GB.
PART_BYTES = 8 * 1024 * 1024


class RecordFormat(StrEnum):
    """Format of the records of an S3 object: how COPY writes a row."""

    #: CSV as in RFC 4180: a quote within a text is doubled.
    CSV = "csv"
    #: CSV as Amazon Personalize reads it: header not quoted, a backslash escapes a quote within a text.
    PERSONALIZE_CSV = "personalize_csv"
    #: One JSON object per line. COPY writes a single column of JSON text unchanged: its delimiter and its
    #: quote are control characters that JSON text cannot contain.
    JSON_LINES = "jsonl"

    @property
    def copy_options(self) -> str:
        """Options of COPY, for `copy … to stdout with (…)`."""
        return _COPY_OPTIONS[self]


_COPY_OPTIONS = {
    RecordFormat.CSV: "format csv, header true",
    RecordFormat.PERSONALIZE_CSV: r"format csv, header true, escape '\'",
    RecordFormat.JSON_LINES: r"format csv, delimiter e'\x02', quote e'\x01'",
}


@dataclass(frozen=True, slots=True)
class Copied:
    """The object that was written. `n_rows` leaves out the header; `sha256` is of the object's bytes."""

    uri: str
    n_rows: int
    n_bytes: int
    sha256: str


def copy_to_s3(
    connection: psycopg.Connection,
    select: str,
    record_format: RecordFormat,
    s3: Any,
    bucket: str,
    key: str,
    params: Mapping[str, Any] | Sequence[Any] | None = None,
) -> Copied:
    """
    Write the rows of a query to one S3 object.

    :param connection: Connection of psycopg 3.
    :param select: The query. It is trusted: never take it from outside.
    :param record_format: Format of the records.
    :param s3: boto3 client of S3.
    :param bucket: Bucket of the object.
    :param key: Key of the object.
    :param params: Values of the query's placeholders.
    """
    with MultipartUpload(s3, bucket, key) as upload:
        n_rows = copy_rows(connection, select, record_format, upload.write, params)
    return Copied(f"s3://{bucket}/{key}", n_rows, upload.n_bytes, upload.sha256.hexdigest())


def copy_rows(
    connection: psycopg.Connection,
    select: str,
    record_format: RecordFormat,
    write: Callable[[bytes | bytearray | memoryview], object],
    params: Mapping[str, Any] | Sequence[Any] | None = None,
) -> int:
    """
    Hand the rows of a query to `write`, piece by piece, and return their number.

    :param connection: Connection of psycopg 3.
    :param select: The query. It is trusted: never take it from outside.
    :param record_format: Format of the records.
    :param write: Takes the next bytes of the records.
    :param params: Values of the query's placeholders.
    """
    statement = composed.SQL("copy (\n{}\n) to stdout with ({})").format(
        composed.SQL(select),
        composed.SQL(record_format.copy_options),
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement, params) as rows:
            for row in rows:
                write(row)
        return cursor.rowcount


class MultipartUpload:
    """An S3 object written part by part: completed when the `with` block succeeds, aborted when it raises."""

    def __init__(self, s3: Any, bucket: str, key: str, part_bytes: int = PART_BYTES) -> None:
        self.sha256 = hashlib.sha256()
        self.n_bytes = 0
        self._s3 = s3
        self._target = {"Bucket": bucket, "Key": key}
        self._part_bytes = part_bytes
        self._pending = bytearray()
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._target["UploadId"] = self._s3.create_multipart_upload(**self._target)["UploadId"]
        return self

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; send a part when there are enough."""
        self._pending += data
        if len(self._pending) >= self._part_bytes:
            self._send_part()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._s3.abort_multipart_upload(**self._target)
            return
        try:
            if self._pending or not self._parts:
                self._send_part()
            self._s3.complete_multipart_upload(**self._target, MultipartUpload={"Parts": self._parts})
        except BaseException:
            self._s3.abort_multipart_upload(**self._target)
            raise

    def _send_part(self) -> None:
        body = bytes(self._pending)
        self._pending.clear()
        self.sha256.update(body)
        self.n_bytes += len(body)
        number = len(self._parts) + 1
        part = self._s3.upload_part(**self._target, PartNumber=number, Body=body)
        self._parts.append({"PartNumber": number, "ETag": part["ETag"]})
