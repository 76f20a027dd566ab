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

The object appears when its last byte has been read, or not at all: an upload that breaks is aborted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql as composed

#: S3 takes parts of 5 MB or more (but for the last) and 10,000 of them: 8 MB reach 80 GB.
PART_BYTES = 8 * 1024 * 1024


class LineFormat(StrEnum):
    """How COPY writes a row."""

    #: As most programs read CSV (RFC 4180): a quote inside a text is doubled.
    CSV = "csv"
    #: As Personalize reads CSV: header not quoted, a quote inside a text escaped by a backslash.
    PERSONALIZE_CSV = "personalize_csv"
    #: The one column as it is: JSON text holds neither of the two control characters, so nothing is ever
    #: quoted.
    JSON_LINES = "jsonl"

    @property
    def copy_options(self) -> str:
        """What stands in the brackets of `copy … with (…)`."""
        return _COPY_OPTIONS[self]


_COPY_OPTIONS = {
    LineFormat.CSV: "format csv, header true",
    LineFormat.PERSONALIZE_CSV: r"format csv, header true, escape '\'",
    LineFormat.JSON_LINES: r"format csv, delimiter e'\x02', quote e'\x01'",
}


class Copied(NamedTuple):
    """What was written. `n_rows` counts no header; `sha256` is of the object's bytes."""

    uri: str
    n_rows: int
    n_bytes: int
    sha256: str


def copy_to_s3(
    connection: psycopg.Connection,
    select: str,
    line_format: LineFormat,
    s3: Any,
    bucket: str,
    key: str,
    params: Mapping[str, Any] | Sequence[Any] | None = None,
) -> Copied:
    """Write the rows of `select` to `s3://bucket/key`; `s3` is a boto3 client."""
    statement = composed.SQL("copy (\n{}\n) to stdout with ({})").format(
        composed.SQL(select),  # its author's, never from outside
        composed.SQL(line_format.copy_options),
    )
    with connection.cursor() as cursor, MultipartUpload(s3, bucket, key) as upload:
        with cursor.copy(statement, params) as rows:
            for row in rows:
                upload.write(row)
        n_rows = cursor.rowcount
    return Copied(f"s3://{bucket}/{key}", n_rows, upload.n_bytes, upload.sha256.hexdigest())


class MultipartUpload:
    """One S3 object, written piece by piece: complete when the block ends well, aborted when it raises."""

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
        """Take in the next bytes."""
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
