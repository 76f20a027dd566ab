"""Forget a person in the files on S3. All of them are looked at: where a person may be, no list of files tells.

An archived page keeps the order and loses its customer, as a refused order does in the warehouse. Exports, batch input
and batch output are lines: those of the person go. A file without the person is not written.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from aisle.aws.transfers.copy_to_s3 import MultipartUpload
from aisle.contracts.company_orders import SOURCES, Customer
from aisle.erase.person import ANY_MOMENT, Traces
from aisle.ingest.identity import PersonHasher
from aisle.ingest.orders import without_person

_ARCHIVE = "ingest/"
_LINES = ("export/", "recommend/", "evaluate/")
_CHUNK_BYTES = 1024 * 1024

_body = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_orders = msgspec.json.Decoder(list[msgspec.Raw])


class Rewritten(NamedTuple):
    """How many files were looked at, and in how many the person was."""

    looked_at: int
    rewritten: int


class Eraser:
    """Takes one person out of the files of one bucket; `s3` is a boto3 client."""

    def __init__(self, s3: Any, bucket: str, traces: Traces, hasher: PersonHasher) -> None:
        self._s3, self._bucket = s3, bucket
        self._user_ids = frozenset(traces.user_ids)
        self._pattern = traces.pattern
        self._hasher = hasher

    def erase(self) -> Rewritten:
        """Rewrite every file that tells of the person."""
        pages = [self._erase_in_page(key) for key in self._keys(_ARCHIVE)]
        files = [self._erase_in_lines(key) for prefix in _LINES for key in self._keys(prefix)]
        return Rewritten(len(pages) + len(files), sum(pages) + sum(files))

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from [each["Key"] for each in page.get("Contents", ())]

    def _read(self, key: str) -> Any:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]

    def _erase_in_page(self, key: str) -> bool:
        body = gzip.decompress(self._read(key).read())
        remaining = self._page_without(body, source_name=key.split("/")[1])
        if remaining == body:
            return False
        packed = gzip.compress(remaining, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=packed, ContentType="application/gzip")
        return True

    def _page_without(self, body: bytes, source_name: str) -> bytes:
        page = _body.decode(body)
        sent = _orders.decode(page["data"]) if isinstance(page, dict) else page
        kept = [self._blanked(order) if self._is_theirs(order, source_name) else order for order in sent]
        if kept == sent:
            return body
        return msgspec.json.encode({**page, "data": kept} if isinstance(page, dict) else kept)

    def _blanked(self, order: msgspec.Raw) -> msgspec.Raw:
        fields = msgspec.json.decode(order)
        return msgspec.Raw(msgspec.json.encode(without_person(fields) if isinstance(fields, dict) else None))

    def _is_theirs(self, order: msgspec.Raw, source_name: str) -> bool:
        """By who the order's customer is, and, where that cannot be read, by any mark of the person in it."""
        if self._pattern.search(order):
            return True
        customer = _customer_of(order)
        source = next(source.name for source in SOURCES if source.name == source_name)
        person = self._hasher.person(source, customer, ANY_MOMENT)
        return person is not None and person.user_id in self._user_ids

    def _erase_in_lines(self, key: str) -> bool:
        if not any(map(self._pattern.search, self._lines(key))):
            return False
        with MultipartUpload(self._s3, self._bucket, key) as upload:
            for line in self._lines(key):
                if not self._pattern.search(line):
                    upload.write(line)
        return True

    def _lines(self, key: str) -> Iterator[bytes]:
        lines: Iterator[bytes] = self._read(key).iter_lines(_CHUNK_BYTES, keepends=True)
        return lines


def _customer_of(order: msgspec.Raw) -> Customer | None:
    """The customer as far as one can be read, also of an order that the contract refuses."""
    fields = msgspec.json.decode(order)
    sent = fields.get("customer") if isinstance(fields, dict) else None
    if not isinstance(sent, dict):
        return None
    known = {name: value for name, value in sent.items() if name in Customer.__struct_fields__}
    return Customer(**{name: str(value) for name, value in known.items() if isinstance(value, str | int)})
