""".env.example names every variable there is, spelt as the programs spell it, with the default that the code has."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from aisle.settings import PROJECT_ROOT

_LINE = re.compile(r"^(?P<comment># )?(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)$", re.MULTILINE)
#: Values for what has no default, so that the rest can be compared.
REQUIRED = {
    "COMPANY_API_TOKEN": "token",
    "SERVING_DATABASE_URL": "postgresql://localhost/warehouse",
    "SERVING_API_KEY_HASHES": "0" * 64,
    "REPORTS_DIRECTORY": "site",
    "REPORTS_PASSWORD": "password",
}


def settings_classes() -> dict[str, type[BaseSettings]]:
    """Every settings class of the project, found in its source, so that a new one cannot be forgotten."""
    classes: dict[str, type[BaseSettings]] = {}
    for folder, package in ((PROJECT_ROOT / "plugins" / "aisle", "aisle"), (PROJECT_ROOT / "services", "services")):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and "BaseSettings" in {ast.unparse(base) for base in node.bases}:
                    module = ".".join((package, *path.relative_to(folder).with_suffix("").parts))
                    classes[node.name] = getattr(importlib.import_module(module), node.name)
    return classes


CLASSES = settings_classes()


def defaults_of(settings: type[BaseSettings]) -> dict[str, object]:
    """Environment variable → default, for every field, those of sections included."""
    prefix, separator = settings.model_config["env_prefix"], settings.model_config.get("env_nested_delimiter") or ""
    defaults: dict[str, object] = {}
    for name, field in settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None) or {}
        for inner_name, inner_field in inner.items():
            defaults[f"{prefix}{name}{separator}{inner_name}".upper()] = inner_field.default
        if not inner:
            defaults[str(field.validation_alias or f"{prefix}{name}".upper())] = field.default
    return defaults


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """Variable → value as .env.example shows it, commented or not."""
    matches = list(_LINE.finditer((PROJECT_ROOT / ".env.example").read_text()))
    names = [match["name"] for match in matches]
    assert len(names) == len(set(names)), "a variable stands there twice"
    return {match["name"]: match["value"] for match in matches}


@pytest.fixture(scope="module")
def used_by_compose() -> set[str]:
    return set(re.findall(r"\$\{(\w+)", (PROJECT_ROOT / "docker-compose.yaml").read_text()))


def test_every_program_of_the_project_is_looked_at() -> None:
    assert {settings.model_config["env_prefix"] for settings in CLASSES.values()} >= {
        "AISLE_", "COMPANY_API_", "ENGINE_", "REPORTS_", "SERVING_", "STACK_",
    }  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_every_field_is_shown(example: dict[str, str], name: str) -> None:
    assert set(defaults_of(CLASSES[name])) - set(example) == set()


def test_every_variable_of_the_containers_is_shown(example: dict[str, str], used_by_compose: set[str]) -> None:
    assert used_by_compose
    assert used_by_compose - set(example) == set()


def test_nothing_else_is_shown(example: dict[str, str], used_by_compose: set[str]) -> None:
    read = {variable for settings in CLASSES.values() for variable in defaults_of(settings)}
    assert set(example) - read - used_by_compose == set()


@pytest.mark.parametrize("name", CLASSES)
def test_every_default_shown_is_that_of_the_code(
    example: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, defaults = CLASSES[name], defaults_of(CLASSES[name])
    for variable in defaults:
        monkeypatch.delenv(variable, raising=False)
        if variable in REQUIRED:
            monkeypatch.setenv(variable, REQUIRED[variable])
    by_default = settings()
    for variable, default in defaults.items():
        if variable not in REQUIRED:
            monkeypatch.setenv(variable, as_the_code_reads_it(example[variable], default))
    assert settings() == by_default


@pytest.mark.parametrize("name", CLASSES)
def test_an_empty_value_is_shown_only_where_the_default_is_empty(example: dict[str, str], name: str) -> None:
    """An empty variable counts as not set, so the comparison of defaults would pass over it."""
    for variable, default in defaults_of(CLASSES[name]).items():
        if variable not in REQUIRED and not example[variable]:
            assert not default, f"{variable} is {default!r} by default"


def paths_of(settings: type[BaseSettings]) -> list[tuple[str, list[str]]]:
    """Environment variable and the names that lead to its field, for every field that takes a path."""
    prefix, separator = settings.model_config["env_prefix"], settings.model_config.get("env_nested_delimiter") or ""
    paths = []
    for name, field in settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None) or {}
        paths += [
            (f"{prefix}{name}{separator}{inner_name}".upper(), [name, inner_name])
            for inner_name, inner_field in inner.items()
            if "Path" in str(inner_field.annotation)
        ]
        if "Path" in str(field.annotation):
            paths.append((f"{prefix}{name}".upper(), [name]))
    return paths


PATHS = [(name, *path) for name, settings in CLASSES.items() for path in paths_of(settings)]


def test_every_program_that_keeps_files_has_a_path_among_its_settings() -> None:
    assert {name for name, _, _ in PATHS} >= {"Settings", "StackSettings", "CompanyApiSettings", "EngineSettings"}


@pytest.mark.parametrize(("name", "variable", "fields"), PATHS, ids=[variable for _, variable, _ in PATHS])
@pytest.mark.parametrize("is_absolute", [False, True], ids=["relative", "absolute"])
def test_a_path_is_relative_to_the_project_wherever_the_program_starts(
    name: str, variable: str, fields: list[str], is_absolute: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for required, value in REQUIRED.items():
        monkeypatch.setenv(required, value)
    there = PROJECT_ROOT / "include" / "airflow" / "pools.json"
    monkeypatch.setenv(variable, str(there if is_absolute else there.relative_to(PROJECT_ROOT)))
    monkeypatch.chdir(tmp_path)
    value: object = CLASSES[name]()
    for field in fields:
        value = getattr(value, field)
    assert value == there


def as_the_code_reads_it(shown: str, default: object) -> str:
    """`shown`, below the project's folder where the default is: the example cannot know where that is."""
    below_project = isinstance(default, Path) and default.is_relative_to(PROJECT_ROOT)
    return str(PROJECT_ROOT / shown) if below_project else shown
