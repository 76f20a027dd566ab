"""Check the dbt project against its own rules: `python -m tools.dbt_rules`. Exits with status 1 if one is broken.

The rules are those of dbt's project evaluator that this project keeps, and a few of its own (docs/modelling.md). The
evaluator itself is a package of dbt's hub, which CI cannot reach. Parses the project; needs no database.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle.settings import PROJECT_ROOT

Node = dict[str, Any]

_FLAGS = ("--no-use-colors", "--no-send-anonymous-usage-stats", "--no-version-check")
_WAREHOUSE = {f"WAREHOUSE_{name}": "1" for name in ("HOST", "PORT", "USER", "PASSWORD", "DB")}
_LAYERS = {"staging": "stg_", "intermediate": "int_"}
#: What other programs write is read where it is used: it may not be there, which a staging model could not say.
_READ_DIRECTLY = ("source.aisle.serving.", "source.aisle.cache.", "source.aisle.company.company__order_changes")


@dataclass(frozen=True, slots=True)
class Project:
    """A parsed dbt project: its manifest."""

    manifest: dict[str, Any]

    @property
    def models(self) -> list[Node]:
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == "model"]

    @property
    def marts(self) -> list[Node]:
        return [model for model in self.models if _layer(model) == "marts"]

    @property
    def sources(self) -> list[Node]:
        return list(self.manifest["sources"].values())


def parse(folder: Path) -> Project:
    """Parse the dbt project in `folder`. Raises RuntimeError with what dbt says if it cannot be parsed."""
    with tempfile.TemporaryDirectory(prefix="aisle-dbt-") as target:
        places = ("--project-dir", folder, "--profiles-dir", folder, "--target-path", target, "--log-path", target)
        command: list[str | Path] = [Path(sys.executable).with_name("dbt"), "--quiet", *_FLAGS, "parse", *places]
        outcome = subprocess.run(command, env=_WAREHOUSE, capture_output=True, text=True, check=False)
        if outcome.returncode:
            raise RuntimeError(f"dbt parse in {folder}: {outcome.stdout.strip() or outcome.stderr.strip()}")
        return Project(json.loads((Path(target) / "manifest.json").read_text()))


def _layer(node: Node) -> str:
    return str(node["fqn"][1])


def undescribed(project: Project) -> Iterator[str]:
    """Everything has a description, a model's begins with its grain, and so has every column."""
    for model in project.models:
        if not model["description"].startswith("One row per "):
            yield f"{model['name']}: its description does not begin with the grain, One row per …"
    seeds = [node for node in project.manifest["nodes"].values() if node["resource_type"] == "seed"]
    kinds = ("exposures", "metrics", "groups", "semantic_models")
    others = [thing for kind in kinds for thing in project.manifest[kind].values()]
    for thing in (*project.models, *project.sources, *seeds, *others):
        if not thing["description"]:
            yield f"{thing['name']}: has no description"
        for column in thing.get("columns", {}).values():
            if not column["description"]:
                yield f"{thing['name']}.{column['name']}: has no description"


def without_columns(project: Project) -> Iterator[str]:
    """Every model and table of a source lists its columns; what the columns are, the contract and the tests check."""
    for thing in (*project.models, *project.sources):
        if not thing["columns"]:
            yield f"{thing['name']}: lists no column"


def without_contract(project: Project) -> Iterator[str]:
    """A mart promises its columns and their types; a table also which columns, its key among them, are never null."""
    for mart in project.marts:
        if not mart["config"]["contract"]["enforced"]:
            yield f"{mart['name']}: its contract is not enforced"
        constraints = [rule["type"] for column in mart["columns"].values() for rule in column["constraints"]]
        if mart["config"]["materialized"] != "view" and "not_null" not in constraints:
            yield f"{mart['name']}: no column is not_null by constraint"


def without_key(project: Project) -> Iterator[str]:
    """A mart that is a table has a unique index, or a test of its key, or says in meta.no_key why it has no key."""
    tests = [node for node in project.manifest["nodes"].values() if node["resource_type"] == "test"]
    tested = {test["attached_node"] for test in tests if "unique" in (test.get("test_metadata") or {}).get("name", "")}
    for mart in project.marts:
        indexes = mart["config"].get("indexes") or []
        has_key = any(index.get("unique") for index in indexes) or mart["unique_id"] in tested
        has_key = has_key or bool(mart["config"]["meta"].get("no_key"))
        if mart["config"]["materialized"] != "view" and not has_key:
            yield f"{mart['name']}: neither a unique index nor a test defends its key"


def untested(project: Project) -> Iterator[str]:
    """A model that decides by cases has a unit test of them."""
    tested = {test["model"] for test in project.manifest["unit_tests"].values()}
    for model in project.models:
        if re.search(r"\bcase\b", model["raw_code"]) and model["name"] not in tested:
            yield f"{model['name']}: decides by cases without a unit test"


def misplaced(project: Project) -> Iterator[str]:
    """Names say the layer; staging and intermediate models are private, marts public, each in a group."""
    for model in project.models:
        layer = _layer(model)
        if not model["name"].startswith(_LAYERS.get(layer, "")):
            yield f"{model['name']}: a model of {layer} has a name that begins with {_LAYERS[layer]}"
        expected = "public" if layer == "marts" else "private"
        if model["access"] != expected or not model["group"]:
            yield f"{model['name']}: is not {expected} in a group"


def read_past_staging(project: Project) -> Iterator[str]:
    """Only staging reads what orders are landed in; a mart reads no staging model."""
    for model in project.models:
        for node_id in model["depends_on"]["nodes"]:
            is_source = node_id.startswith("source.") and not node_id.startswith(_READ_DIRECTLY)
            if is_source and _layer(model) != "staging":
                yield f"{model['name']}: reads {node_id} past staging"
            if ".stg_" in node_id and _layer(model) == "marts":
                yield f"{model['name']}: reads {node_id}, an intermediate model should"


def unused(project: Project) -> Iterator[str]:
    """A mart has a reader outside dbt, and every other model one inside."""
    users = [*project.models, *project.manifest["exposures"].values(), *project.manifest["semantic_models"].values()]
    read = {node_id for user in users for node_id in user["depends_on"]["nodes"]}
    exposed = {node for exposure in project.manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    for model in project.models:
        is_spine = bool(model.get("time_spine"))
        if _layer(model) == "marts" and model["unique_id"] not in exposed:
            yield f"{model['name']}: no exposure reads it"
        elif model["unique_id"] not in read and not is_spine:
            yield f"{model['name']}: nothing reads it"


def unwatched(project: Project) -> Iterator[str]:
    """Freshness of orders is watched, by what happened until now."""
    orders = project.manifest["sources"]["source.aisle.company.company__orders"]
    freshness = orders["freshness"] or {}
    if not (freshness.get("error_after") or {}).get("count") or "now()" not in (freshness.get("filter") or ""):
        yield f"{orders['name']}: has no freshness that leaves the future out"


RULES: tuple[Callable[[Project], Iterator[str]], ...] = (
    undescribed,
    without_columns,
    without_contract,
    without_key,
    untested,
    misplaced,
    read_past_staging,
    unused,
    unwatched,
)


def broken_rules(project: Project) -> list[str]:
    """Return a line for each thing that breaks a rule."""
    return [line for rule in RULES for line in rule(project)]


def main() -> None:
    """Print what breaks a rule."""
    lines = broken_rules(parse(PROJECT_ROOT / "dbt"))
    sys.stdout.write("\n".join(lines or ["the dbt project keeps its rules"]) + "\n")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
