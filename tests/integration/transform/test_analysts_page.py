"""The page for analysts answers its questions as the warehouse does, and draws the tables that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from aisle.settings import PROJECT_ROOT
from benchmarks.transform.company import fill
from tests.integration.transform.conftest import Company, lasting_company
from tools.analysts_page import PAGE, entity_diagram, refreshed
from tools.dbt_rules import Project, parse


@pytest.fixture(scope="module")
def tiny_company(
    postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """The marts of the demo's smallest company."""
    with lasting_company("tiny", postgres, _warehouse_template, tmp_path_factory) as company:
        fill(company.url, "tiny")
        company.build()
        yield company


@pytest.fixture(scope="module")
def project() -> Project:
    return parse(PROJECT_ROOT / "dbt")


def test_ten_questions_have_the_answers_of_the_page(tiny_company: Company, project: Project) -> None:
    answers = []
    with psycopg.connect(tiny_company.url) as connection:

        def run(query: str) -> tuple[list[str], Sequence[Sequence[Any]]]:
            cursor = connection.execute(query.encode())
            answers.append(cursor.fetchall())
            return [column.name for column in cursor.description or ()], answers[-1]

        page = refreshed(PAGE.read_text(), entity_diagram(project), run)
    assert page == PAGE.read_text(), "run `python -m tools.analysts_page` with a warehouse of this company"
    assert len(answers) == 10
    assert all(answers)


def test_the_diagram_goes_from_things_to_what_names_them(project: Project) -> None:
    lines = entity_diagram(project).splitlines()
    assert '    core_orders ||--o{ core_order_items : "source, order_id"' in lines
    assert '    core_customers ||--o| personalize_users : "user_id"' in lines
    drawn = [line for line in lines if "products_bought_together ||" in line or "features_" in line]
    assert drawn == [], "a pair is no thing, and features are not for analysts"
    related = {name for line in lines[1:] for name in line.split()[:3:2]}
    marts = {f"{mart['schema']}_{mart['name']}" for mart in project.marts if mart["schema"] == "core"}
    assert marts - related == {"core_held_back_items"}


def test_every_metric_of_the_page_is_one_of_the_semantic_layer_or_of_a_mart(project: Project) -> None:
    rows = [line.split("|")[1:4] for line in PAGE.read_text().split("## Metrics")[1].splitlines() if line[:1] == "|"]
    named = {name.strip() for name, _, _ in rows[2:11]}
    labels = {metric["label"].lower() for metric in project.manifest["metrics"].values()}
    assert named - labels == {"retention", "lift"}
