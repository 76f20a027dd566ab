from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.stages.transform import project

MARTS = (
    "core.customers",
    "core.held_back_items",
    "core.order_items",
    "core.orders",
    "core.popular_products",
    "core.products",
    "core.products_bought_together",
    "core.region_customers",
    "core.regions",
    "personalize.interactions",
    "personalize.items",
    "personalize.users",
)

#: At least one row against each data test of the marts. Unique keys and constraints go first, which would defend them.
BROKEN_MARTS = """
do $$ declare it record; begin
    for it in
        select attrelid::regclass as mart, attname from pg_attribute
        inner join pg_class on pg_class.oid = attrelid
        where relnamespace in ('core'::regnamespace, 'personalize'::regnamespace) and relkind = 'r'
            and attnotnull and attnum > 0
    loop
        execute format('alter table %s alter column %I drop not null', it.mart, it.attname);
    end loop;
    for it in select schemaname, indexname from pg_indexes where schemaname in ('core', 'personalize') loop
        execute format('drop index %I.%I', it.schemaname, it.indexname);
    end loop;
end $$;
insert into core.orders (source, order_id, user_id) values ('oe', '1', 'nobody'), ('oe', '1', 'nobody');
create table public.broken_order_items as table core.order_items;
insert into public.broken_order_items (product_id, user_id, is_purchase, quantity)
values (null, 'ann', true, 7), ('NONE', null, false, 1);
create or replace view core.order_items as table public.broken_order_items;
insert into core.products (product_id) values (null), ('TWICE'), ('TWICE');
insert into core.held_back_items (item_id) values (null), (null);
insert into core.customers (user_id) values (null), ('twice'), ('twice');
insert into core.regions (region_kind, region) values (null, null), ('city', 'TWICE'), ('city', 'TWICE');
insert into core.region_customers (region_kind, region, user_id)
values (null, null, null), ('city', 'A', 'twice'), ('city', 'B', 'twice');
insert into core.popular_products (region_kind, region, product_id)
values (null, null, null), ('all', 'ALL', 'TWICE'), ('all', 'ALL', 'TWICE');
insert into core.products_bought_together (product_id, with_product_id)
values (null, null), ('A', 'TWICE'), ('A', 'TWICE');
insert into personalize.interactions (user_id, item_id, event_type, event_value, timestamp)
values (null, null, 'nonsense', 0, 0), ('nobody', 'NONE', 'purchase', -1, -1);
insert into personalize.items (item_id) values (null), ('TWICE'), ('TWICE'), (repeat('X', 257));
insert into personalize.users (user_id) values (null), ('twice'), ('twice'), (repeat('x', 257));
"""


def _contents(company: Any) -> dict[str, list[dict[str, Any]]]:
    return {mart: company.rows(f"select * from {mart} as mart order by mart::text") for mart in MARTS}


def test_a_second_build_of_unchanged_input_gives_equal_rows(small_company: Any) -> None:
    before = _contents(small_company)
    build = small_company.build(is_full=True)
    assert _contents(small_company) == before
    n_rows = {name: len(rows) for name, rows in before.items() if name != "core.order_items"}  # a view writes none
    assert {mart.name: mart.rows for mart in build.marts} == n_rows
    assert before["personalize.interactions"]


def test_a_warehouse_without_orders_has_empty_marts(empty_company: Any) -> None:
    assert _contents(empty_company) == {mart: [] for mart in MARTS}


def test_a_broken_raw_row_fails_the_build_and_names_the_test(company: Any) -> None:
    company.ordered("1", {"product_id": "MUG"}, status="lost")
    with pytest.raises(project.DataTestsFailed, match=r"accepted_values_stg_company__orders_status.*Got 1 result"):
        company.build()
    assert company.rows("select to_regclass('personalize.interactions') as it") == [{"it": None}]


def test_every_promise_about_the_marts_can_be_broken(empty_company: Any) -> None:
    with psycopg.connect(empty_company.url) as connection:
        connection.execute(BROKEN_MARTS.encode())
    arguments = ("test", "--exclude-resource-type", "unit_test", "--select", "marts")
    with pytest.raises(project.DataTestsFailed):
        project._dbt(*arguments, warehouse=empty_company.url, run_folder=empty_company.run_folder)
    run = json.loads((empty_company.run_folder / "run_results.json").read_text())
    passed = {result["unique_id"].split(".")[2] for result in run["results"] if result["status"] == "pass"}
    assert len(run["results"]) > 25
    assert passed == set()


def test_a_model_that_breaks_is_named_and_may_be_tried_again(company: Any) -> None:
    with psycopg.connect(company.url) as connection:
        connection.execute("alter table raw.company__orders drop column payment_mode")
    with pytest.raises(project.TransformBroken, match=r'stg_company__orders.*"payment_mode" does not exist'):
        company.build()


def test_a_warehouse_that_is_down_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(project.TransformBroken):
        project.build("postgresql://aisle:secret-word@127.0.0.1:1/none", tmp_path)
    assert "secret-word" not in os.environ.values()


def test_the_unit_tests_of_the_models_pass(small_company: Any, tmp_path: Path) -> None:
    results = project._dbt("test", "--select", "test_type:unit", warehouse=small_company.url, run_folder=tmp_path)
    assert len(results) >= 7
    assert {str(result.status) for result in results} == {"pass"}


def test_the_documentation_is_one_page_that_loads_nothing(small_company: Any, tmp_path: Path) -> None:
    page = tmp_path / "site" / "dbt" / "index.html"
    project.document(small_company.url, small_company.run_folder, page)
    text = page.read_text()
    assert "One row per order and product that a known user purchased" in text
    assert '"send_anonymous_usage_stats": false' in text, "otherwise the page loads a tracker"
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>", text) == []
    assert [file.name for file in page.parent.iterdir()] == ["index.html"]


def test_every_column_of_every_model_and_source_is_described(small_company: Any) -> None:
    manifest = json.loads((small_company.run_folder / "manifest.json").read_text())
    described = {
        (node["schema"], node.get("identifier") or node["name"], column)
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        if node["resource_type"] in ("model", "seed", "source")
        for column in node["columns"]
    }
    stored = {
        tuple(row.values())
        for row in small_company.rows(
            "select table_schema, table_name, column_name from information_schema.columns where table_schema in"
            " ('staging', 'intermediate', 'core', 'personalize', 'features', 'analytics')"
        )
    }
    assert len(stored) > 200
    assert stored - described == set()
    raw = {column for column in described if column[0] == "raw"}
    assert raw == {
        tuple(row.values())
        for row in small_company.rows(
            "select table_schema, table_name, column_name from information_schema.columns where table_schema = 'raw'"
            " and table_name in ('company__orders', 'company__order_items', 'company__order_changes',"
            " 'company__product_spellings')"
        )
    }


@pytest.mark.parametrize(
    ("model", "promised", "broken"),
    [
        ("core/regions.yml", "data_type: bigint", "data_type: text"),
        ("core/customers.yml", "- name: n_sales\n", "- name: n_sold\n"),
        ("personalize/items.yml", "data_type: real", "data_type: date"),
        ("analytics/cohort_retention.yml", "data_type: integer", "data_type: text"),
        ("features/churn_dates.yml", "- name: is_known\n", "- name: is_over\n"),
    ],
)
def test_a_mart_that_breaks_its_contract_is_not_built(
    small_company: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, promised: str, broken: str
) -> None:
    folder = tmp_path / "dbt"
    shutil.copytree(project.PROJECT, folder)
    properties = folder / "models" / "marts" / model
    text = properties.read_text()
    assert promised in text
    properties.write_text(text.replace(promised, broken))
    monkeypatch.setattr(project, "PROJECT", folder)
    arguments = ("run", "--full-refresh", "--select", Path(model).stem)
    with pytest.raises(project.TransformBroken, match=f"{Path(model).stem}: .*contract"):
        project._dbt(*arguments, warehouse=small_company.url, run_folder=tmp_path)


def test_a_null_in_the_key_of_a_mart_is_refused_by_the_warehouse(small_company: Any) -> None:
    with psycopg.connect(small_company.url) as connection, pytest.raises(psycopg.errors.NotNullViolation):
        connection.execute("update core.orders set order_id = null")
