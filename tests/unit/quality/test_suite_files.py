"""Every suite file decides what it means, is taken whole by Great Expectations, and agrees with the contracts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from aisle.contracts import limits, personalize
from aisle.contracts.company_orders import ORDER_STATUSES
from aisle.contracts.event_types import read_event_types
from aisle.contracts.personalize import PURCHASE
from aisle.contracts.recommendations import SIMILAR_PRODUCTS, USER_RECOMMENDATIONS, ScoreKind
from aisle.errors import ConfigurationError
from aisle.quality.suites import BOUNDARIES, GROUP_BOUNDARIES, SUITES, Suite, read_suite, suites_of
from aisle.warehouse.statements import statements
from personalize_kinds import limits as service

FILES = sorted(SUITES.glob("*.json"))
ALL_SUITES = [suite for boundary in BOUNDARIES for suite in suites_of(boundary)]


def kwargs_of(suite_name: str, check: str) -> dict[str, Any]:
    """The arguments of one expectation."""
    suite = read_suite(SUITES / f"{suite_name}.json")
    return next(e["kwargs"] for e in suite.document["expectations"] if e["meta"]["check"] == check)


def a_suite(folder: Path, **changes: Any) -> Path:
    """A file of a usable suite, but for the changes; a change to None leaves the key out."""
    document = json.loads((SUITES / "raw_orders.json").read_text())
    for key, value in changes.items():
        place = document if key in document else document["meta"]
        place[key] = value
        if value is None:
            del place[key]
    path = folder / "raw_orders.json"
    path.write_text(json.dumps(document))
    return path


def test_every_file_belongs_to_a_boundary_and_every_boundary_has_suites_of_both_severities() -> None:
    assert len(FILES) == len(ALL_SUITES) >= 17
    for boundary in BOUNDARIES:
        assert {suite.severity for suite in suites_of(boundary)} == {"stop", "note"}


def test_the_copy_that_the_refusals_start_from_is_usable(tmp_path: Path) -> None:
    assert read_suite(a_suite(tmp_path)).severity == "stop"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"severity": None}, "severity"),
        ({"severity": "warning"}, "severity"),
        ({"boundary": "gold"}, "boundary"),
        ({"table": None}, "table"),
        ({"samples": None}, "samples"),
        ({"why": ""}, "why"),
        ({"owner": None}, "owner"),
        ({"owner": "somebody"}, "owner"),
        ({"advice": None}, "advice"),
        ({"advice": ""}, "advice"),
        ({"name": "another"}, "another"),
        ({"expectations": []}, "expectations"),
        ({"expectations": [{"type": "x", "kwargs": {}, "description": "x", "meta": {}}]}, "meta.check"),
        ({"expectations": [{"type": "x", "kwargs": {}, "meta": {"check": "x"}}]}, "description"),
    ],
)
def test_a_suite_that_leaves_something_undecided_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    path = a_suite(tmp_path, **changes)
    with pytest.raises(ConfigurationError) as refusal:
        read_suite(path)
    assert str(path) in str(refusal.value)
    assert named in str(refusal.value)


def test_a_file_that_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "raw_half.json").write_text('{"name": ')
    with pytest.raises(ConfigurationError, match=r"raw_half\.json"):
        suites_of("raw", tmp_path)


def test_a_boundary_without_suites_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="none"):
        suites_of("raw", tmp_path)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: suite.name)
def test_great_expectations_takes_every_expectation_of_a_suite(suite: Suite) -> None:
    import great_expectations as gx

    assert len(gx.ExpectationSuite(**suite.document).expectations) == len(suite.checks) > 0


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: suite.name)
def test_every_bound_of_values_has_its_other_one(suite: Suite) -> None:
    """Great Expectations lets NaN and Infinity pass a minimum that stands alone."""
    for expectation in suite.document["expectations"]:
        if expectation["type"] == "expect_column_values_to_be_between":
            assert {"min_value", "max_value"} <= set(expectation["kwargs"]), expectation["meta"]["check"]


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: suite.name)
def test_no_check_is_of_some_rows_only(suite: Suite) -> None:
    """Great Expectations leaves out rows whose column is NULL from a condition, silently."""
    assert not [e for e in suite.document["expectations"] if {"row_condition", "condition_parser"} & set(e["kwargs"])]


@pytest.mark.parametrize("suite", [suite for suite in ALL_SUITES if suite.rows], ids=lambda suite: suite.name)
def test_a_condition_of_rows_names_the_run_and_at_a_boundary_of_groups_the_group(suite: Suite) -> None:
    assert "run_key = %(run_key)s" in str(suite.rows)
    assert ("dataset_group = %(dataset_group)s" in str(suite.rows)) == (suite.boundary in GROUP_BOUNDARIES)


@pytest.mark.parametrize("dataset", personalize.DATASETS, ids=lambda dataset: dataset.name)
def test_marts_are_expected_to_have_the_columns_of_the_export(dataset: personalize.Dataset) -> None:
    expected = kwargs_of(f"marts_{dataset.name}", "columns_are_exported_ones")["column_set"]
    assert expected == [column.name.lower() for column in dataset.columns]


def test_limits_are_those_of_the_contracts() -> None:
    for suite, check, limit in [
        ("marts_interactions", "user_id_length", limits.LONGEST_ID),
        ("marts_interactions", "item_id_length", limits.LONGEST_ID),
        ("marts_items", "item_id_length", limits.LONGEST_ID),
        ("marts_items", "category_length", service.MAX_CATEGORICAL_LENGTH),
        ("marts_items", "product_name_length", service.MAX_TEXTUAL_LENGTH),
        ("marts_users", "user_id_length", limits.LONGEST_ID),
        ("marts_users", "gender_length", service.MAX_CATEGORICAL_LENGTH),
        ("marts_users", "location_length", service.MAX_CATEGORICAL_LENGTH),
    ]:
        assert kwargs_of(suite, check)["max_value"] == limit, (suite, check)
    minimum = kwargs_of("marts_interactions", "interactions_suffice")["min_value"]
    assert minimum == service.MIN_INTERACTIONS
    assert kwargs_of("marts_users", "users_exist")["min_value"] == service.MIN_USERS_WITH_TWO_INTERACTIONS
    query = kwargs_of("marts_interactions", "users_suffice")["unexpected_rows_query"]
    assert query.endswith(f"having count(*) < {service.MIN_USERS_WITH_TWO_INTERACTIONS}")


def test_vocabularies_are_those_of_the_contracts() -> None:
    assert kwargs_of("raw_orders", "source_is_known")["value_set"] == {"$PARAMETER": "sources"}
    assert kwargs_of("raw_orders", "status_is_known")["value_set"] == list(ORDER_STATUSES)
    exported = {PURCHASE, *read_event_types().exported.values()}
    assert set(kwargs_of("marts_interactions", "event_type_is_known")["value_set"]) == exported
    for suite in ("batch_user_lists", "batch_similar_lists"):
        assert kwargs_of(suite, "score_kind_is_known")["value_set"] == list(get_args(ScoreKind))


def test_batch_output_is_checked_in_the_staging_tables_of_the_cache() -> None:
    tables = {suite.table for suite in suites_of("batch_output")} - {"ops.volumes"}
    assert tables == {f"cache.{USER_RECOMMENDATIONS}__next", f"cache.{SIMILAR_PRODUCTS}__next"}


def test_a_suite_compares_outcomes_with_words_that_their_tables_take() -> None:
    compared = {word for suite in FILES for word in re.findall(r"outcome (?:=|<>) '(\w+)'", suite.read_text())}
    for table in ("volumes", "refusals"):
        (words,) = re.findall(r"check \(outcome in \((.+?)\)\)", statements(f"ops/{table}")["create"])
        assert compared <= set(re.findall(r"'(\w+)'", words))
    assert compared
