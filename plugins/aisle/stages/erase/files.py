"""Forget a person in the files on S3. All of them are looked at: where a person may be, no list of files tells.

An archived page keeps the order and loses its customer, as a refused order does in the warehouse. Exports, batch input
and batch output are lines: those whose user is the person go. A file without the person is not written.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from airflow_postgres_s3.copy_to_s3 import MultipartUpload
from aisle.contracts.company_orders import SourceName
from aisle.orders.redaction import Redaction
from aisle.orders.spoilt import UNREADABLE, sort_out
from aisle.pipeline import prefixes

_CHUNK_BYTES = 1024 * 1024
_USER_COLUMN = "USER_ID"

_body = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_orders = msgspec.json.Decoder(list[msgspec.Raw])


class _Input(msgspec.Struct, rename="camel"):
    user_id: str | None = None


class _Line(_Input):
    """One line of a batch job: as it is asked, or as it is answered, with what was asked as `input`."""

    input: _Input | None = None


_lines = msgspec.json.Decoder(_Line)
#: The user whom a line is about, None for nobody. Raises DecodeError where that cannot be told.
_UserOf = Callable[[bytes], str | None]


class Rewritten(NamedTuple):
    """How many files were looked at, and in how many the person was."""

    looked_at: int
    rewritten: int


class Eraser:
    """Takes one person out of the files of one bucket; `s3` is a boto3 client, `redactions` are by source."""

    def __init__(
        self, s3: Any, bucket: str, user_ids: Collection[str], redactions: Mapping[SourceName, Redaction]
    ) -> None:
        self._s3, self._bucket = s3, bucket
        self._user_ids = frozenset(user_ids)
        self._redactions = redactions
        ids = "|".join(map(re.escape, user_ids)) or r"(?!)"
        #: What a line without any of the ids is passed by on.
        self._any_id = re.compile(rf"(?<![0-9A-Za-z])(?:{ids})(?![0-9A-Za-z])".encode())

    def erase(self) -> Rewritten:
        """Rewrite every file that tells of the person."""
        pages = [self._erase_in_page(key) for prefix in prefixes("pages") for key in self._keys(prefix)]
        files = [self._erase_in_lines(key) for prefix in prefixes("records") for key in self._keys(prefix)]
        return Rewritten(len(pages) + len(files), sum(pages) + sum(files))

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from [entry["Key"] for entry in page.get("Contents", ())]

    def _read(self, key: str) -> Any:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]

    def _erase_in_page(self, key: str) -> bool:
        body = gzip.decompress(self._read(key).read())
        redaction, orders = self._redactions[cast(SourceName, key.split("/")[1])], _orders_in(body)
        remaining = redaction.redact_text(body) if orders is None else redaction.redact(body, orders)[0]
        if remaining == body:
            return False
        packed = gzip.compress(remaining, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=packed, ContentType="application/gzip")
        return True

    def _erase_in_lines(self, key: str) -> bool:
        if not any(is_theirs for _, is_theirs in self._judged_lines(key)):
            return False
        with MultipartUpload(self._s3, self._bucket, key) as upload:
            for line, is_theirs in self._judged_lines(key):
                if not is_theirs:
                    upload.write(line)
        return True

    def _judged_lines(self, key: str) -> Iterator[tuple[bytes, bool]]:
        """Every line of a file, and whether it is about the person."""
        lines: Iterator[bytes] = self._read(key).iter_lines(_CHUNK_BYTES, keepends=True)
        user_of: _UserOf = _user_of_json
        if key.endswith(".csv"):
            header = next(lines, b"")
            yield header, False
            user_of = _user_of_csv(header)
        for line in lines:
            yield line, self._is_theirs(line, user_of)

    def _is_theirs(self, line: bytes, user_of: _UserOf) -> bool:
        """By the user whom it is about; a line of which nobody can tell goes with any of the person's ids in it."""
        if not self._any_id.search(line):
            return False
        try:
            return user_of(line) in self._user_ids
        except UNREADABLE:
            return True


def _user_of_json(line: bytes) -> str | None:
    told = _lines.decode(line)
    return told.input.user_id if told.input else told.user_id


def _user_of_csv(header: bytes) -> _UserOf:
    names = [name.strip().upper() for name in _cells(header)]
    place = names.index(_USER_COLUMN) if _USER_COLUMN in names else None

    def user_of(line: bytes) -> str | None:
        cells = _cells(line) if place is not None else []
        return cells[place] if place is not None and place < len(cells) else None

    return user_of


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode()]), [])


def _orders_in(body: bytes) -> list[msgspec.Raw] | None:
    """The orders of a page as they came; None if they cannot be told apart."""
    try:
        page = _body.decode(body)
        return _orders.decode(page["data"]) if isinstance(page, dict) else page
    except KeyError:
        return None
    except UNREADABLE:
        found = sort_out(body)
        return found.orders if found else None
