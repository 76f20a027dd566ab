"""What each Airflow package tells Airflow's provider manager about itself is valid, and true."""

from __future__ import annotations

import importlib
import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
by_package = pytest.mark.parametrize("package", ["airflow_personalize", "airflow_postgres_s3"])


def project_of(package: str) -> dict[str, Any]:
    return tomllib.loads((PLUGINS / package / "pyproject.toml").read_text())


def info_of(package: str) -> dict[str, Any]:
    """Load the information by the entry point of the package's own distribution."""
    entry_point = project_of(package)["project"]["entry-points"]["apache_airflow_provider"]["provider_info"]
    module, _, function = entry_point.partition(":")
    info: dict[str, Any] = getattr(importlib.import_module(module), function)()
    return info


@by_package
def test_the_information_follows_airflows_schema(package: str) -> None:
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.validate(info_of(package), schema)


@by_package
def test_the_name_is_that_of_the_distribution(package: str) -> None:
    """Airflow refuses to start the provider manager where the two differ."""
    assert info_of(package)["package-name"] == project_of(package)["project"]["name"]


@by_package
def test_every_module_and_class_that_it_names_exists(package: str) -> None:
    info = info_of(package)
    rows = [row for kind in ("hooks", "operators", "sensors", "triggers") for row in info.get(kind, [])]
    modules = [name for row in rows for name in row["python-modules"]]
    modules += [row["python-module"] for row in info.get("transfers", [])]
    assert modules
    assert [name for name in modules if not importlib.import_module(name).__doc__] == []
    for path in info.get("extra-links", []):
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name)


@by_package
def test_every_guide_that_it_names_exists(package: str) -> None:
    info = info_of(package)
    guides = [guide for row in info.get("integrations", []) for guide in row["how-to-guide"]]
    guides += [row["how-to-guide"] for row in info.get("transfers", [])]
    assert guides
    assert [guide for guide in guides if not (PLUGINS.parent / guide.lstrip("/")).exists()] == []


@by_package
def test_its_distribution_holds_every_module(package: str) -> None:
    listed = set(project_of(package)["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(PLUGINS) for path in (PLUGINS / package).rglob("*.py")}
    assert listed == {".".join(folder.parts) for folder in folders}


@by_package
def test_every_file_says_its_licence(package: str) -> None:
    sources = list((PLUGINS / package).rglob("*.py"))
    assert sources
    marker = '# Licensed under the Apache License, Version 2.0 (the "License");'
    assert [path.name for path in sources if not path.read_text().startswith(marker)] == []
