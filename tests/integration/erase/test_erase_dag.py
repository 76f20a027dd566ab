"""A person who was erased is looked for everywhere: every table, every file, the engine, Airflow's own tables."""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.warehouse import connect, sql
from tests.integration.company_served import connect_company, served_company

#: What dbt would build, as far as an erasure and an export see it.
MARTS = """
create schema core;
create schema personalize;
create table core.orders as select source, order_id, user_id, total_amount from raw.company__orders;
create table core.customers as
select user_id, count(*) as n_sales, count(*) as n_purchases, max(ordered_at) as last_purchased_at
from raw.company__orders where user_id is not null group by user_id;
create table personalize.items as
select product_id as item_id, min(product_name) as product_name, min(category) as category, 1::real as price,
    1700000000::bigint as creation_timestamp
from raw.company__order_items group by product_id;
create table personalize.interactions as
select user_id, product_id as item_id, 'purchase'::text as event_type, 1::real as event_value,
    extract(epoch from ordered_at)::bigint as timestamp
from raw.company__orders join raw.company__order_items using (source, order_id) where user_id is not null;
create table personalize.users as
select user_id, null::integer as age, null::text as gender, 'Lahore'::text as location from core.customers;
"""
SERVED = """
insert into cache.offline_user_recommendations values
    (%(u)s, '[]', now(), 'rank', 'g2'), ('other', '[]', now(), 'rank', 'g2');
create table cache.offline_user_recommendations__previous as table cache.offline_user_recommendations;
insert into cache.rejected_records values
    ('g2', 'users', 'key', 1, 'reason', 'detail', '{"input": {"userId": "' || %(u)s || '"}}');
insert into ops.quality_results (run_key, suite, severity, expectation, has_passed, observed, check_id)
values ('k', 's', 'note', 'e', false, jsonb_build_array(%(u)s::text), 'c');
insert into ops.interventions (run_key, kind, subject, asked_by, reason) values
    ('k', 'invalidation', 'user ' || %(u)s, 'a', 'r');
insert into events.outbox (event_id, dataset_group, user_id, session_id, event_type, item_id, occurred_at, state)
values ('e1', 'aisle', %(u)s, 's', 'purchase', 'p', now(), 'sent'),
    ('e1', 'shop-north', %(u)s, 's', 'purchase', 'p', now(), 'held');
insert into raw.company__rejects values
    ('r', 'pos', null, null, null, 1, 'why', 'detail', 'call ' || %(p)s, 'key', 'k');
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the company, and how they may be written."""

    user_id: str
    phone: str
    email: str

    @property
    def pattern(self) -> re.Pattern[str]:
        digits = "[ ().-]*".join(re.sub(r"\D", "", self.phone)[-9:])
        return re.compile(f"{self.user_id}|{digits}|{re.escape(self.email)}", re.IGNORECASE)


@pytest.fixture
def after_runs(run_dag: Any, warehouse_url: str, personalize: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a warehouse that has ingested and exported the tiny company."""
    with served_company(scale="tiny") as company:
        connect_company(company, monkeypatch)
        run_dag("ingest", "ingested")
        with psycopg.connect(warehouse_url) as connection:
            connection.execute(MARTS.encode())
        run_dag("export", "exported")
        yield warehouse_url


@pytest.fixture
def person(after_runs: str, s3: Any, bucket: str) -> Person:
    """A customer with phone and e-mail, whose id is in the cache, in texts and in batch files, too."""
    query = (
        "select user_id, phone, email from identity.customers join core.customers using (user_id)"
        " where phone is not null and email is not null order by n_sales desc, user_id limit 1"
    )
    with psycopg.connect(after_runs) as connection:
        row = Person(*connection.execute(query.encode()).fetchone() or ())
        values = {"u": row.user_id, "p": f"0{row.phone[3:6]}-{row.phone[6:]}"}
        psycopg.ClientCursor(connection).execute(SERVED.encode(), values)
    lines = "".join(f'{{"input": {{"userId": "{user}"}}}}\n' for user in ("other", row.user_id, "third"))
    s3.put_object(Bucket=bucket, Key="recommend/output/users/k/users.json.out", Body=lines.encode())
    return row


def file_request(url: str, **known: str) -> str:
    blank = dict.fromkeys(("phone", "email", "source", "source_id", "user_id"))
    with connect(url) as connection:
        row = connection.execute(sql("identity/erasure_requests/insert").encode(), {**blank, **known}).fetchone()
    assert row
    return str(row[0])


def tables_with(url: str, pattern: re.Pattern[str]) -> list[str]:
    """Every table of the warehouse in which the pattern is found."""
    query = (
        "select format('%I.%I', table_schema, table_name) from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(url) as connection:
        tables = [name for (name,) in connection.execute(query.encode())]
        assert "identity.customers" in tables
        assert "personalize.interactions" in tables
        texts = {name: connection.execute(f"select t::text from {name} as t").fetchall() for name in tables}
    return sorted(name for name, rows in texts.items() if any(pattern.search(text) for (text,) in rows))


def files_with(s3: Any, bucket: str, pattern: re.Pattern[str]) -> list[str]:
    """Every file of the bucket in which the pattern is found; pages unpacked."""
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    texts = {key: gzip.decompress(body) if key.endswith(".gz") else body for key, body in bodies.items()}
    return sorted(key for key, text in texts.items() if pattern.search(text.decode()))


def rows_of_engine_with(folder: Path, user_id: str) -> int:
    """Rows of the engine's datasets that are this user's."""
    import pyarrow.parquet as pq

    tables = [pq.read_table(part) for part in folder.rglob("*.parquet")]
    assert tables
    return sum(table["USER_ID"].to_pylist().count(user_id) for table in tables if "USER_ID" in table.column_names)


def airflow_knows(pattern: re.Pattern[str]) -> bool:
    with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db") as database:
        return any(pattern.search(statement) for statement in database.iterdump())


def test_no_trace_of_the_person_is_left_and_revenue_stays(
    run_dag: Any, after_runs: str, person: Person, s3: Any, bucket: str, tmp_path: Path, personalize: Any
) -> None:
    revenue = "select count(*), sum(total_amount) from raw.company__orders"
    with psycopg.connect(after_runs) as connection:
        before = connection.execute(revenue.encode()).fetchone()
    assert len(tables_with(after_runs, person.pattern)) == 17
    assert len(files_with(s3, bucket, person.pattern)) >= 4
    assert rows_of_engine_with(tmp_path / "engine", person.user_id) > 1

    states = run_dag("erase", "erased", request_id=file_request(after_runs, phone=person.phone, email=person.email))

    assert set(states.values()) == {"success"}, states
    assert tables_with(after_runs, person.pattern) == []
    assert files_with(s3, bucket, person.pattern) == []
    assert rows_of_engine_with(tmp_path / "engine", person.user_id) == 0
    assert airflow_knows(re.compile("request_id"))
    assert not airflow_knows(person.pattern)
    with psycopg.connect(after_runs) as connection:
        assert connection.execute(revenue.encode()).fetchone() == before
        audit = "select state, erased_at is not null from identity.erasure_requests"
        assert connection.execute(audit.encode()).fetchall() == [("erased", True)]
    assert b"other" in s3.get_object(Bucket=bucket, Key="recommend/output/users/k/users.json.out")["Body"].read()
    [group] = personalize.list_dataset_groups()["datasetGroups"]
    [job] = personalize.list_data_deletion_jobs(datasetGroupArn=group["datasetGroupArn"])["dataDeletionJobs"]
    assert (
        personalize.describe_data_deletion_job(dataDeletionJobArn=job["dataDeletionJobArn"])["dataDeletionJob"][
            "numDeleted"
        ]
        > 1
    )

    # Every order comes again as if it had been edited: the person does not come back with it.
    with psycopg.connect(after_runs) as connection:
        connection.execute("update raw.company__orders set content_hash = 'edited'")
    assert run_dag("backfill", "again", window_start="2024-07-01T00:00:00Z", window_end="2027-01-01T00:00:00Z")
    assert tables_with(after_runs, person.pattern) == []
    with psycopg.connect(after_runs) as connection:
        rewritten = "select count(*) from raw.company__orders where run_key = 'again'"
        assert connection.execute(rewritten.encode()).fetchone() == (before or (0,))[:1]

    # And the request cannot be carried out a second time.
    assert set(run_dag("erase", "erased", request_id=_only_request(after_runs)).values()) == {"skipped"}


def _only_request(url: str) -> str:
    with psycopg.connect(url) as connection:
        [(request_id,)] = connection.execute("select request_id from identity.erasure_requests").fetchall()
    return str(request_id)


@pytest.mark.parametrize("known", [{}, {"phone": "12"}, {"user_id": "u1"}])
def test_a_request_that_matches_nobody_erases_nobody(
    run_dag: Any, warehouse_url: str, aws_connection: str, known: dict[str, str]
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("insert into identity.customers (user_id, name) values ('u1', 'Somebody')")
    request_id = file_request(warehouse_url, **known) if known else "no such request"
    states = run_dag("erase", "nobody", request_id=request_id)
    assert states["forget_in_warehouse"] == "failed"
    assert states["finish"] == "upstream_failed"
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute("select count(*) from identity.customers").fetchone() == (1,)


def test_lists_of_somebody_erased_do_not_come_back_with_batch_output_of_before(warehouse_url: str) -> None:
    from aisle.batch.records import Record
    from aisle.cache.staging import stage
    from aisle.groups.dataset_group import dataset_groups

    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into identity.erasures select identity.user_hash(u), now() from unnest('{gone,back}'::text[]) u"
        )
        connection.execute("insert into identity.customers (user_id) values ('back')")
    answer = '{"input": {"userId": "%s"}, "output": {"recommendedItems": ["p"], "scores": [1.0]}}'
    lines = [
        Record("out", number, (answer % user).encode()) for number, user in enumerate(("gone", "back", "other"), 1)
    ]
    stage(lines, "users", "g", "engine", dataset_groups()[0], warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        staged = connection.execute("select user_id from cache.offline_user_recommendations__next order by 1")
        assert staged.fetchall() == [("back",), ("other",)]


def test_rejected_records_of_every_group_forget_a_person(warehouse_url: str, shops: Any) -> None:
    from aisle.cache.schema import prepare
    from aisle.identity.contacts import ContactFinder
    from aisle.identity.hashing import PersonHasher
    from aisle.settings import get_settings
    from aisle.stages.erase.rows import forget

    prepare(shops[1], warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        for schema in ("cache", "cache_shop_north"):
            connection.execute(
                f"insert into {schema}.rejected_records values "
                "('g', 'users', 'k', 1, 'r', 'd', 'of gone'), ('g', 'users', 'k', 2, 'r', 'd', 'of other')"
            )
            connection.execute(
                f"insert into {schema}.offline_user_recommendations values ('gone', '[]', now(), 'rank', 'g')"
            )
        forget(connection, "request", ["gone"], ContactFinder(PersonHasher(get_settings().identity)))
        for schema in ("cache", "cache_shop_north"):
            left = connection.execute(f"select payload from {schema}.rejected_records").fetchall()
            lists = connection.execute(f"select count(*) from {schema}.offline_user_recommendations").fetchall()
            assert (left, lists) == ([("of other",)], [(0,)])
