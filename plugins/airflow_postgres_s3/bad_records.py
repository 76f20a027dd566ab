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
"""Count the records that PostgreSQL refuses, and keep each with the reason in an S3 object."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from airflow_postgres_s3.copy_to_s3 import MultipartUpload


class BadRecords:
    """
    The bad records of one load, as JSON lines of `line`, `reason` and `text`. No bad record, no object.

    :param s3: boto3 client of S3.
    :param bucket: Bucket of the object.
    :param key: Key of the object. If None, keep only the number of records and the last reason.
    :param max_errors: How many bad records are allowed. None means any number.
    """

    def __init__(self, s3: Any, bucket: str, key: str | None, max_errors: int | None) -> None:
        self.n_records = 0
        self.last = ""
        self._s3, self._bucket, self._key, self._max_errors = s3, bucket, key, max_errors
        self._upload: MultipartUpload | None = None

    @property
    def are_too_many(self) -> bool:
        return self._max_errors is not None and self.n_records > self._max_errors

    @property
    def uri(self) -> str | None:
        """URI of the object; None as long as no record is bad."""
        return f"s3://{self._bucket}/{self._key}" if self._upload else None

    def add(self, number: int, text: bytes, error: Exception) -> None:
        """
        Keep a record that PostgreSQL refused.

        :param number: Number of the record's first line, from 1.
        :param text: Text of the record.
        :param error: Error that PostgreSQL answered with.
        """
        self.n_records += 1
        self.last = f"line {number}: {type(error).__name__}"  # the error's message may quote personal data
        if self._key is None:
            return
        if self._upload is None:
            self._upload = MultipartUpload(self._s3, self._bucket, self._key).__enter__()
        reason = str(error).partition("\n")[0]  # what follows is the context, which repeats the record
        entry = {"line": number, "reason": reason, "text": text.decode(errors="replace")}
        self._upload.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._upload:
            self._upload.__exit__(kind, error, traceback)
