"""The dbt project keeps its rules, and each rule names what breaks it."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import PROJECT_ROOT
from tools.dbt_rules import RULES, Project, broken_rules, parse

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def project() -> Project:
    return parse(PROJECT_ROOT / "dbt")


def test_the_project_keeps_its_rules(project: Project) -> None:
    assert broken_rules(project) == []


def _model(manifest: Manifest, name: str) -> Any:
    return manifest["nodes"][f"model.aisle.{name}"]


def _no_grain(manifest: Manifest) -> None:
    _model(manifest, "orders")["description"] = "Orders."


def _no_column_description(manifest: Manifest) -> None:
    _model(manifest, "int_places")["columns"]["region"]["description"] = ""


def _no_source_description(manifest: Manifest) -> None:
    source = manifest["sources"]["source.aisle.company.company__orders"]
    source["columns"]["city"]["description"] = ""


def _no_metric_description(manifest: Manifest) -> None:
    manifest["metrics"]["metric.aisle.revenue"]["description"] = None


def _no_columns(manifest: Manifest) -> None:
    _model(manifest, "stg_company__orders")["columns"] = {}


def _no_contract(manifest: Manifest) -> None:
    _model(manifest, "product_pairs")["config"]["contract"]["enforced"] = False


def _no_constraint(manifest: Manifest) -> None:
    for column in _model(manifest, "items")["columns"].values():
        column["constraints"] = []


def _no_key(manifest: Manifest) -> None:
    _model(manifest, "churn_dates")["config"]["indexes"] = []


def _no_unit_test(manifest: Manifest) -> None:
    del manifest["unit_tests"]["unit_test.aisle.customer_segments.customers_are_segmented_by_the_fifths_they_belong_to"]


def _public_step(manifest: Manifest) -> None:
    _model(manifest, "int_places")["access"] = "public"


def _no_group(manifest: Manifest) -> None:
    _model(manifest, "churn_labels")["group"] = None


def _another_name(manifest: Manifest) -> None:
    _model(manifest, "int_days")["name"] = "days"


def _past_staging(manifest: Manifest) -> None:
    _model(manifest, "orders")["depends_on"]["nodes"].append("source.aisle.company.company__orders")


def _of_staging(manifest: Manifest) -> None:
    _model(manifest, "orders")["depends_on"]["nodes"].append("model.aisle.stg_company__orders")


def _no_reader(manifest: Manifest) -> None:
    manifest["exposures"]["exposure.aisle.analysts"]["depends_on"]["nodes"].remove("model.aisle.cohort_retention")


def _no_reader_inside(manifest: Manifest) -> None:
    for model in manifest["nodes"].values():
        nodes = model["depends_on"].get("nodes", [])
        model["depends_on"]["nodes"] = [node for node in nodes if node != "model.aisle.int_products__pairs"]


def _no_freshness(manifest: Manifest) -> None:
    manifest["sources"]["source.aisle.company.company__orders"]["freshness"] = None


def _fresh_in_future(manifest: Manifest) -> None:
    manifest["sources"]["source.aisle.company.company__orders"]["freshness"]["filter"] = None


BREAKS: dict[Callable[[Manifest], None], str] = {
    _no_grain: "orders: its description",
    _no_column_description: "int_places.region: has no description",
    _no_source_description: "company__orders.city: has no description",
    _no_metric_description: "revenue: has no description",
    _no_columns: "stg_company__orders: lists no column",
    _no_contract: "product_pairs: its contract is not enforced",
    _no_constraint: "items: no column is not_null",
    _no_key: "churn_dates: neither a unique index nor a test",
    _no_unit_test: "customer_segments: decides by cases without",
    _public_step: "int_places: is not private",
    _no_group: "churn_labels: is not public in a group",
    _another_name: "days: a model of intermediate",
    _past_staging: "orders: reads source.aisle.company.company__orders past staging",
    _of_staging: "orders: reads model.aisle.stg_company__orders",
    _no_reader: "cohort_retention: no exposure reads it",
    _no_reader_inside: "int_products__pairs: nothing reads it",
    _no_freshness: "company__orders: has no freshness",
    _fresh_in_future: "company__orders: has no freshness",
}


@pytest.mark.parametrize("breaks", BREAKS, ids=lambda breaks: breaks.__name__.strip("_"))
def test_what_breaks_a_rule_is_named(project: Project, breaks: Callable[[Manifest], None]) -> None:
    manifest = copy.deepcopy(project.manifest)
    breaks(manifest)
    (line,) = broken_rules(Project(manifest))
    assert line.startswith(BREAKS[breaks])


def test_every_rule_is_seen_to_break(project: Project) -> None:
    quiet = set(RULES)
    for breaks in BREAKS:
        manifest = copy.deepcopy(project.manifest)
        breaks(manifest)
        quiet -= {rule for rule in RULES if list(rule(Project(manifest)))}
    assert quiet == set()


def test_a_description_and_a_contract_that_are_removed_from_the_files_are_missed(tmp_path: Path) -> None:
    folder = tmp_path / "dbt"
    shutil.copytree(PROJECT_ROOT / "dbt", folder)
    pairs = folder / "models" / "marts" / "analytics" / "product_pairs.yml"
    text = pairs.read_text().replace("contract: {enforced: true}", "contract: {enforced: false}")
    pairs.write_text(re.sub(r"(- name: support\n) +description: .*\n", r"\1", text))
    assert broken_rules(parse(folder)) == [
        "product_pairs.support: has no description",
        "product_pairs: its contract is not enforced",
    ]


def test_a_project_that_cannot_be_parsed_is_said_to_be(tmp_path: Path) -> None:
    folder = tmp_path / "dbt"
    shutil.copytree(PROJECT_ROOT / "dbt", folder)
    (folder / "models" / "broken.yml").write_text("models: [{name: no_such, columns: 3}]")
    with pytest.raises(RuntimeError, match=r"(?s)dbt parse in .*broken\.yml"):
        parse(folder)
