"""Receipts: what one piece of work did, in rows, bytes and seconds. Each stage ends by writing one."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)


@dataclass
class Receipt:
    """A receipt: filled in during the work, written when it succeeded."""

    run_key: str
    stage: str
    subject: str
    rows_in: int | None = None
    rows_out: int | None = None
    bytes: int | None = None
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


@contextmanager
def receipt(run_key: str, stage: str, subject: str, url: str | None = None) -> Iterator[Receipt]:
    """Time the block and store its receipt. A block that raises stores none."""
    slip = Receipt(run_key, stage, subject)
    started = time.monotonic()
    yield slip
    slip.seconds = time.monotonic() - started
    write(slip, url)


def write(slip: Receipt, url: str | None = None) -> None:
    """Store a receipt; it replaces an earlier one for the same work."""
    with connect(url) as connection:
        connection.execute(sql("ops/receipts/insert").encode(), {**vars(slip), "details": json.dumps(slip.details)})
    log.info(
        "%s %s: %s rows in, %s rows out, %s bytes, %.2f s, run key %s",
        slip.stage, slip.subject, slip.rows_in, slip.rows_out, slip.bytes, slip.seconds, slip.run_key,
    )  # fmt: skip
