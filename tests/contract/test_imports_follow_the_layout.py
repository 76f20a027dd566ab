"""What import-linter cannot say of imports: DAG files, heavy libraries, and what the services image must install.

Imports count wherever they stand, in functions and under TYPE_CHECKING too, unless a test says "at the top".
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from aisle.settings import PROJECT_ROOT

ROOTS = {
    "airflow_personalize": PROJECT_ROOT / "plugins" / "airflow_personalize",
    "airflow_postgres_s3": PROJECT_ROOT / "plugins" / "airflow_postgres_s3",
    "aisle": PROJECT_ROOT / "plugins" / "aisle",
    "personalize_kinds": PROJECT_ROOT / "plugins" / "personalize_kinds",
    "services": PROJECT_ROOT / "services",
    "dags": PROJECT_ROOT / "dags",
}
#: The programs of services/ that the image runs.
PROGRAMS = ("engine", "company_api", "serving", "reports")
#: Each costs Airflow tenths of a second to seconds whenever it parses a DAG file.
HEAVY = {"boto3", "dbt", "great_expectations", "pandas", "pyarrow"}
MAX_DAG_FILE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Import:
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
    imported = [item for path in source_files(*parts) for item in imports_of(path)]
    assert imported
    yield from imported


def test_the_vocabulary_of_personalize_imports_botocore_alone() -> None:
    allowed = {*sys.stdlib_module_names, "botocore", "personalize_kinds"}
    assert [str(item) for item in imports("personalize_kinds") if item.name.split(".")[0] not in allowed] == []


def test_dag_files_say_only_when_and_in_which_order() -> None:
    allowed = ("airflow.sdk", "aisle")
    wrong = [
        str(item)
        for item in imports("dags")
        if not item.is_below(*allowed) and item.name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert wrong == []


def test_dag_files_are_short() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in source_files("dags")}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_DAG_FILE_LENGTH} == {}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    """The gate imports the modules that stand on Great Expectations when it runs: parsing the DAGs does not."""
    modules = ("data_docs", "source", "validation")
    gate = {PROJECT_ROOT / "plugins" / "aisle" / "quality" / f"{name}.py" for name in modules}
    heavy = [item for item in imports("aisle") if item.at_top and item.name.split(".")[0] in HEAVY]
    assert [str(item) for item in heavy if item.path not in gate] == []


def test_services_image_installs_what_its_programs_import() -> None:
    """Its list of requirements is its own: a forgotten line would show in the container only."""
    locked = {name for name, _ in pins("requirements-services.txt")}
    distributions = packages_distributions()
    needed = {item.name.split(".")[0]: item for item in _imports_of_programs()}
    needed = {top: item for top, item in needed.items() if top not in {*sys.stdlib_module_names, *ROOTS}}
    assert {"numpy", "psycopg", "uvicorn"} <= set(needed)
    assert [
        str(item) for top, item in needed.items() if not set(map(_spelt, distributions.get(top, []))) & locked
    ] == []


def test_services_image_has_the_versions_of_the_lock() -> None:
    assert pins("requirements-services.txt")
    assert pins("requirements-services.txt") - pins("requirements.txt") == set()


def pins(lock: str) -> set[tuple[str, str]]:
    """Distribution and version of every line of a lock."""
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", (PROJECT_ROOT / lock).read_text(), re.MULTILINE)
    return {(_spelt(name), version) for name, version in pinned}


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
        for imported in imports_of(path):
            if imported.at_top or path.is_relative_to(ROOTS["services"]):
                yield imported
                waiting += _files_of_aisle(imported)


def _files_of_aisle(imported: Import) -> list[Path]:
    """The files that an import of aisle runs: the module, or the one that the name is in."""
    if not imported.is_below("aisle"):
        return []
    parts = imported.name.split(".")[1:]
    places = [ROOTS["aisle"].joinpath(*parts[:length]) for length in range(len(parts) + 1)]
    files = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
    return [file for file in files if file.exists()]
