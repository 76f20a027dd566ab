"""A finding of a query names what it found, in a sentence, and no person by more than a pseudonym."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg
import pytest

from aisle.contracts.identity import user_hash
from aisle.quality.suites import SUITES, read_suite
from aisle.quality.validation import validate

USER = "0123456789abcdef0123456789abcdef"


def finding_of(url: str, suite_name: str, check_name: str) -> list[str]:
    """The rows that a failed check of the world at `url` shows."""
    (validation,) = validate([read_suite(SUITES / f"{suite_name}.json")], url, "test", datetime.now(UTC))
    (check,) = [check for check in validation.checks if check.check == check_name]
    assert not check.has_passed
    rows: list[str] = check.observed["partial_unexpected_list"]
    return rows


@pytest.mark.parametrize(
    ("breakage", "suite_name", "check_name", "finding"),
    [
        (
            "update personalize.interactions set user_id = %(user)s",
            "marts_interactions_outliers",
            "no_user_dominates",
            r"user {hash}… has 100\.0 % of all interactions, \d+ of \d+",
        ),
        (
            "insert into personalize.interactions select * from personalize.interactions",
            "marts_interactions_outliers",
            "interactions_come_once",
            r"\d+ of \d+ interactions repeat another of the same user, item and second",
        ),
        (
            "update personalize.users set user_id = %(user)s "
            "where user_id = (select min(user_id) from personalize.users)",
            "marts_users_coverage",
            "users_have_interactions",
            r"user {hash}… has no interaction",
        ),
        (
            "update personalize.interactions set user_id = %(user)s "
            "where user_id = (select min(user_id) from personalize.interactions)",
            "marts_users_coverage",
            "interactions_have_users",
            r"user {hash}… has interactions and no row",
        ),
        (
            "delete from raw.company__order_items where order_id in (select order_id from raw.company__orders limit 5)",
            "raw_order_items_outliers",
            "orders_have_lines",
            r"\d+ of \d+ orders have no items",
        ),
    ],
)  # fmt: skip
def test_a_failed_query_says_who_and_how_much(
    good_world: str, breakage: str, suite_name: str, check_name: str, finding: str
) -> None:
    with psycopg.connect(good_world) as connection:
        connection.execute(breakage.encode(), {"user": USER} if "%(user)s" in breakage else None)
    first, *_ = finding_of(good_world, suite_name, check_name)
    assert re.fullmatch(finding.replace("{hash}", user_hash(USER)[:16]), first)
    assert USER not in first
