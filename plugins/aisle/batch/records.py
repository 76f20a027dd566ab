"""Read the records of a batch job's output from S3, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from airflow_postgres_s3.s3_lines import lines_of
from aisle.errors import BatchOutputIncomplete, ConfigurationError

log = logging.getLogger(__name__)

OUTPUT_SUFFIX = ".out"  # the service also leaves an object `_CHECK` in the prefix


class Record(NamedTuple):
    """One record, and its place: the object and the line number, from 1."""

    object_key: str
    number: int
    text: bytes


def output_records(s3: Any, uri: str) -> Iterator[Record]:
    """Yield every record below an S3 prefix, object by object in the order of their names, without blank lines.

    Holds one chunk in memory, however large the output.
    """
    bucket, prefix = _location(uri)
    for key in _output_keys(s3, bucket, prefix):
        log.info("reading s3://%s/%s", bucket, key)
        for number, text in enumerate(lines_of(s3, bucket, key), start=1):
            if text.strip():
                yield Record(key, number, text.removesuffix(b"\r"))


def _output_keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    all_keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    keys = sorted(key for key in all_keys if key.endswith(OUTPUT_SUFFIX))
    if not keys:
        raise BatchOutputIncomplete(
            f"reading batch output below s3://{bucket}/{prefix} found no object that ends in {OUTPUT_SUFFIX!r}, only "
            f"{all_keys[:5] or 'nothing'}; check that the batch job of this run succeeded and wrote to this prefix"
        )
    return keys


def _location(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    prefix = parts.path.lstrip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix.endswith("/"):
        raise ConfigurationError(
            f"batch output is read from an S3 prefix, got {uri!r}; write it as s3://bucket/prefix/ with the slash at "
            "the end, because without it S3 would match other runs whose prefix begins alike"
        )
    return parts.netloc, prefix
