"""The transfers as a DAG author uses them: connections by id, one call of execute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

CONNECTIONS = {"postgres_conn_id": "warehouse", "aws_conn_id": "aws_default"}


@pytest.fixture
def transfer(warehouse_url: str, aws_connection: str, bucket: str) -> Callable[..., dict[str, Any]]:
    """Run one transfer operator between the test's warehouse and its bucket."""

    def run(operator: type, **arguments: Any) -> dict[str, Any]:
        outcome: dict[str, Any] = operator(task_id="t", s3_bucket=bucket, **CONNECTIONS, **arguments).execute({})
        return outcome

    return run


@pytest.fixture
def put(s3: Any, bucket: str) -> Callable[[str, bytes], None]:
    """Write an object into the test's bucket."""

    def write(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)

    return write


@pytest.fixture
def body_of(s3: Any, bucket: str) -> Callable[[str], bytes]:
    """The bytes of an object in the test's bucket."""

    def read(key: str) -> bytes:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    return read


@pytest.fixture
def query(warehouse_url: str) -> Callable[..., list[Any]]:
    """Run one statement in the test's warehouse, committed; gives its rows, if it has any."""

    def run(statement: str) -> list[Any]:
        with psycopg.connect(warehouse_url) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return run
