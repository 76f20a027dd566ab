"""The Airflow packages and the client work without the rest of the repository and without what they do not require.

Each package is imported, module by module, in an interpreter of its own in which everything is hidden that an
environment with its requirements would not have.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
#: What each package requires, as its users install it.
REQUIREMENTS = {
    "airflow_personalize": ("apache-airflow", "apache-airflow-providers-amazon[aiobotocore]"),
    "airflow_postgres_s3": (
        "apache-airflow", "apache-airflow-providers-amazon", "apache-airflow-providers-postgres", "psycopg",
    ),
    "aisle_client": ("httpx",),
}  # fmt: skip
#: What a package needs of this repository: another package that stands alone, too.
SIBLINGS = {"airflow_personalize": {"personalize_kinds"}}
by_package = pytest.mark.parametrize("package", REQUIREMENTS)

IMPORT_ALL = """
import importlib, json, pkgutil, sys

package, folder, hidden = sys.argv[1], sys.argv[2], set(json.loads(sys.argv[3]))

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
sys.path.insert(0, folder)
root = importlib.import_module(package)
names = [module.name for module in pkgutil.walk_packages(root.__path__, f"{package}.")]
for name in names:
    importlib.import_module(name)
print(json.dumps(names))
"""


def folder_of(package: str) -> Path:
    """Return the folder in which a package is, as its users have it in their path."""
    return ROOT / ("clients" if package == "aisle_client" else "plugins")


def source_files(package: str) -> list[Path]:
    files = sorted((folder_of(package) / package).rglob("*.py"))
    assert files
    return files


def required_by(requirement: Requirement, seen: set[str]) -> None:
    """Add the distributions that a requirement brings along, its extras included."""
    name = canonical(requirement.name)
    key = f"{name}[{','.join(sorted(requirement.extras))}]"
    if key in seen:
        return
    seen.update((key, name))
    try:
        needed = distribution(name).requires or []
    except PackageNotFoundError:  # one for another platform or Python
        return
    for text in needed:
        needs = Requirement(text)
        extras = requirement.extras or {""}
        if needs.marker is None or any(needs.marker.evaluate({"extra": extra}) for extra in {*extras, ""}):
            required_by(needs, seen)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def hidden_from(package: str) -> frozenset[str]:
    """Top-level modules that are installed here and would not be with the package's requirements alone."""
    installed: set[str] = set()
    for requirement in REQUIREMENTS[package]:
        required_by(Requirement(requirement), installed)
    foreign = {
        module
        for module, distributions in packages_distributions().items()
        if not {canonical(name) for name in distributions} & installed
    }
    others = {path.name for folder in ("plugins", "clients") for path in (ROOT / folder).iterdir() if path.is_dir()}
    return frozenset(
        {*foreign, *others, "aisle", "services", "dags", "tests"} - {package} - SIBLINGS.get(package, set())
    )


@by_package
def test_every_module_is_imported_where_only_the_requirements_are_installed(package: str) -> None:
    hidden = hidden_from(package)
    assert {"aisle", "services", "great_expectations", "dbt"} <= hidden
    arguments = [package, str(folder_of(package)), json.dumps(sorted(hidden))]
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *arguments], capture_output=True, text=True, check=False, timeout=240
    )
    assert run.returncode == 0, run.stderr
    imported = json.loads(run.stdout.splitlines()[-1])
    assert len(imported) == len(source_files(package)) - 1


@by_package
def test_no_import_leaves_the_requirements_wherever_it_stands(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} imports {name}"
        for path in source_files(package)
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported_names(node)
        if name.partition(".")[0] in hidden_from(package)
    ]
    assert wrong == []


def imported_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


@by_package
def test_production_code_neither_asserts_nor_raises_bare_exceptions(package: str) -> None:
    """The rules of the Airflow project: no `assert`, no `raise AirflowException`."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in source_files(package)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) or is_bare_raise(node)
    ]
    assert wrong == []


def is_bare_raise(node: ast.AST) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return ast.unparse(raised).rpartition(".")[2] in {"AirflowException", "Exception"}
