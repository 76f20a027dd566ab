"""The archive: each page on S3 as received, before it is parsed, but without erased people."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

from aisle.contracts.s3_layout import dropped_page, ingest_page
from aisle.orders.answer import Page
from aisle.orders.windows import Window

#: Orders shrink to about a tenth at any level, so the fastest will do.
_COMPRESSION_LEVEL = 1


@dataclass(frozen=True)
class Archive:
    """The archive of one run in one bucket; `s3` is a boto3 client."""

    s3: Any
    bucket: str
    run_key: str

    def store(self, source: str, window: Window, page: Page) -> str:
        """Write a page and return its key. Equal pages become equal objects."""
        return self._put(ingest_page(source, window.start, window.end, self.run_key, page.number), page)

    def store_dropped(self, source: str, content_hash: str, page: Page) -> str:
        """Write a page of the orders of a file and return its key."""
        return self._put(dropped_page(source, content_hash, self.run_key, page.number), page)

    def _put(self, key: str, page: Page) -> str:
        body = gzip.compress(page.body, _COMPRESSION_LEVEL, mtime=0)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/gzip")
        return key
