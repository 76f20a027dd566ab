"""Objects on S3: where they are, what lies below a prefix, and how they are deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from aisle.errors import ConfigurationError, RetryableError

_MAX_DELETED = 1_000  # of one DeleteObjects
_SCHEME = "s3://"


class ObjectsNotDeleted(RetryableError):
    """S3 refused to delete objects; `key` is the first."""

    def __init__(self, bucket: str, key: str, code: str, n_refused: int) -> None:
        super().__init__(
            f"deleting objects of bucket {bucket}: S3 refused {n_refused}, first {key} ({code}); look at the bucket's "
            "policy, then run this again: what is deleted stays deleted"
        )
        self.bucket, self.key, self.code, self.n_refused = bucket, key, code, n_refused

    def __reduce__(self) -> tuple[type[ObjectsNotDeleted], tuple[str, str, str, int]]:
        return type(self), (self.bucket, self.key, self.code, self.n_refused)


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


def delete_objects(s3: Any, bucket: str, objects: Sequence[StoredObject | ObjectVersion]) -> None:
    """Delete objects, or versions of them; `s3` is a boto3 client.

    Raises ObjectsNotDeleted for the first call in which S3 refuses some; the others of that call are deleted.
    """
    for first in range(0, len(objects), _MAX_DELETED):
        entries = [_entry(stored) for stored in objects[first : first + _MAX_DELETED]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": entries, "Quiet": True})
        if errors := answer.get("Errors"):
            raise ObjectsNotDeleted(bucket, errors[0]["Key"], str(errors[0].get("Code")), len(errors))


def _entry(stored: StoredObject | ObjectVersion) -> dict[str, str]:
    if isinstance(stored, ObjectVersion):
        return {"Key": stored.key, "VersionId": stored.version_id}
    return {"Key": stored.key}
