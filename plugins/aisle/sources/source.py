"""What a source's file says, checked when it is read. The name of the file is the name of the source."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from aisle.errors import ConfigurationError
from aisle.settings import Ingest, get_settings
from aisle.sources.tables import fold

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


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


_Filled = Annotated[str, Field(pattern=r"\S")]
#: Words of a cell, a blank one among them.
_Words = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
#: One column, or several of which the first that is not blank counts.
Columns = Annotated[tuple[_Filled, ...], BeforeValidator(_as_list)]
_SomeColumns = Annotated[Columns, Field(min_length=1)]
NO_COLUMNS: Columns = ()


class CustomerColumns(_Description):
    """Columns of who ordered."""

    id: Columns = NO_COLUMNS
    name: Columns = NO_COLUMNS
    phone: Columns = NO_COLUMNS
    email: Columns = NO_COLUMNS
    address: Columns = NO_COLUMNS


class ItemColumns(_Description):
    """Columns of an order item. What was paid per unit is `price` less `discount`, or `paid`, over the quantity."""

    id: _SomeColumns
    title: Columns = NO_COLUMNS
    quantity: _SomeColumns
    #: How many of them came back.
    returned: Columns = NO_COLUMNS
    #: Per unit.
    price: Columns = NO_COLUMNS
    base_price: Columns = NO_COLUMNS
    #: For all units.
    paid: Columns = NO_COLUMNS
    base_paid: Columns = NO_COLUMNS
    discount: Columns = NO_COLUMNS
    category: Columns = NO_COLUMNS
    brand: Columns = NO_COLUMNS

    @model_validator(mode="after")
    def _has_price(self) -> Self:
        if not (self.price or self.paid):
            raise ValueError("give the column of `price`, or of `paid`")
        return self


class OrderColumns(_Description):
    """Columns of an order."""

    order_id: _SomeColumns
    order_date: _SomeColumns
    updated_at: Columns = NO_COLUMNS
    status: Columns = NO_COLUMNS
    city: Columns = NO_COLUMNS
    province: Columns = NO_COLUMNS
    payment_mode: Columns = NO_COLUMNS
    brand: Columns = NO_COLUMNS
    total: Columns = NO_COLUMNS
    currency: Columns = NO_COLUMNS
    customer: CustomerColumns = CustomerColumns()
    item: ItemColumns


class Condition(_Description):
    """What a column must say: one of some words, one of some beginnings, or anything at all; whatever the case."""

    column: _Filled
    words: _Words = Field((), alias="is")
    starts_with: Columns = NO_COLUMNS
    filled: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if sum(map(bool, (self.words, self.starts_with, self.filled))) != 1:
            raise ValueError("give one of `is`, `starts_with` and `filled = true`")
        return self

    def holds(self, cell: str) -> bool:
        """Tell whether a cell, blank if there is none, says it."""
        text = _folded(cell)
        if self.filled:
            return bool(text)
        return text in map(_folded, self.words) or text.startswith(tuple(map(_folded, self.starts_with)))


class LeftOut(Condition):
    """Which orders or order items are none, such as tests: rejected with a reason."""

    what: Literal["order", "item"]
    reason: Annotated[str, Field(pattern=r"^[a-z][a-z_]{2,39}$")]


class Source(_Description):
    """One order system: where its orders come from, and what its words mean."""

    name: str
    title: str = Field(min_length=1)
    #: Path of its orders on the company API; None if it has none.
    endpoint: Annotated[str, Field(pattern=r"^/[!-~]+$")] | None = None
    time_zone: Annotated[str, AfterValidator(_check_zone)] = ""
    fold_case: bool = True
    #: Code of the amounts of an order that names no currency (ISO 4217); blank: they are in the warehouse's.
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    #: Amounts are whole numbers with so many digits behind a point that is not written: 2 for cents.
    minor_digits: Annotated[int, Field(ge=0, le=4)] = 0
    statuses: dict[Status, list[str]]
    #: Of its files, or of the orders of an endpoint that does not use the contract's names.
    columns: OrderColumns | None = None
    #: Columns that its files may have and Aisle does not use.
    ignored: tuple[str, ...] = ()
    #: How its files write times besides ISO 8601, as in strptime.
    time_formats: tuple[str, ...] = ()
    cancelled: tuple[Condition, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

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
        if self.cancelled and not self.statuses.get("cancelled"):
            raise ValueError("`cancelled` says when an order is cancelled; give statuses.cancelled a word for it")
        if self.columns and not self.columns.status and not self.statuses.get("completed"):
            raise ValueError("its files have no status; give statuses.completed a word for their orders")
        return self

    @property
    def path(self) -> str:
        """The path of its endpoint. Raises ConfigurationError if it has none."""
        if self.endpoint is None:
            raise ConfigurationError(f"asking the company API for orders of {self.name}: {self.file} has no `endpoint`")
        return self.endpoint

    @property
    def items_member(self) -> str:
        """The member of an order of its endpoint that lists its items."""
        return self.columns.item.id[0].split(".")[0] if self.columns else "items"

    @cached_property
    def _known_columns(self) -> frozenset[str]:
        of_conditions = (condition.column for condition in (*self.cancelled, *self.left_out))
        of_columns = named_in(self.columns) if self.columns else ()
        return frozenset(map(fold, (*of_columns, *of_conditions, *self.ignored)))

    def knows(self, column: str) -> bool:
        """Tell whether the file names a column, whatever its case and spaces."""
        return fold(column) in self._known_columns

    def column_names(self) -> dict[str, Columns]:
        """Return the columns of its files by field, such as `order_id` and `item.price`, if it has any for it."""
        named: dict[str, Columns] = {}
        for field, value in self.columns or ():
            parts = {field: value} if isinstance(value, tuple) else {f"{field}.{name}": names for name, names in value}
            named |= {name: names for name, names in parts.items() if names}
        return named

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

    def word_for(self, status: Status) -> str:
        """Return a word of the source for a status that it has one for."""
        return self.statuses[status][0]

    def status_of(self, word: str) -> str | None:
        """Return the status that a word means, in any case; None if the file does not say."""
        return self._meanings.get(_folded(word))


def named_in(columns: Any) -> Iterator[str]:
    """Yield every column that a part of a source's file names."""
    for _, value in columns:
        yield from (value if isinstance(value, tuple) else named_in(value))


def read_sources(folder: Path) -> tuple[Source, ...]:
    """Return the sources of a folder by name. Raises ConfigurationError that names file, key and remedy."""
    read = tuple(_read(file) for file in sorted(folder.glob("*.toml")))
    _check_endpoints(folder, read)
    if not read:
        raise ConfigurationError(
            f"reading the sources of orders in {folder}: there is no .toml file; set AISLE_INGEST__SOURCES_FOLDER to "
            "the folder that has them (docs/sources.md)"
        )
    return read


def _check_endpoints(folder: Path, read: Sequence[Source]) -> None:
    names: dict[str, list[str]] = {}
    for source in read:
        if source.endpoint:
            names.setdefault(source.endpoint, []).append(f"{source.name}.toml")
    for endpoint, files in names.items():
        if len(files) > 1:
            raise _unusable(
                folder,
                f"{' and '.join(files)} have one `endpoint`, {endpoint}; keep one of them, or every order counts twice",
            )


def _read(file: Path) -> Source:
    try:
        return Source.model_validate({"name": file.stem, **tomllib.loads(file.read_text(encoding="utf-8-sig"))})
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


def file_sources() -> tuple[Source, ...]:
    """Return the sources of which there are files, by name."""
    return tuple(source for source in sources() if source.columns)


def source_named(name: str) -> Source:
    """Return a source by its name. Raises ConfigurationError if there is none."""
    known = {source.name: source for source in sources()}
    if name not in known:
        raise ConfigurationError(f"there is no source of orders {name!r}; there are {', '.join(known)}")
    return known[name]
