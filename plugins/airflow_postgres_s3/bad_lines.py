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
"""Lines that a table does not take: counted, and kept beside their reason in an S3 object of their own."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from airflow_postgres_s3.copy_to_s3 import MultipartUpload


class BadLines:
    """
    The bad lines of one load, as JSON lines of `line`, `reason` and `text`. No object appears without one.

    :param key: Key of the object; none keeps no more than the number and the last reason.
    :param most: How many there may be; none for any number.
    """

    def __init__(self, s3: Any, bucket: str, key: str | None, most: int | None) -> None:
        self.n_lines = 0
        self.last = ""
        self._s3, self._bucket, self._key, self._most = s3, bucket, key, most
        self._upload: MultipartUpload | None = None

    @property
    def are_too_many(self) -> bool:
        return self._most is not None and self.n_lines > self._most

    @property
    def uri(self) -> str | None:
        """Where they are kept; none while there are none."""
        return f"s3://{self._bucket}/{self._key}" if self._upload else None

    def add(self, number: int, text: bytes, error: Exception) -> None:
        """Keep one line, and why it is bad."""
        self.n_lines += 1
        self.last = f"line {number}: {type(error).__name__}"  # the message may quote what is in the line
        if self._key is None:
            return
        if self._upload is None:
            self._upload = MultipartUpload(self._s3, self._bucket, self._key).__enter__()
        line = {"line": number, "reason": _first_line(error), "text": text.decode(errors="replace")}
        self._upload.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._upload:
            self._upload.__exit__(kind, error, traceback)


def _first_line(error: Exception) -> str:
    """PostgreSQL's own words without the context, which repeats the whole line."""
    return str(error).partition("\n")[0]
