"""Delete files on S3 past their retention that are not in use, and unfinished uploads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from aisle.objects import S3Uri, StoredObject, delete_objects, list_objects
from aisle.pipeline import prefixes
from aisle.stages.maintain.terms import Terms
from aisle.warehouse import sql


@dataclass(frozen=True, slots=True)
class InUse:
    """The keys in use, whose files stay whatever their age."""

    run_keys: frozenset[str]
    archive_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted, or would be: the number of files by folder, and all bytes."""

    folders: dict[str, int]
    n_bytes: int


def in_use(connection: Connection) -> InUse:
    """Read from the warehouse what is in use."""
    run_keys, archive_keys = (
        frozenset(row[0] for row in connection.execute(sql(f"maintain/{name}").encode()))
        for name in ("run_keys_in_use", "archived_rejects")
    )
    return InUse(run_keys, archive_keys)


def remove_files(s3: Any, bucket: str, terms: Terms, used: InUse, *, dry_run: bool) -> Removed:
    """Delete files past their retention; `s3` is a boto3 client."""
    old = [*_old_pages(s3, bucket, terms.archive, used), *_old_run_files(s3, bucket, terms.files, used)]
    if not dry_run:
        delete_objects(s3, bucket, old)
    folders: dict[str, int] = {}
    for file in old:
        folder = file.key.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + 1
    return Removed(folders, sum(file.size for file in old))


def abort_uploads(s3: Any, bucket: str, before: datetime, *, dry_run: bool) -> list[str]:
    """Abort multipart uploads started before; return their keys. Parts are billed, and appear in no listing."""
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    uploads = [upload for page in pages for upload in page.get("Uploads", ()) if upload["Initiated"] < before]
    for upload in () if dry_run else uploads:
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return [upload["Key"] for upload in uploads]


def _old_pages(s3: Any, bucket: str, before: datetime, used: InUse) -> Iterator[StoredObject]:
    for prefix in prefixes("pages"):
        yield from (page for page in _older(s3, bucket, prefix, before) if page.key not in used.archive_keys)


def _old_run_files(s3: Any, bucket: str, before: datetime, used: InUse) -> Iterator[StoredObject]:
    for prefix in prefixes("records", "erasures", "models"):
        for file in _older(s3, bucket, prefix, before):
            if used.run_keys.isdisjoint(file.key.split("/")):
                yield file


def _older(s3: Any, bucket: str, prefix: str, before: datetime) -> Iterator[StoredObject]:
    return (file for file in list_objects(s3, S3Uri(bucket, prefix)) if file.last_modified < before)
