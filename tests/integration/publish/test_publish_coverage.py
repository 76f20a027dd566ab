from __future__ import annotations

import json

import pytest

from aisle.batch.records import Record
from aisle.cache.coverage import check_coverage
from aisle.cache.staging import Staged, stage
from aisle.errors import BatchOutputIncomplete
from aisle.groups.dataset_group import dataset_groups

FIRST = dataset_groups()[0]


def staged(url: str, *, good: int, bad: int) -> Staged:
    texts = [{"input": {"userId": f"u{number}"}, "output": {"recommendedItems": ["p1"]}} for number in range(good)]
    texts += [
        {"input": {"userId": f"secret{number}"}, "output": None, "error": "quota is used up"} for number in range(bad)
    ]
    lines = [Record("x.out", number, json.dumps(text).encode()) for number, text in enumerate(texts, start=1)]
    return stage(lines, "users", "g1", "engine", FIRST, url)


@pytest.mark.parametrize(("asked", "coverage"), [(10, 0.8), (None, 0.8), (8, 1.0)])
def test_coverage_is_the_answered_part_of_what_was_asked(
    warehouse_url: str, asked: int | None, coverage: float
) -> None:
    assert check_coverage(staged(warehouse_url, good=8, bad=2), asked, 0.8, "g1", FIRST, warehouse_url) == coverage


def test_too_few_answers_stop_the_run_and_the_message_says_why(warehouse_url: str) -> None:
    with pytest.raises(BatchOutputIncomplete) as stopped:
        check_coverage(staged(warehouse_url, good=7, bad=3), 10, 0.8, "g1", FIRST, warehouse_url)
    assert "7 lists for 10 asked (70.00%)" in str(stopped.value)
    assert "3 times error (quota is used up)" in str(stopped.value)
    assert "secret" not in str(stopped.value)


def test_answers_that_never_came_count_as_missing(warehouse_url: str) -> None:
    with pytest.raises(BatchOutputIncomplete, match=r"\b7\b.*\b100\b"):
        check_coverage(staged(warehouse_url, good=7, bad=0), 100, 0.8, "g1", FIRST, warehouse_url)


@pytest.mark.parametrize("asked", [0, None])
def test_an_empty_cache_is_never_published(warehouse_url: str, asked: int | None) -> None:
    with pytest.raises(BatchOutputIncomplete, match="0 lists"):
        check_coverage(staged(warehouse_url, good=0, bad=0), asked, 0.0, "g1", FIRST, warehouse_url)
