"""Who may import whom: dags → aisle.<leg> → aisle.contracts, and services → aisle.contracts. Read from the source.

Imports count wherever they stand, in functions and under TYPE_CHECKING too, unless a test says "at the top".
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

from aisle.settings import PROJECT_ROOT

ROOTS = {
    "airflow_personalize": PROJECT_ROOT / "plugins" / "airflow_personalize",
    "airflow_postgres_s3": PROJECT_ROOT / "plugins" / "airflow_postgres_s3",
    "aisle": PROJECT_ROOT / "plugins" / "aisle",
    "personalize_kinds": PROJECT_ROOT / "plugins" / "personalize_kinds",
    "services": PROJECT_ROOT / "services",
    "dags": PROJECT_ROOT / "dags",
}
#: What of `aisle` a program beside Airflow may use; none of it imports Airflow before it is asked to.
FOR_SERVICES = (
    "aisle.contracts",
    "aisle.pipeline",
    "aisle.errors",
    "aisle.groups",
    "aisle.resources",
    "aisle.settings",
    "aisle.warehouse",
    "aisle.web_guard",
)
#: The programs of services/ that stand alone; `stack`, `demo` and `cli` put them together.
PROGRAMS = ("engine", "company_api", "serving", "reports")
#: What they share: how they listen, and how they are told their settings.
SHARED = ("services.server", "services.options")
#: Each costs Airflow tenths of a second to seconds whenever it parses a DAG file.
HEAVY = {"boto3", "dbt", "great_expectations", "pandas", "pyarrow"}
DAG_LINES = 80


class Import(NamedTuple):
    """One imported name, and where."""

    path: Path
    line: int
    name: str
    at_top: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(PROJECT_ROOT)}:{self.line} imports {self.name}"

    def is_below(self, *packages: str) -> bool:
        return any(self.name == package or self.name.startswith(f"{package}.") for package in packages)


def source_files(*parts: str) -> list[Path]:
    """Python files of one part of the project; there must be some, or a test would look at nothing."""
    root, *below = parts
    files = sorted(ROOTS[root].joinpath(*below).rglob("*.py"))
    assert files, f"no Python files in {ROOTS[root].joinpath(*below)}"
    return files


def module_of(path: Path) -> str:
    """Dotted name of a source file; that of a package is its folder's."""
    root = next(name for name, folder in ROOTS.items() if path.is_relative_to(folder))
    parts = path.relative_to(ROOTS[root]).with_suffix("").parts
    return ".".join((root, *parts)).removesuffix(".__init__")


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Every import of a file. `from a import b` counts as `a.b`, so that a submodule is seen."""
    tree = ast.parse(path.read_text())
    return tuple(
        Import(path, node.lineno, name, at_top=node in tree.body)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _names(node, path)
    )


def _names(node: ast.Import | ast.ImportFrom, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    package = module_of(path).split(".")
    climb = node.level - (path.name == "__init__.py")
    base = [".".join(package[: len(package) - climb])] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    return [f"{module}.{alias.name}" for alias in node.names]


def imports(*parts: str) -> Iterator[Import]:
    found = [one for path in source_files(*parts) for one in imports_of(path)]
    assert found
    yield from found


def test_contracts_stand_on_nothing_of_aisle_and_know_neither_airflow_nor_aws() -> None:
    wrong = [
        str(one)
        for one in imports("aisle", "contracts")
        if one.is_below("airflow", "boto3", "botocore", "services", "dags")
        or (one.is_below("aisle") and not one.is_below("aisle.contracts", "aisle.errors"))
    ]
    assert wrong == []


def test_the_vocabulary_of_personalize_stands_on_botocore_alone() -> None:
    allowed = {*sys.stdlib_module_names, "botocore", "personalize_kinds"}
    assert [str(one) for one in imports("personalize_kinds") if one.name.split(".")[0] not in allowed] == []


def test_aisle_imports_neither_services_nor_dags() -> None:
    assert [str(one) for one in imports("aisle") if one.is_below("services", "dags")] == []


def test_services_never_import_airflow_or_dags() -> None:
    assert [str(one) for one in imports("services") if one.is_below("airflow", "dags")] == []


def test_services_take_from_aisle_only_what_needs_no_airflow() -> None:
    wrong = [str(one) for one in imports("services") if one.is_below("aisle") and not one.is_below(*FOR_SERVICES)]
    assert wrong == []
    for name in ("aisle.errors", "aisle.pipeline", "aisle.settings", "aisle.warehouse", "aisle.web_guard"):
        package = ROOTS["aisle"].joinpath(*name.split(".")[1:])
        paths = sorted(package.rglob("*.py")) or [package.with_suffix(".py")]
        of_module = [imported for path in paths for imported in imports_of(path)]
        assert [str(imported) for imported in of_module if imported.at_top and imported.is_below("airflow")] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_knows_no_other_program(program: str) -> None:
    wrong = [
        str(one)
        for one in imports("services", program)
        if one.is_below("services") and not one.is_below(f"services.{program}", *SHARED)
    ]
    assert wrong == []


def test_dag_files_say_only_when_and_in_which_order() -> None:
    allowed = ("airflow.sdk", "aisle")
    wrong = [
        str(one)
        for one in imports("dags")
        if not one.is_below(*allowed) and one.name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert wrong == []


def test_dag_files_are_short() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in source_files("dags")}
    assert {name: lines for name, lines in lengths.items() if lines > DAG_LINES} == {}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    assert [str(one) for one in imports("aisle") if one.at_top and one.name.split(".")[0] in HEAVY] == []


def test_services_image_installs_what_its_programs_import() -> None:
    """Its list of requirements is its own: a forgotten line would show in the container only."""
    locked = {name for name, _ in pins("requirements-services.txt")}
    distributions = packages_distributions()
    needed = {one.name.split(".")[0]: one for one in _imports_of_programs()}
    needed = {top: one for top, one in needed.items() if top not in {*sys.stdlib_module_names, *ROOTS}}
    assert {"numpy", "psycopg", "uvicorn"} <= set(needed)
    assert [str(one) for top, one in needed.items() if not set(map(_spelt, distributions.get(top, []))) & locked] == []


def test_services_image_has_the_versions_of_the_lock() -> None:
    assert pins("requirements-services.txt")
    assert pins("requirements-services.txt") - pins("requirements.txt") == set()


def pins(lock: str) -> set[tuple[str, str]]:
    """Distribution and version of every line of a lock."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", (PROJECT_ROOT / lock).read_text(), re.MULTILINE)
    return {(_spelt(name), version) for name, version in found}


def _spelt(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _imports_of_programs() -> Iterator[Import]:
    """What the programs import, and what the modules of aisle that they use import at the top."""
    waiting = [ROOTS["services"] / "server.py"]
    waiting += [path for program in PROGRAMS for path in source_files("services", program)]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for one in imports_of(path):
            if one.at_top or path.is_relative_to(ROOTS["services"]):
                yield one
                waiting += _files_of_aisle(one)


def _files_of_aisle(one: Import) -> list[Path]:
    """The files that an import of aisle runs: the module, or the one that the name is in."""
    if not one.is_below("aisle"):
        return []
    parts = one.name.split(".")[1:]
    places = [ROOTS["aisle"].joinpath(*parts[:length]) for length in range(len(parts) + 1)]
    files = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
    return [file for file in files if file.exists()]
