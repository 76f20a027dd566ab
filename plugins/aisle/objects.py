"""Objects on S3: where they are, and what lies below a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from aisle.errors import ConfigurationError

_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class S3Uri:
    """An object or a prefix of a bucket, written as `s3://bucket/key`; an empty key is the whole bucket."""

    bucket: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `s3://bucket/key`; every character of the key counts. Raises ConfigurationError."""
        bucket, _, key = text.removeprefix(_SCHEME).partition("/")
        if not text.startswith(_SCHEME) or not bucket:
            raise ConfigurationError(
                f"reading the S3 location {text!r} failed: it does not start with {_SCHEME} and a bucket; write it as "
                "s3://bucket/prefix/ or s3://bucket/key"
            )
        return cls(bucket, key)

    @property
    def folder(self) -> S3Uri:
        """The prefix that an object lies directly in, with the slash at its end; a prefix is its own folder."""
        return S3Uri(self.bucket, self.key[: self.key.rfind("/") + 1])

    @property
    def is_folder(self) -> bool:
        """Whether it names a whole folder: a prefix without the slash would match others that begin alike."""
        return self.key.endswith("/")

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing; `size` in bytes, `last_modified` with its time zone."""

    key: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, or the mark of a deletion, which has no bytes."""

    key: str
    version_id: str
    size: int = 0


def list_objects(s3: Any, prefix: S3Uri) -> Iterator[StoredObject]:
    """Yield the objects whose keys begin with the prefix's, in the order of their keys; `s3` is a boto3 client.

    It asks for a page of at most 1,000 objects when the one before is used up.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
    for page in pages:
        for entry in page.get("Contents", ()):
            yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"])


def list_versions(s3: Any, bucket: str) -> Iterator[ObjectVersion]:
    """Yield every version of every object of a bucket, marks of deletion included; `s3` is a boto3 client."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield ObjectVersion(entry["Key"], entry["VersionId"], entry.get("Size", 0))
