"""What an earlier version of Aisle called otherwise is renamed in place, with its rows, whenever `migrate` runs."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from aisle.warehouse import create_cache, migrate

#: Table, the column's name in an earlier version, its name now.
COLUMNS = [
    ("ops.receipts", "leg", "stage"),
    ("ops.quality_results", "is_met", "has_passed"),
    ("ops.ingest_windows", "order_lines", "order_items"),
    ("ops.ingest_windows", "merged_lines", "merged_items"),
    ("ops.ingest_windows", "rejected_lines", "rejected_items"),
    ("ops.volumes", "verdict", "outcome"),
    ("ops.refusals", "verdict", "outcome"),
]
ROWS = {
    "ops.ingest_windows": (
        "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state,"
        " order_items, merged_items, rejected_items)"
        " values ('pos', now(), 'infinity', 'k', 'scheduled', 'proven', 9, 2, 1)"
    ),
    "ops.receipts": "insert into ops.receipts (run_key, stage, subject, seconds) values ('k', 'export', 'users', 1)",
    "ops.quality_results": (
        "insert into ops.quality_results (run_key, suite, severity, expectation, has_passed, check_id)"
        " values ('k', 'marts_items', 'stop', 'e', false, 'c')"
    ),
    "ops.refusals": (
        "insert into ops.refusals (run_key, source, reason, n_orders, n_order_items, share,"
        " note_above, stop_above, outcome)"
        " values ('k', 'pos', 'malformed_order', 1, 2, 0.3, 0.05, 0.25, 'stop')"
    ),
    "ops.volumes": (
        "insert into ops.volumes (boundary, dataset_group, measure, run_key, value, stop_below, note_below, outcome)"
        " values ('raw', '', 'orders', 'k', 9, 0.5, 0.9, 'note')"
    ),
}
#: The check of an earlier version, under the name that PostgreSQL gave it, and a row in its words.
EARLIER_OUTCOMES = {
    "ops.refusals": (
        "insert into ops.refusals (run_key, source, reason, n_orders, n_order_items, share,"
        " note_above, stop_above, verdict)"
        " select word, 'pos', 'malformed_order', 1, 2, 0, 0.05, 0.25, word"
        " from unnest(array['met', 'note', 'stop']) as word"
    ),
    "ops.volumes": (
        "insert into ops.volumes (boundary, dataset_group, measure, run_key, value, stop_below, note_below, verdict)"
        " select 'raw', '', 'orders', word, 9, 0.5, 0.9, word from unnest(array['met', 'note', 'stop']) as word"
    ),
}


@pytest.mark.parametrize(("table", "old", "new"), COLUMNS)
def test_a_column_of_an_earlier_version_is_renamed_and_keeps_its_values(
    warehouse_url: str, table: str, old: str, new: str
) -> None:
    schema, name = table.split(".")
    columns = SQL("select {}::text from {}").format(Identifier(new), Identifier(schema, name))
    rename = SQL("alter table {} rename column {} to {}").format(
        Identifier(schema, name), Identifier(new), Identifier(old)
    )
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(ROWS[table].encode())
        written = connection.execute(columns).fetchall()
        connection.execute(rename)
        for _ in range(2):
            migrate(warehouse_url)
            assert connection.execute(columns).fetchall() == written != []


@pytest.mark.parametrize("name", ["refusals", "volumes"])
def test_an_outcome_of_an_earlier_version_gets_its_new_word_and_no_other_word_is_let_in(
    warehouse_url: str, name: str
) -> None:
    table = Identifier("ops", name)
    earlier = [
        SQL("alter table {} drop constraint {}").format(table, Identifier(f"{name}_outcome_check")),
        SQL("alter table {} rename column outcome to verdict").format(table),
        SQL("alter table {} add check (verdict in ('met', 'note', 'stop'))").format(table),
        EARLIER_OUTCOMES[f"ops.{name}"].encode(),
    ]
    outcomes = SQL("select run_key, outcome from {} order by run_key").format(table)
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        for statement in earlier:
            connection.execute(statement)
        for _ in range(2):
            migrate(warehouse_url)
            written = connection.execute(outcomes).fetchall()
            assert written == [("met", "passed"), ("note", "note"), ("stop", "stop")]
            with pytest.raises(psycopg.errors.CheckViolation) as refused:
                connection.execute(SQL("update {} set outcome = 'met'").format(table))
            assert refused.value.diag.constraint_name == f"{name}_outcome_check"


def test_the_rejected_records_of_an_earlier_version_stay_in_every_cache(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        create_cache(connection, "cache_shop_north")
        for schema in ("cache", "cache_shop_north"):
            table = Identifier(schema, "rejected_records")
            connection.execute(
                SQL("insert into {} values ('g1', 'users', 'k', 1, 'error', 'quota', 'p')").format(table)
            )
            connection.execute(SQL("alter table {} rename to rejected_lines").format(table))
            connection.execute(
                SQL("alter index {} rename to rejected_lines_pkey").format(Identifier(schema, "rejected_records_pkey"))
            )
            for _ in range(2):
                migrate(warehouse_url)
                assert connection.execute(SQL("select generation from {}").format(table)).fetchall() == [("g1",)]
            assert connection.execute(
                "select tablename, indexname from pg_indexes where schemaname = %s and tablename like 'rejected%%'",
                [schema],
            ).fetchall() == [("rejected_records", "rejected_records_pkey")]


def test_the_erasure_records_of_an_earlier_version_still_keep_a_person_out(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute("insert into identity.erasures values (identity.user_hash('u1'), '2024-03-01')")
        connection.execute("alter table identity.erasures rename to tombstones")
        connection.execute("alter index identity.erasures_pkey rename to tombstones_pkey")
        for _ in range(2):
            migrate(warehouse_url)
            erased = connection.execute(
                "select user_id, erased_at::date::text from identity.erasures_of(array['u1', 'u2'])"
            )
            assert erased.fetchall() == [("u1", "2024-03-01")]
            indexes = connection.execute("select indexname from pg_indexes where tablename = 'erasures'").fetchall()
            assert indexes == [("erasures_pkey",)]


def test_the_receipts_of_earlier_decisions_get_their_stage_and_their_subject_and_others_keep_theirs(
    warehouse_url: str,
) -> None:
    receipts = [
        ("a", "evaluate", "drift"),
        ("a", "evaluate", "north/retrain"),
        ("a", "evaluate", "judge"),
        ("a", "evaluate", "north/judge"),
        ("a", "export", "judge"),
        ("b", "evaluate", "decide"),
        ("b", "evaluate", "judge"),
        ("b", "evaluate", "retrain"),
        ("b", "retrain", "retrain"),
        ("c", "train", "drift"),
    ]
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.cursor().executemany(
            "insert into ops.receipts (run_key, stage, subject, seconds) values (%s, %s, %s, 1)", receipts
        )
        for _ in range(2):
            migrate(warehouse_url)
            query = "select run_key, stage, subject from ops.receipts order by 1, 2, 3"
            assert connection.execute(query).fetchall() == [
                ("a", "evaluate", "decide"),
                ("a", "evaluate", "north/decide"),
                ("a", "export", "judge"),
                ("a", "retrain", "drift"),
                ("a", "retrain", "north/retrain"),
                ("b", "evaluate", "decide"),
                ("b", "evaluate", "judge"),
                ("b", "evaluate", "retrain"),
                ("b", "retrain", "retrain"),
                ("c", "train", "drift"),
            ]
