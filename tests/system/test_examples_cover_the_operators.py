"""Every public class has an example, and every page of the guide prints an example as it is."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "plugins" / name for name in ("airflow_personalize", "airflow_postgres_s3")]
PAGES = [ROOT / "docs" / "operators" / name for name in ("personalize.md", "transfers.md")]
_PRINTED = re.compile(r"<!-- (\S+) (\S+) -->\n```python\n(.*?)```\n", re.DOTALL)


def public_classes() -> set[str]:
    """Operators and sensors that people use: those that name their resource, or stand alone, but no base classes."""
    trees = [
        ast.parse(path.read_text())
        for package in PACKAGES
        for folder in ("operators", "sensors", "transfers")
        for path in (package / folder).glob("*.py")
    ]
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    bases = {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}
    names = {node.name for node in classes if node.name.endswith(("Operator", "Sensor"))}
    return names - bases


def examples() -> dict[Path, str]:
    return {path: path.read_text() for path in (ROOT / "tests" / "system" / "airflow_personalize").glob("example_*.py")}


def snippet(text: str, marker: str) -> str:
    """What stands between START and END of a marker, which must be there once."""
    (found,) = re.findall(rf"^ *# \[START {marker}\]\n(.*?)^ *# \[END {marker}\]$", text, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(found)


def test_every_operator_sensor_and_transfer_is_in_an_example() -> None:
    classes = public_classes()
    assert len(classes) >= 40
    called = {
        node.func.id
        for text in examples().values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert classes - called == set()


def test_every_operator_sensor_and_transfer_is_in_the_guide() -> None:
    guide = "".join(page.read_text() for page in PAGES)
    assert {name for name in public_classes() if f"`{name}`" not in guide} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_guide_prints_the_examples_as_they_are(page: Path) -> None:
    printed = _PRINTED.findall(page.read_text())
    assert len(printed) == page.read_text().count("```python") > 2
    for path, marker, code in printed:
        assert code == snippet((ROOT / path).read_text(), marker), marker


def test_every_marker_is_printed_in_the_guide() -> None:
    printed = {marker for page in PAGES for _, marker, _ in _PRINTED.findall(page.read_text())}
    marked = {marker for text in examples().values() for marker in re.findall(r"\[START (\w+)\]", text)}
    assert marked == printed
