"""Data Docs: readable without the internet, safe to open, bounded, never half written."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from aisle.quality import data_docs
from aisle.quality.results import store_results
from aisle.quality.suites import SUITES, Suite, read_suite, suites_of
from aisle.quality.validation import Validation, validate

STYLES = ("look.css", "quality.css")
LOADED = re.compile(r"""<(?:link|script|img|iframe)\b[^>]*?(?:src|href)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@pytest.fixture
def broken_marts(good_world: str) -> str:
    """URL of a warehouse whose items carry what must not reach a browser."""
    with psycopg.connect(good_world) as connection:
        connection.execute("update personalize.items set category = '<script>alert(1)</script>' || repeat('x', 1000)")
    return good_world


def checked(url: str, run_key: str, suites: list[Suite]) -> list[Validation]:
    """Suites, run and stored."""
    validations = validate(suites, url, run_key, datetime.now(UTC))
    store_results(url, run_key, validations)
    return validations


@pytest.fixture
def items_page(broken_marts: str, tmp_path: Path) -> str:
    """The page of the suite `marts_items` over the broken items."""
    suite = read_suite(SUITES / "marts_items.json")
    data_docs.write_data_docs(tmp_path, broken_marts, "run", checked(broken_marts, "run", [suite]))
    return (tmp_path / "marts_items" / "run.html").read_text()


def test_pages_load_nothing_but_their_own_style(broken_marts: str, tmp_path: Path) -> None:
    data_docs.write_data_docs(tmp_path, broken_marts, "run", checked(broken_marts, "run", suites_of("marts")))
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) == 1 + len(suites_of("marts"))
    for page in pages:
        loaded = LOADED.findall(page.read_text())
        assert {(page.parent / path).resolve() for path in loaded} == {(tmp_path / name).resolve() for name in STYLES}
    for name in STYLES:
        style = (tmp_path / name).read_text()
        assert "url(" not in style
        assert "@import" not in style


def test_values_from_the_data_are_text_and_never_markup(items_page: str) -> None:
    assert "&lt;script&gt;alert(1)" in items_page
    assert "<script" not in items_page
    assert "default-src 'none'" in items_page


def test_a_page_shows_severity_counts_and_reason(items_page: str) -> None:
    assert '<span class="severity">stop</span>' in items_page
    assert '<span class="failed stop">9 of 10 expectations passed</span>' in items_page
    assert "An import with such rows fails" in items_page
    assert "One row per item" in items_page


def test_the_index_links_every_suite_to_pages_that_exist(broken_marts: str, tmp_path: Path) -> None:
    in_two_gates = [suites_of("raw"), [read_suite(SUITES / "marts_items.json")]]
    for suites in in_two_gates:
        data_docs.write_data_docs(tmp_path, broken_marts, "run", checked(broken_marts, "run", suites))
    index = (tmp_path / "index.html").read_text()
    linked = re.findall(r'<a href="([^"]+)"', index)
    assert sorted(linked) == sorted(f"{suite.name}/run.html" for suites in in_two_gates for suite in suites)
    assert all((tmp_path / link).exists() for link in linked)
    assert "9 of 10" in index
    assert index.count("<td>never</td>") == len(list(SUITES.glob("*.json"))) - len(linked)


def test_nothing_is_red_or_amber_where_every_suite_passed(good_world: str, tmp_path: Path) -> None:
    suites = suites_of("marts")
    data_docs.write_data_docs(tmp_path, good_world, "run", checked(good_world, "run", suites))
    pages = [page.read_text() for page in tmp_path.rglob("*.html")]
    assert len(pages) == 1 + len(suites)
    assert [re.findall(r'class="[^"]*(?:failed|danger|warning)', page) for page in pages] == [[]] * len(pages)
    style = (tmp_path / "quality.css").read_text()
    coloured = re.findall(r"([^{}]+)\{[^{}]*var\(--(?:bad|busy)\)", style)
    assert coloured
    assert all(re.search(r"failed|danger|warning", selector) for selector in coloured)


def test_only_the_newest_runs_keep_their_pages(
    good_world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_docs, "KEPT_RUNS", 2)
    for run_key in ("first", "second", "third"):
        data_docs.write_data_docs(tmp_path, good_world, run_key, checked(good_world, run_key, suites_of("raw")))
    for suite in suites_of("raw"):
        assert sorted(page.stem for page in (tmp_path / suite.name).iterdir()) == ["second", "third"]
    assert "first.html" not in (tmp_path / "index.html").read_text()


def test_groups_that_check_the_same_marts_under_one_run_key_do_not_meet(good_world: str) -> None:
    validations = validate([read_suite(SUITES / "marts_items.json")], good_world, "run", datetime.now(UTC))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store_results(good_world, "run", validations), range(40)))
    with psycopg.connect(good_world) as connection:
        stored = connection.execute("select count(*) from ops.quality_results where run_key = 'run'").fetchone()
    assert stored == (len(validations[0].checks),)


def test_a_page_and_the_index_say_whom_a_suite_concerns_and_what_to_do(items_page: str, tmp_path: Path) -> None:
    suite = read_suite(SUITES / "marts_items.json")
    assert f"<strong>{suite.owner}:</strong> {suite.advice}" in items_page
    assert f'title="{suite.advice}">{suite.owner}<' in (tmp_path / "index.html").read_text()
