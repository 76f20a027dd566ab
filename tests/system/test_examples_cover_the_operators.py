"""Every public class has an example, and every guide includes examples that exist."""

from __future__ import annotations

import ast
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "plugins" / name for name in ("airflow_personalize", "airflow_postgres_s3")]
GUIDES = [
    ROOT / "docs" / "airflow-provider-personalize" / "operators" / "personalize.rst",
    ROOT / "docs" / "airflow-provider-postgres-s3" / "transfers.rst",
]


class ExampleInclude(Directive):
    """The directive of Airflow's documentation, noted instead of printed."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("language", "dedent", "start-after", "end-before"), directives.unchanged
    )

    def run(self) -> list[nodes.Node]:
        markers = (self.options["start-after"], self.options["end-before"])
        return [nodes.comment("", "", path=self.arguments[0], markers=markers)]


@cache
def guide(page: Path) -> nodes.document:
    """Parse a guide; whatever docutils has against it is an error."""
    directives.register_directive("exampleinclude", ExampleInclude)
    for role in ("class", "ref"):
        roles.register_generic_role(role, nodes.literal)
    settings = {"halt_level": 2, "report_level": 2, "input_encoding": "utf-8"}
    document: nodes.document = publish_doctree(page.read_text(), source_path=str(page), settings_overrides=settings)
    return document


def included(page: Path) -> list[tuple[Path, str]]:
    """Example file and marker of every example in a guide; both ends name the same marker."""
    examples_of_page = []
    for node in guide(page).findall(nodes.comment):
        if "markers" in node:
            begin, end = node["markers"]
            marker = begin.removeprefix("[START ").removesuffix("]")
            assert end == f"[END {marker}]"
            project = ROOT / "docs" / page.relative_to(ROOT / "docs").parts[0]  # Sphinx' root is that of the guide
            examples_of_page.append(((project / node["path"].lstrip("/")).resolve(), marker))
    return examples_of_page


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
    (block,) = re.findall(rf"^ *# \[START {marker}\]\n(.*?)^ *# \[END {marker}\]$", text, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(block)


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
    labels = {name for page in GUIDES for name in guide(page).nameids}
    missing = {
        name
        for name in public_classes()
        if f"howto/{'sensor' if name.endswith('Sensor') else 'operator'}:{name}".lower() not in labels
    }
    assert missing == set()


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_the_guide_includes_examples_that_exist(page: Path) -> None:
    examples_of_page = included(page)
    assert len(examples_of_page) > 2
    for path, marker in examples_of_page:
        assert snippet(path.read_text(), marker), marker


def test_every_marker_is_included_in_the_guide() -> None:
    in_guides = {marker for page in GUIDES for _, marker in included(page)}
    marked = {marker for text in examples().values() for marker in re.findall(r"\[START (\w+)\]", text)}
    assert marked == in_guides
