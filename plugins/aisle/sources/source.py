"""What a source's file says, checked when it is read. The name of the file is the name of the source."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from aisle.errors import ConfigurationError
from aisle.settings import Ingest, get_settings

#: The sources that come with Aisle.
SOURCES_FOLDER = Ingest().sources_folder

_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")

Status = Literal["completed", "pending", "cancelled"]


def _check_zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; give an IANA name such as Asia/Karachi")
    return name


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Description):
    """One order system: where its orders come from, and what its words mean."""

    name: str
    title: str = Field(min_length=1)
    #: Path of its orders on the company API; None if it has none.
    endpoint: Annotated[str, Field(pattern=r"^/[!-~]+$")] | None = None
    time_zone: Annotated[str, AfterValidator(_check_zone)] = ""
    fold_case: bool = True
    statuses: dict[Status, list[str]]

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("a source is called by up to 16 of a-z, 0-9 and _, a letter first; rename the file")
        return name

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        words = Counter(_folded(word) for words in self.statuses.values() for word in words)
        doubled = sorted(word for word, times in words.items() if times > 1)
        if doubled:
            raise ValueError(f"statuses give {', '.join(map(repr, doubled))} twice; let each word mean one thing")
        return self

    @property
    def path(self) -> str:
        """The path of its endpoint. Raises ConfigurationError if it has none."""
        if self.endpoint is None:
            raise ConfigurationError(f"asking the company API for orders of {self.name}: {self.file} has no `endpoint`")
        return self.endpoint

    @property
    def file(self) -> str:
        """What its file is called, for messages."""
        return f"{self.name}.toml of the sources"

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The zone of times without one."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    @cached_property
    def _meanings(self) -> Mapping[str, str]:
        return {_folded(word): status for status, words in self.statuses.items() for word in words}

    @property
    def status_words(self) -> list[str]:
        """The words that it has for the status of an order."""
        return list(self._meanings)

    def status_of(self, word: str) -> str | None:
        """Return the status that a word means, in any case; None if the file does not say."""
        return self._meanings.get(_folded(word))


def read_sources(folder: Path) -> tuple[Source, ...]:
    """Return the sources of a folder by name. Raises ConfigurationError that names file, key and remedy."""
    read = tuple(_read(file) for file in sorted(folder.glob("*.toml")))
    if not read:
        raise ConfigurationError(
            f"reading the sources of orders in {folder}: there is no .toml file; set AISLE_INGEST__SOURCES_FOLDER to "
            "the folder that has them (docs/sources.md)"
        )
    return read


def _read(file: Path) -> Source:
    try:
        return Source.model_validate({"name": file.stem, **tomllib.loads(file.read_text(encoding="utf-8"))})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(file, f"{error}; write it as TOML in UTF-8") from error
    except ValidationError as error:
        raise _unusable(file, "; ".join(_problem(fault) for fault in error.errors(include_url=False))) from error


def _unusable(file: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(f"reading the source of orders {file}: {problem} (docs/sources.md)")


def _problem(fault: Any) -> str:
    place = ".".join(map(str, fault["loc"])) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such key; correct its spelling or take it out"
    if fault["type"] == "missing":
        return f"{place}: is missing; add it"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"


def _folded(word: str) -> str:
    return " ".join(word.split()).lower()


@cache
def _sources_in(folder: Path) -> tuple[Source, ...]:
    return read_sources(folder)


def sources() -> tuple[Source, ...]:
    """Return every source of this installation, by name."""
    return _sources_in(get_settings().ingest.sources_folder)


def api_sources() -> tuple[Source, ...]:
    """Return the sources that the company API has, by name."""
    return tuple(source for source in sources() if source.endpoint)


def source_named(name: str) -> Source:
    """Return a source by its name. Raises ConfigurationError if there is none."""
    known = {source.name: source for source in sources()}
    if name not in known:
        raise ConfigurationError(f"there is no source of orders {name!r}; there are {', '.join(known)}")
    return known[name]
