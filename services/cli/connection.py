"""A command's connection to the warehouse; its errors are printed in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from aisle.errors import FinalError, RetryableError
from aisle.warehouse import connect
from services.stack.running import running_stack


@contextmanager
def warehouse(url: str | None) -> Iterator[psycopg.Connection]:
    """Open one connection with one transaction, to the running stack's warehouse unless a URL is given.

    Raises RetryableError if it does not answer, FinalError if it lacks a table that the pipeline would have made.
    """
    try:
        with connect(url or running_stack().addresses.warehouse_url) as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise FinalError(
            f"reading the warehouse: {error.diag.message_primary}; run `aisle migrate`, then the DAG transform"
        ) from error
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise RetryableError(
            f"asking the warehouse: {reason}; look whether it runs, and whether --url (or WAREHOUSE_URL) names it"
        ) from error
