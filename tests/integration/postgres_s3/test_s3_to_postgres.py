from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_postgres_s3 import records, s3_lines
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError
from airflow_postgres_s3.transfers.postgres_to_s3 import PostgresToS3Operator
from airflow_postgres_s3.transfers.s3_to_postgres import S3ToPostgresOperator


@pytest.fixture(autouse=True)
def _table(query: Any) -> None:
    query(
        "create table target (id int primary key, name varchar(8), price numeric, tags jsonb, since timestamptz,"
        " twice int generated always as (id * 2) stored)"
    )


def jsonl(*lines: Any) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def test_json_lines_fill_the_columns_of_their_keys(transfer: Any, put: Any, query: Any, bucket: str) -> None:
    body = b'{"id": 1, "name": "a\\\\b\\t\\u00fc", "price": 12345678901234567.10, "tags": ["x", {"y": 1}], "more": 1}\n'
    put("x.jsonl", body + b'\r\n{"id": 2, "since": "2026-01-02T03:04:05Z", "tags": {}}\r\n')
    outcome = transfer(S3ToPostgresOperator, s3_key="x.jsonl", table="public.target")
    assert outcome == {"uri": f"s3://{bucket}/x.jsonl", "n_rows": 2, "n_errors": 0, "errors_uri": None}
    assert query(
        "select id, name, price::text, tags, extract(year from since)::int, twice from target order by id"
    ) == [
        (1, "a\\b\tü", "12345678901234567.10", ["x", {"y": 1}], None, 2),
        (2, None, None, {}, 2026, 4),
    ]


def test_columns_are_filled_by_key_paths(transfer: Any, put: Any, query: Any) -> None:
    put("x.out", jsonl({"input": {"userId": 7}, "a.b": "dot", "output": {"scores": [0.5, 0.25]}}))
    columns = {"id": "input.userId", "name": ["a.b"], "price": "output.scores.0", "tags": []}
    transfer(S3ToPostgresOperator, s3_key="x.out", table="target", columns=columns)
    ((number, name, price, tags),) = query("select id, name, price::float, tags from target")
    assert (number, name, price) == (7, "dot", 0.5)
    assert tags["input"] == {"userId": 7}


@pytest.mark.parametrize("file_format", ["csv", "personalize_csv", "jsonl"])
def test_what_one_transfer_writes_the_other_reads(transfer: Any, query: Any, file_format: Any) -> None:
    query(
        r"""insert into target (id, name, price, tags, since) values
        (1, 'a "b", c', 1.50, '{"k": "\"v\""}', now()), (2, e'l\n"m"', null, null, null), (3, e'\\', 0, '[]', null),
        (4, '', -1, '"\\"', 'infinity'), (5, e'\\"', 7, '1', null), (6, '\.', 8, null, null),
        (7, e'\r', 8, null, null)"""
    )
    select = "select id, name, price, tags, since::text from target order by id"
    before = query(select)
    transfer(PostgresToS3Operator, sql=select, s3_key="x", file_format=file_format)
    outcome = transfer(S3ToPostgresOperator, s3_key="x", table="target", file_format=file_format, replace=True)
    assert outcome["n_rows"] == len(before) == 7
    assert query(select) == before


def test_csv_columns_are_mapped_by_the_header(transfer: Any, put: Any, query: Any) -> None:
    put("x.csv", '\ufeffITEM_ID,unused,"NAME"\r\n5,z,"a\r\nb"\r\n6,z,\r\n'.encode())
    columns = {"name": "NAME", "id": "ITEM_ID"}
    transfer(S3ToPostgresOperator, s3_key="x.csv", table="target", columns=columns, file_format="csv")
    assert query("select id, name from target order by id") == [(5, "a\r\nb"), (6, None)]


BAD = {
    2: b'{"id": "two"}',
    4: b"{not json",
    5: b'{"name": "no id"}',
    7: b'{"id": 1}',
    8: b'{"id": 8, "name": "longer than eight"}',
    9: b'{"id": 9, "name": "\xff"}',
    10: rb'{"id": 10, "name": "\u0000"}',
    12: rb"\.",
}


def good_and_bad() -> bytes:
    return b"".join(BAD.get(number, b'{"id": %d}' % number) + b"\n" for number in range(1, 31))


def test_bad_records_are_kept_with_their_reason_and_the_others_loaded(
    transfer: Any, put: Any, query: Any, body_of: Any, bucket: str
) -> None:
    put("x.jsonl", good_and_bad())
    outcome = transfer(
        S3ToPostgresOperator, s3_key="x.jsonl", table="target", max_errors=None, errors_s3_key="bad.jsonl"
    )
    assert (outcome["n_rows"], outcome["n_errors"]) == (30 - len(BAD), len(BAD))
    assert outcome["errors_uri"] == f"s3://{bucket}/bad.jsonl"
    kept = [json.loads(line) for line in body_of("bad.jsonl").splitlines()]
    assert {record["line"]: record["text"] for record in kept} == {
        n: text.decode(errors="replace") for n, text in BAD.items()
    }
    reasons = {record["line"]: record["reason"] for record in kept}
    assert 'invalid input syntax for type integer: "two"' in reasons[2]
    assert "null value" in reasons[5]
    assert "duplicate key" in reasons[7]
    assert "too long" in reasons[8]
    assert [row[0] for row in query("select id from target order by id")] == [n for n in range(1, 31) if n not in BAD]


def test_more_bad_records_than_allowed_load_nothing_and_are_kept(
    transfer: Any, put: Any, query: Any, body_of: Any
) -> None:
    put("x.jsonl", good_and_bad())
    query("insert into target (id) values (99)")
    with pytest.raises(TransferDataError, match=r"more than 2 bad records, the last is line 5: NotNullViolation"):
        transfer(
            S3ToPostgresOperator, s3_key="x.jsonl", table="target", replace=True, max_errors=2, errors_s3_key="bad"
        )
    assert query("select id from target") == [(99,)]
    assert len(body_of("bad").splitlines()) == 3


def test_by_default_no_record_may_be_bad_and_the_message_quotes_none(transfer: Any, put: Any) -> None:
    put("x.jsonl", b'{"id": "secret-person"}\n')
    with pytest.raises(TransferDataError, match="line 1: InvalidTextRepresentation") as raised:
        transfer(S3ToPostgresOperator, s3_key="x.jsonl", table="target")
    assert "secret-person" not in str(raised.value)


def test_bad_records_need_an_object_to_be_kept_in(transfer: Any) -> None:
    with pytest.raises(TransferConfigurationError, match="errors_s3_key"):
        transfer(S3ToPostgresOperator, s3_key="x", table="target", max_errors=5)


def test_a_bad_csv_record_is_found_among_good_ones(transfer: Any, put: Any, query: Any, body_of: Any) -> None:
    put("x.csv", b'id,name\n1,"a\nb"\n2\n3,c,d\n\\.\n4,x\n5,"open\n')
    arguments = {"file_format": "csv", "max_errors": 4, "errors_s3_key": "bad"}
    transfer(S3ToPostgresOperator, s3_key="x.csv", table="target", **arguments)
    assert query("select id from target order by id") == [(1,), (4,)]
    assert [json.loads(line)["line"] for line in body_of("bad").splitlines()] == [4, 5, 6, 8]


def test_many_batches_make_one_load(transfer: Any, put: Any, query: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_RECORDS", 7)
    monkeypatch.setattr(s3_lines, "CHUNK_BYTES", 64)
    put("x.jsonl", jsonl(*({"id": n} for n in range(100))))
    assert transfer(S3ToPostgresOperator, s3_key="x.jsonl", table="target")["n_rows"] == 100
    assert query("select count(*), sum(id) from target") == [(100, 4950)]


def test_replacing_twice_leaves_one_copy(transfer: Any, put: Any, query: Any) -> None:
    put("x.jsonl", jsonl({"id": 1}, {"id": 2}))
    for _ in range(2):
        transfer(S3ToPostgresOperator, s3_key="x.jsonl", table="target", replace=True)
    assert query("select count(*) from target") == [(2,)]


def test_an_empty_object_loads_nothing(transfer: Any, put: Any) -> None:
    put("x.jsonl", b"")
    assert transfer(S3ToPostgresOperator, s3_key="x.jsonl", table="target")["n_rows"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "nowhere"}, "nowhere: the table does not exist"),
        ({"table": "target", "columns": {"id": "id", "twice": "id"}}, "no writable column twice"),
        ({"table": "target", "columns": {"id": "NUMBER"}, "file_format": "csv"}, "header id,name lacks NUMBER"),
    ],
)
def test_a_wrong_target_fails_before_anything_is_loaded(transfer: Any, put: Any, arguments: Any, message: str) -> None:
    put("x", b"id,name\n1,a\n")
    with pytest.raises((TransferConfigurationError, TransferDataError), match=message):
        transfer(S3ToPostgresOperator, s3_key="x", **arguments)


class BreakingBody:
    """A body that yields a few chunks and then loses the connection, as S3's does for a slow reader."""

    def __init__(self, body: Any, chunks: int) -> None:
        self._body, self._chunks = body, chunks

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        from botocore.exceptions import IncompleteReadError

        for number, chunk in enumerate(self._body.iter_chunks(size)):
            if number == self._chunks:
                raise IncompleteReadError(actual_bytes=number, expected_bytes=0)
            yield chunk


class BreakingS3:
    """An S3 client whose bodies break; `between` happens before a body is asked for again."""

    def __init__(self, s3: Any, chunks: int, between: Any = lambda: None) -> None:
        self._s3, self._chunks, self._between, self.n_asked = s3, chunks, between, 0

    def get_object(self, **arguments: Any) -> Any:
        if self.n_asked:
            self._between()
        self.n_asked += 1
        answer = self._s3.get_object(**arguments)
        return answer | {"Body": BreakingBody(answer["Body"], self._chunks)}


def test_a_body_that_breaks_off_is_read_on_where_it_broke(
    put: Any, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_lines, "CHUNK_BYTES", 10)
    expected = [b"%03d" % n for n in range(20)]
    put("x", b"\n".join(expected))
    broken = BreakingS3(s3, chunks=3)
    assert list(s3_lines.lines_of(broken, bucket, "x")) == expected
    assert broken.n_asked == 3


def test_an_object_that_changed_meanwhile_is_not_read_on(
    put: Any, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    monkeypatch.setattr(s3_lines, "CHUNK_BYTES", 10)
    put("x", b"a" * 50)
    broken = BreakingS3(s3, chunks=3, between=lambda: put("x", b"b" * 50))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        list(s3_lines.lines_of(broken, bucket, "x"))


def test_a_body_that_only_breaks_is_given_up(put: Any, s3: Any, bucket: str) -> None:
    from botocore.exceptions import IncompleteReadError

    put("x", b"a")
    broken = BreakingS3(s3, chunks=0)
    with pytest.raises(IncompleteReadError):
        list(s3_lines.lines_of(broken, bucket, "x"))
    assert broken.n_asked == s3_lines.MAX_RESUMES + 1


def test_template_fields_are_members() -> None:
    operator = S3ToPostgresOperator(task_id="t", s3_bucket="b", s3_key="k", table="t")
    assert all(hasattr(operator, name) for name in S3ToPostgresOperator.template_fields)
