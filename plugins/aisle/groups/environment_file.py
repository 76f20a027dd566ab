"""Reading and writing the file of an environment."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError

from aisle.errors import ConfigurationError
from aisle.groups.desired import resources_of
from aisle.groups.environment import Environment
from aisle.groups.requests import mistake_in
from aisle.groups.resource import Resource

LONGEST_NAME = 63


def load(file: Path | str) -> Environment:
    """The environment of a file, fit to be sent. Raises ConfigurationError that names file, place and remedy."""
    path = Path(file)
    environment = read(path)
    resources = [resource for group in environment.groups for resource in resources_of(group, environment.tags)]
    _check_names(path, resources)
    _check_requests(path, resources)
    return environment


def read(file: Path | str) -> Environment:
    """What a file says, within a moment: held against our own rules, not yet against the service's model."""
    path = Path(file)
    try:
        return Environment.model_validate(yaml.load(path.read_text(), Loader=_StrictLoader))
    except OSError as error:
        raise _unusable(path, f"{error.strerror}. Name a file that can be read") from error
    except yaml.YAMLError as error:
        raise _unusable(path, f"{' '.join(str(error).split())}. Write it as YAML") from error
    except ValidationError as error:
        raise _unusable(
            path, "; ".join(f"{_place(fault['loc'])}: {_remedy(fault)}" for fault in error.errors())
        ) from error


def text_of(environment: Environment, comment: str) -> str:
    """The file that says the same, without what is the default anyway; `comment` goes on top."""
    written = environment.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    top = "".join(f"# {_readable(text)}".rstrip() + "\n" for text in comment.splitlines())
    return f"{top}{yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=120)}"


def _readable(text: str) -> str:
    """A text without what YAML allows in no file, not even in a comment: it may quote what others wrote."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"Reading the resources file {path}: {why}.")


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "the file"


def _remedy(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "there is no such field: correct its spelling or take it out (docs/resources.md has them all)"
    if fault["type"] == "missing":
        return "is missing: add it"
    return f"{fault['msg']} (fault {fault['input']!r:.80}): correct it"


def _check_names(path: Path, resources: list[Resource]) -> None:
    """Names are unique in an account and region; only schemas may be shared, if they are the same."""
    seen: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        if len(resource.name) > LONGEST_NAME:
            raise _unusable(path, f"the name {resource.name} is longer than {LONGEST_NAME} characters: give a `name`")
        if resource.kind.name == "dataset":
            continue  # called by its type within its group
        other = seen.setdefault((resource.kind.name, resource.name), resource)
        if other is not resource and (resource.kind.name != "schema" or other.settings != resource.settings):
            raise _unusable(path, f"two different things are called {resource.title}: give one another `name`")


def _check_requests(path: Path, resources: list[Resource]) -> None:
    """Hold what would be sent against the service's own model: it knows every member of a solutionConfig."""
    for resource in resources:
        if mistake := mistake_in(resource):
            raise _unusable(
                path, f"{resource.title}: {mistake}. The service would refuse it: correct it by its API reference"
            )


class _StrictLoader(yaml.SafeLoader):
    """YAML's own loader keeps the last of two equal keys, and the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value)
        if repeated := [key for key, times in keys.items() if times > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"{repeated[0]} stands there twice", node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
