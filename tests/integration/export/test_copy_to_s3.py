from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from airflow_postgres_s3.copy_to_s3 import Copied, MultipartUpload, RecordFormat, copy_to_s3


def body_of(s3: Any, bucket: str, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def test_what_is_reported_is_what_lies_in_s3(warehouse_url: str, s3: Any, bucket: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        select = "select n as number, 'two\nlines' as text from generate_series(1, 1000) as n"
        copied = copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, "a/b.csv")
    content = body_of(s3, bucket, "a/b.csv")
    assert copied == Copied(f"s3://{bucket}/a/b.csv", 1000, len(content), hashlib.sha256(content).hexdigest())


def test_csv_escapes_quotes_as_personalize_reads_them(warehouse_url: str, s3: Any, bucket: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        select = """select 'a "b", c' as "TEXT", null::text as "NONE", 1.5::real as "PRICE" """
        copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, "x.csv")
    assert body_of(s3, bucket, "x.csv") == b'TEXT,NONE,PRICE\n"a \\"b\\", c",,1.5\n'


def test_json_lines_stay_json_whatever_is_in_them(warehouse_url: str, s3: Any, bucket: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        select = """select jsonb_build_object('itemId', e'q"u, \\\\ \t\nü'::text)::text"""
        copy_to_s3(connection, select, RecordFormat.JSON_LINES, s3, bucket, "x.json")
    assert body_of(s3, bucket, "x.json").decode() == '{"itemId": "q\\"u, \\\\ \\t\\nü"}\n'


def test_parameters_reach_the_query(warehouse_url: str, s3: Any, bucket: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        select = "select %(word)s::text"
        copied = copy_to_s3(connection, select, RecordFormat.JSON_LINES, s3, bucket, "x", {"word": "it's"})
    assert copied.n_rows == 1
    assert body_of(s3, bucket, "x") == b"it's\n"


def test_many_parts_make_one_object(s3: Any, bucket: str) -> None:
    pieces = [bytes([65 + n]) * 3_000_000 for n in range(6)]
    with MultipartUpload(s3, bucket, "big", part_bytes=6_000_000) as upload:
        for piece in pieces:
            upload.write(piece)
    assert body_of(s3, bucket, "big") == b"".join(pieces)
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-3"')
    assert upload.sha256.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_a_query_that_breaks_halfway_leaves_nothing_in_s3(warehouse_url: str, s3: Any, bucket: str) -> None:
    select = "select 1 / (900000 - n), repeat('x', 20) from generate_series(1, 1000000) as n"
    connection = psycopg.connect(warehouse_url)
    with closing(connection), pytest.raises(psycopg.errors.DivisionByZero):
        copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, "broken.csv")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Sink:
    """An S3 client that keeps nothing but how large this process was at each part."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        return {"UploadId": "1"}

    def upload_part(self, **_: Any) -> dict[str, str]:
        self.sizes.append(resident_bytes())
        return {"ETag": "e"}

    def complete_multipart_upload(self, **_: Any) -> None: ...


def test_memory_does_not_grow_with_the_rows(warehouse_url: str) -> None:
    sink, before = Sink(), resident_bytes()
    with psycopg.connect(warehouse_url) as connection:
        select = "select n, repeat('x', 1000) from generate_series(1, 120000) as n"
        copied = copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, sink, "any", "large.csv")
    assert copied.n_bytes > 120_000_000
    assert len(sink.sizes) > 10
    assert max(sink.sizes) - before < 50_000_000
