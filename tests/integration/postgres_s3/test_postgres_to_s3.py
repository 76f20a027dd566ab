from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest

from airflow_postgres_s3.exceptions import TransferDataError
from airflow_postgres_s3.transfers.postgres_to_s3 import PostgresToS3Operator

AWKWARD = r"""select 'a "b", c' as text, e'two\nlines' as lines, e'back\\slash' as slash, null::int as nothing"""


def test_what_is_returned_is_what_lies_in_s3(transfer: Any, body_of: Any, bucket: str) -> None:
    outcome = transfer(PostgresToS3Operator, sql="select n from generate_series(1, 500) as n;\n", s3_key="a/b.csv")
    content = body_of("a/b.csv")
    assert outcome == {
        "uri": f"s3://{bucket}/a/b.csv",
        "n_rows": 500,
        "n_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_csv_is_what_a_csv_reader_reads(transfer: Any, body_of: Any) -> None:
    transfer(PostgresToS3Operator, sql=AWKWARD, s3_key="x.csv")
    rows = list(csv.DictReader(io.StringIO(body_of("x.csv").decode(), newline="")))
    assert rows == [{"text": 'a "b", c', "lines": "two\nlines", "slash": "back\\slash", "nothing": ""}]


def test_csv_for_personalize_escapes_quotes_by_a_backslash(transfer: Any, body_of: Any) -> None:
    transfer(PostgresToS3Operator, sql=AWKWARD, s3_key="x.csv", file_format="personalize_csv")
    assert b'"a \\"b\\", c"' in body_of("x.csv")


def test_a_row_is_one_json_object_on_one_line_with_its_columns_in_order(transfer: Any, body_of: Any) -> None:
    select = AWKWARD + """, '{"a":\n 1}'::json as nested, 1.50::numeric as price -- and a comment"""
    transfer(PostgresToS3Operator, sql=select, s3_key="x.jsonl", file_format="jsonl")
    (line,) = body_of("x.jsonl").splitlines()
    assert list(json.loads(line).items()) == [
        ("text", 'a "b", c'),
        ("lines", "two\nlines"),
        ("slash", "back\\slash"),
        ("nothing", None),
        ("nested", {"a": 1}),
        ("price", 1.5),
    ]
    assert b"1.50" in line


@pytest.mark.parametrize(
    ("statement", "parameters"), [("select %(w)s::text as w", {"w": "it's"}), ("select %s", ["x"])]
)
def test_parameters_reach_the_query(transfer: Any, statement: str, parameters: Any) -> None:
    assert transfer(PostgresToS3Operator, sql=statement, parameters=parameters, s3_key="x")["n_rows"] == 1


def test_a_percent_sign_without_parameters_is_itself(transfer: Any, body_of: Any) -> None:
    transfer(PostgresToS3Operator, sql="select '5 %' as share", s3_key="x.csv")
    assert body_of("x.csv") == b"share\n5 %\n"


def test_an_object_is_only_replaced_on_request(transfer: Any, put: Any, body_of: Any) -> None:
    put("x.csv", b"precious")
    with pytest.raises(TransferDataError, match="replace=True"):
        transfer(PostgresToS3Operator, sql="select 1 as n", s3_key="x.csv")
    assert body_of("x.csv") == b"precious"
    transfer(PostgresToS3Operator, sql="select 1 as n", s3_key="x.csv", replace=True)
    assert body_of("x.csv") == b"n\n1\n"


def test_a_query_that_breaks_leaves_the_old_object(transfer: Any, put: Any, body_of: Any, s3: Any, bucket: str) -> None:
    import psycopg

    put("x.csv", b"precious")
    with pytest.raises(psycopg.errors.DivisionByZero):
        transfer(
            PostgresToS3Operator,
            sql="select 1 / (900000 - n), repeat('x', 20) from generate_series(1, 1000000) as n",
            s3_key="x.csv",
            replace=True,
        )
    assert body_of("x.csv") == b"precious"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_template_fields_are_members() -> None:
    operator = PostgresToS3Operator(task_id="t", sql="select 1", s3_bucket="b", s3_key="k")
    assert all(hasattr(operator, name) for name in PostgresToS3Operator.template_fields)
    assert {"sql", "parameters", "s3_key"} <= set(PostgresToS3Operator.template_fields)
