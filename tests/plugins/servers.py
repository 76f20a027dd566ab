"""One PostgreSQL and one S3 server for all tests, with a database and a bucket for each test."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: What is written here need not outlive the server: it waits for no disk.
_FORGETFUL = ("fsync", "synchronous_commit", "full_page_writes")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A running embedded server. Tests that kill a server start one of their own, whose writes are durable."""
    import psycopg

    from services.stack.postgres import EmbeddedPostgres

    home = Path(tempfile.mkdtemp(prefix="aisle-pg-"))
    server = EmbeddedPostgres(home)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as admin:
        for setting in _FORGETFUL:
            admin.execute(f"alter system set {setting} = off")
        admin.execute("select pg_reload_conf()")
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def _warehouse_template(postgres: Any) -> str:
    import psycopg

    from aisle.warehouse import migrate

    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute("create database warehouse_template")
    migrate(postgres.url("warehouse_template"))
    return "warehouse_template"


@pytest.fixture
def warehouse_url(postgres: Any, _warehouse_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a fresh, migrated warehouse, which is also the Airflow connection `warehouse` for the test."""
    import psycopg

    name = f"warehouse_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template {_warehouse_template}")
        admin.execute(f"alter database {name} set search_path = public, cache, core")
    url = postgres.url(name)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url.replace("postgresql://", "postgres://", 1))
    yield url
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """URL of a running S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    """A boto3 client of the S3 server."""
    import boto3

    return boto3.client("s3", endpoint_url=s3_endpoint)


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a fresh bucket, which is also the bucket of the settings for the test."""
    from aisle.settings import get_settings

    name = f"aisle-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    monkeypatch.setenv("AISLE_STORAGE__BUCKET", name)
    get_settings.cache_clear()
    yield name
    get_settings.cache_clear()


@pytest.fixture
def aws_connection(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Airflow's `aws_default` pointing at the S3 server. Tests of Personalize add the engine to its extra."""
    import json

    extra = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    connection = json.dumps({"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    return connection
