"""Forget a person in the files on S3. It reads every file, because nothing records which files name a person.

An archived page keeps the order and loses its customer, as a refused order does in the warehouse. Exports, batch input
and batch output consist of records: those of the person are removed. A file without the person is not rewritten.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from airflow_postgres_s3.copy_to_s3 import MultipartUpload
from aisle.objects import S3Uri, list_objects
from aisle.orders.redaction import Redaction
from aisle.orders.spoilt import UNREADABLE, sort_out
from aisle.pipeline import prefixes

_CHUNK_BYTES = 1024 * 1024
_USER_COLUMN = "USER_ID"

_body = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_orders = msgspec.json.Decoder(list[msgspec.Raw])


class _Input(msgspec.Struct, rename="camel"):
    user_id: str | None = None


class _Record(_Input):
    """A record of a batch job: a question, or an answer with its question as `input`."""

    input: _Input | None = None


_records = msgspec.json.Decoder(_Record)
#: Returns the user of a record, None if it has none. Raises DecodeError if the record cannot be read.
_UserOf = Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How many files were read, and how many of them named the person."""

    looked_at: int
    rewritten: int


class Eraser:
    """Remove one person from the files of a bucket; `s3` is a boto3 client, `redactions` are by source."""

    def __init__(self, s3: Any, bucket: str, user_ids: Collection[str], redactions: Mapping[str, Redaction]) -> None:
        self._s3, self._bucket = s3, bucket
        self._user_ids = frozenset(user_ids)
        self._redactions = redactions
        ids = "|".join(map(re.escape, user_ids)) or r"(?!)"
        #: Finds the records that may be the person's: a record without any of the ids needs no parsing.
        self._any_id = re.compile(rf"(?<![0-9A-Za-z])(?:{ids})(?![0-9A-Za-z])".encode())

    def erase(self) -> Rewritten:
        """Rewrite every file that names the person."""
        pages = [self._erase_in_page(key) for prefix in prefixes("pages") for key in self._keys(prefix)]
        files = [self._erase_in_records(key) for prefix in prefixes("records") for key in self._keys(prefix)]
        return Rewritten(len(pages) + len(files), sum(pages) + sum(files))

    def _keys(self, prefix: str) -> Iterator[str]:
        return (entry.key for entry in list_objects(self._s3, S3Uri(self._bucket, prefix)))

    def _read(self, key: str) -> Any:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]

    def _erase_in_page(self, key: str) -> bool:
        body = gzip.decompress(self._read(key).read())
        redaction, orders = self._redactions[key.split("/")[1]], _orders_in(body)
        remaining = redaction.redact_text(body) if orders is None else redaction.redact(body, orders)[0]
        if remaining == body:
            return False
        packed = gzip.compress(remaining, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=packed, ContentType="application/gzip")
        return True

    def _erase_in_records(self, key: str) -> bool:
        if not any(is_theirs for _, is_theirs in self._records_of(key)):
            return False
        with MultipartUpload(self._s3, self._bucket, key) as upload:
            for record, is_theirs in self._records_of(key):
                if not is_theirs:
                    upload.write(record)
        return True

    def _records_of(self, key: str) -> Iterator[tuple[bytes, bool]]:
        """Yield every record of a file, and whether it is the person's."""
        records: Iterator[bytes] = self._read(key).iter_lines(_CHUNK_BYTES, keepends=True)
        user_of: _UserOf = _user_of_json
        if key.endswith(".csv"):
            header = next(records, b"")
            yield header, False
            user_of = _user_of_csv(header)
        for record in records:
            yield record, self._is_theirs(record, user_of)

    def _is_theirs(self, record: bytes, user_of: _UserOf) -> bool:
        """Return whether a record is the person's; an unreadable one is if it has one of the person's ids in it."""
        if not self._any_id.search(record):
            return False
        try:
            return user_of(record) in self._user_ids
        except UNREADABLE:
            return True


def _user_of_json(text: bytes) -> str | None:
    record = _records.decode(text)
    return record.input.user_id if record.input else record.user_id


def _user_of_csv(header: bytes) -> _UserOf:
    names = [name.strip().upper() for name in _cells(header)]
    place = names.index(_USER_COLUMN) if _USER_COLUMN in names else None

    def user_of(record: bytes) -> str | None:
        cells = _cells(record) if place is not None else []
        return cells[place] if place is not None and place < len(cells) else None

    return user_of


def _cells(record: bytes) -> list[str]:
    return next(csv.reader([record.decode()]), [])


def _orders_in(body: bytes) -> list[msgspec.Raw] | None:
    """Return the orders of a page as received; None if they cannot be told apart."""
    try:
        page = _body.decode(body)
        return _orders.decode(page["data"]) if isinstance(page, dict) else page
    except KeyError:
        return None
    except UNREADABLE:
        repaired = sort_out(body)
        return repaired.orders if repaired else None
