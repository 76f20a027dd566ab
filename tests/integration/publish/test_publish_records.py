from __future__ import annotations

from typing import Any

import pytest

from airflow_postgres_s3 import s3_lines
from aisle.batch.records import Record, has_output, output_records
from aisle.errors import BatchOutputIncomplete, ConfigurationError


def test_all_out_objects_are_read_in_order_and_nothing_else(s3: Any, bucket: str) -> None:
    for key, body in {"b.json.out": b"3\n", "a.json.out": b"1\r\n\n2", "_CHECK": b"x\n", "a.json": b"y\n"}.items():
        s3.put_object(Bucket=bucket, Key=f"out/{key}", Body=body)
    s3.put_object(Bucket=bucket, Key="out-of-another-run/c.json.out", Body=b"z\n")
    assert list(output_records(s3, f"s3://{bucket}/out/")) == [
        Record("out/a.json.out", 1, b"1"),
        Record("out/a.json.out", 3, b"2"),
        Record("out/b.json.out", 1, b"3"),
    ]


def test_lines_longer_than_a_chunk_stay_whole(s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_lines, "CHUNK_BYTES", 7)
    texts = [b"x" * length for length in (1, 6, 7, 8, 40)]
    s3.put_object(Bucket=bucket, Key="out/a.json.out", Body=b"\n".join(texts))
    assert [line.text for line in output_records(s3, f"s3://{bucket}/out/")] == texts


@pytest.mark.parametrize("prefix", ["run #1/", "what?/", "a%20b/", "/"])
def test_every_character_of_a_prefix_counts(s3: Any, bucket: str, prefix: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"{prefix}a.json.out", Body=b"1\n")
    uri = f"s3://{bucket}/{prefix}"
    assert list(output_records(s3, uri)) == [Record(f"{prefix}a.json.out", 1, b"1")]
    assert has_output(s3, uri)


def test_a_prefix_with_other_files_alone_has_no_output(s3: Any, bucket: str) -> None:
    for key in ("out/_CHECK", "out/a.json", "outer/a.json.out"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1\n")
    assert not has_output(s3, f"s3://{bucket}/out/")


def test_a_prefix_without_output_says_what_is_there(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="out/_CHECK", Body=b"")
    with pytest.raises(BatchOutputIncomplete, match=r"out/_CHECK"):
        list(output_records(s3, f"s3://{bucket}/out/"))


@pytest.mark.parametrize("uri", ["s3://bucket/prefix", "s3:///prefix/", "/prefix/", "https://bucket/prefix/"])
def test_a_location_that_is_no_prefix_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="write it as s3://bucket/prefix/"):
        list(output_records(None, uri))
