"""S3 as jobs use it: allowed buckets, the objects of a location, reading as a stream, writing from a file.

Endpoint, region and credentials come from the standard AWS environment (`AWS_ENDPOINT_URL_S3`, …), so the same code
reads a bucket of AWS and a server on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.engine.errors import JobFailed

_LOCATION = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])(?:/(?P<key>.*))?")
_DENIED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
#: Means every bucket in the setting.
EVERY = "*"
PART_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket, and a key or prefix in it."""

    bucket: str
    key: str

    @property
    def name(self) -> str:
        """The last part of the key: the file name."""
        return self.key.rpartition("/")[2]

    def within(self, name: str) -> Location:
        """Return a file in this folder, which may or may not end with a slash."""
        folder = self.key if not self.key or self.key.endswith("/") else f"{self.key}/"
        return Location(self.bucket, f"{folder}{name}")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def parse_location(uri: str) -> Location | None:
    """Parse an S3 URI; None if it is not one."""
    matched = _LOCATION.fullmatch(uri)
    return Location(matched["bucket"], matched["key"] or "") if matched else None


def location(uri: str) -> Location:
    """Parse a URI that was checked when its job was created. Raises JobFailed."""
    parsed = parse_location(uri)
    if parsed is None:
        raise JobFailed(f"'{uri}' is not an S3 location; create the job again with s3://bucket/key")
    return parsed


@cache
def client() -> Any:
    """Return the client that all jobs share: botocore clients are thread-safe, and building one takes 0.1 s."""
    return boto3.session.Session().client("s3", config=Config(retries={"max_attempts": 5, "mode": "standard"}))


@dataclass(frozen=True)
class Storage:
    """S3 for jobs. It uses the engine's own credentials, hence only `buckets`; None allows all."""

    buckets: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Storage:
        """Parse `shop,shop-archive`, or `*` for every bucket."""
        names = frozenset(name.strip() for name in text.split(",") if name.strip())
        return cls(None if EVERY in names else names)

    def sizes(self, place: Location, *, suffix: str = "", subfolders: bool = False) -> dict[Location, int]:
        """Return the bytes of each object of a location: the one with exactly that key, else those below the prefix."""
        with self._reading(place):
            pages = client().get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
            sizes = {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}
        if place.key in sizes:
            return {place: sizes[place.key]}
        folder = f"{place.key.rstrip('/')}/" if place.key else ""
        return {
            Location(place.bucket, key): size
            for key, size in sizes.items()
            if key.startswith(folder) and key.endswith(suffix) and not key.endswith("/")
            and (subfolders or "/" not in key[len(folder) :])
        }  # fmt: skip

    @contextmanager
    def opened(self, place: Location) -> Iterator[IO[bytes]]:
        """Open an object as a stream of bytes; it is never held in memory whole."""
        with self._reading(place):
            body = client().get_object(Bucket=place.bucket, Key=place.key)["Body"]
            try:
                yield cast(IO[bytes], body)
            finally:
                body.close()

    def upload(self, file: Path, place: Location) -> None:
        """Store a file as an object, in parts if it is large."""
        with self._writing(place):
            client().upload_file(str(file), place.bucket, place.key)

    def stream(self, chunks: Iterator[bytes], place: Location) -> None:
        """Store an object of unknown size while its chunks are made; it appears after the last chunk, or never.

        Parts are uploaded while the next is made. At most ten of 16 MB are held in memory; an object may have 160 GB.
        """
        config = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2)
        with self._writing(place):
            client().upload_fileobj(_Chunks(chunks), place.bucket, place.key, Config=config)

    def put(self, content: bytes, place: Location) -> None:
        """Store a small object."""
        with self._writing(place):
            client().put_object(Bucket=place.bucket, Key=place.key, Body=content)

    @contextmanager
    def _reading(self, place: Location) -> Iterator[None]:
        with self._used(place, f"reading {place}", "Insufficient privileges for accessing data in Amazon S3."):
            yield

    @contextmanager
    def _writing(self, place: Location) -> Iterator[None]:
        with self._used(place, f"writing {place}", "Insufficient privileges for writing data to Amazon S3."):
            yield

    @contextmanager
    def _used(self, place: Location, attempt: str, denied: str) -> Iterator[None]:
        if self.buckets is not None and place.bucket not in self.buckets:
            raise JobFailed(
                f"{denied} The engine may not use the bucket '{place.bucket}', which {attempt} needs; "
                "add it to ENGINE_BUCKETS, or use a bucket that is listed there."
            )
        with _explained(attempt, denied):
            yield


class _Chunks:
    """A file, to be read once, of chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._kept = bytearray()

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, fewer only at the end; without a size all that remain."""
        while (size < 0 or len(self._kept) < size) and (chunk := next(self._chunks, None)) is not None:
            self._kept += chunk
        end = len(self._kept) if size < 0 else size
        taken = bytes(self._kept[:end])
        del self._kept[:end]
        return taken


@contextmanager
def _explained(attempt: str, denied: str) -> Iterator[None]:
    """Turn an error of S3 into a failure reason, in the service's own words where they are known."""
    try:
        yield
    except ClientError as error:
        reason = denied if error.response["Error"]["Code"] in _DENIED else "The location cannot be used."
        raise JobFailed(
            f"{reason} S3 answered while {attempt}: {error}. Check the bucket, the key and the role."
        ) from error
    except (BotoCoreError, S3UploadFailedError) as error:
        raise JobFailed(
            f"S3 could not be reached while {attempt}: {error}. Check the endpoint and credentials."
        ) from error
