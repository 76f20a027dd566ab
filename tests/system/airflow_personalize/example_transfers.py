"""
# Transfers between PostgreSQL and S3

Writes a query to S3, both as CSV and as JSON lines, and loads the lines into another table.
"""

from __future__ import annotations

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, TriggerRule, chain
from small_shop.setting import BUCKET, PREFIX
from small_shop.stage import clear_stage

from airflow_postgres_s3.transfers.postgres_to_s3 import PostgresToS3Operator
from airflow_postgres_s3.transfers.s3_to_postgres import S3ToPostgresOperator

with DAG("example_transfers", schedule=None, catchup=False, tags=["example"], doc_md=__doc__) as dag:
    create_tables = SQLExecuteQueryOperator(
        task_id="create_tables",
        conn_id="warehouse",
        sql="""
            drop table if exists example_orders, example_copies;
            create table example_orders as
            select number as order_id, 'item-' || number % 7 as item_id, number / 10.0 as price
            from generate_series(1, 1000) as number;
            create table example_copies (order_id integer primary key, item text, price numeric check (price < 99));
        """,
    )

    # [START howto_transfer_postgres_to_s3]
    unload = PostgresToS3Operator(
        task_id="unload",
        postgres_conn_id="warehouse",
        sql="select order_id, item_id, price from example_orders where price >= %(least)s order by order_id",
        parameters={"least": 10},
        s3_bucket=BUCKET,
        s3_key=f"{PREFIX}/transfers/orders.csv",
        replace=True,
    )
    # [END howto_transfer_postgres_to_s3]

    # [START howto_transfer_postgres_to_s3_json_lines]
    unload_lines = PostgresToS3Operator(
        task_id="unload_lines",
        postgres_conn_id="warehouse",
        sql="select json_build_object('id', order_id) as input, json_build_array(item_id) as items, price"
        " from example_orders",
        s3_bucket=BUCKET,
        s3_key=f"{PREFIX}/transfers/orders.jsonl",
        file_format="jsonl",
        replace=True,
    )
    # [END howto_transfer_postgres_to_s3_json_lines]

    # [START howto_transfer_s3_to_postgres]
    load = S3ToPostgresOperator(
        task_id="load",
        postgres_conn_id="warehouse",
        s3_bucket=BUCKET,
        s3_key=f"{PREFIX}/transfers/orders.jsonl",
        table="public.example_copies",
        columns={"order_id": "input.id", "item": "items.0", "price": "price"},
        replace=True,
        max_errors=20,
        errors_s3_key=f"{PREFIX}/transfers/bad.jsonl",
    )
    # [END howto_transfer_s3_to_postgres]

    drop_tables = SQLExecuteQueryOperator(
        task_id="drop_tables",
        conn_id="warehouse",
        sql="drop table if exists example_orders, example_copies",
        trigger_rule=TriggerRule.ALL_DONE,
    )

    chain(create_tables, unload, unload_lines, load, [drop_tables, clear_stage("transfers")])
