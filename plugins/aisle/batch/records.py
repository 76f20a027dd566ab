"""Read the records of a batch job's output from S3, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_postgres_s3.s3_lines import lines_of
from aisle.errors import BatchOutputIncomplete, ConfigurationError
from aisle.objects import S3Uri, StoredObject, list_objects

log = logging.getLogger(__name__)

OUTPUT_SUFFIX = ".out"  # the service also leaves an object `_CHECK` in the prefix


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and its place: the object and the line number, from 1."""

    object_key: str
    number: int
    text: bytes


def output_records(s3: Any, uri: str) -> Iterator[Record]:
    """Yield every record below an S3 prefix, object by object in the order of their names, without blank lines.

    Holds one chunk in memory, however large the output.
    """
    prefix = _folder(uri)
    for key in _output_keys(s3, prefix):
        log.info("reading %s", S3Uri(prefix.bucket, key))
        for number, text in enumerate(lines_of(s3, prefix.bucket, key), start=1):
            if text.strip():
                yield Record(key, number, text.removesuffix(b"\r"))


def has_output(s3: Any, uri: str) -> bool:
    """Return whether a batch job has written answers below an S3 prefix."""
    return any(_is_output(entry) for entry in list_objects(s3, S3Uri.parse(uri)))


def _output_keys(s3: Any, prefix: S3Uri) -> list[str]:
    entries = list(list_objects(s3, prefix))
    keys = sorted(entry.key for entry in entries if _is_output(entry))
    if not keys:
        raise BatchOutputIncomplete(
            f"reading batch output below {prefix} found no object that ends in {OUTPUT_SUFFIX!r}, only "
            f"{[entry.key for entry in entries[:5]] or 'nothing'}; check that the batch job of this run succeeded and "
            "wrote to this prefix"
        )
    return keys


def _is_output(entry: StoredObject) -> bool:
    return entry.key.endswith(OUTPUT_SUFFIX)


def _folder(uri: str) -> S3Uri:
    prefix = S3Uri.parse(uri)
    if not prefix.is_folder:
        raise ConfigurationError(
            f"batch output is read from an S3 prefix, got {uri!r}; write it as s3://bucket/prefix/ with the slash at "
            "the end, because without it S3 would match other runs whose prefix begins alike"
        )
    return prefix
