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
"""Read the lines of one S3 object from the network, in constant memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
#: How often the download of an object is resumed: S3 closes the connection of a reader that is slow, for
#: instance because it writes to a database between two chunks.
MAX_RESUMES = 5


def lines_of(s3: Any, bucket: str, key: str) -> Iterator[bytes]:
    """Yield the lines of `s3://bucket/key` without their line feed; `s3` is a boto3 client."""
    pending = b""
    for chunk in _chunks(s3, bucket, key):
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
    if pending:
        yield pending


def _chunks(s3: Any, bucket: str, key: str) -> Iterator[bytes]:
    """Yield the bytes of the object; resume where the connection broke, if the object is still the same."""
    answer = s3.get_object(Bucket=bucket, Key=key)
    n_read = n_resumes = 0
    while True:
        try:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                n_read += len(chunk)
                yield chunk
        except (HTTPClientError, IncompleteReadError):
            n_resumes += 1
            if n_resumes > MAX_RESUMES:
                raise
            log.warning("s3://%s/%s: connection lost after %s bytes; resuming", bucket, key, n_read)
            answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={n_read}-", IfMatch=answer["ETag"])
        else:
            return
