"""How a program of services/ reads its settings: command line over environment over defaults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from aisle.settings import ProjectPath, unusable_settings

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


class _Parser(argparse.ArgumentParser):
    """A parser that reports wrong options in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def read_settings(
    settings: type[AnySettings],
    *,
    program: str,
    about: str,
    options: Sequence[str] = (),
    arguments: Sequence[str] | None = None,
) -> AnySettings:
    """Read the settings of a program; `options` are the fields that are also command-line options.

    A relative path on the command line is relative to where the program is started, one in the environment to the
    project. Ends the program with one line on standard error and status 2 if the settings are unusable.
    """
    prefix = settings.model_config["env_prefix"]
    parser = _Parser(prog=program, description=about)
    for name in options:
        field = settings.model_fields[name]
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            help=f"{field.description} ({prefix}{name.upper()})".replace("%", "%%"),
            type=_absolute if _is_path(field) else str,
        )
    given: dict[str, Any] = {
        name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None
    }
    try:
        return settings(**given)
    except ValueError as error:
        parser.exit(2, f"{unusable_settings(program, prefix, error)}\n")


def _absolute(text: str) -> Path:
    return Path(text).absolute()


def _is_path(field: FieldInfo) -> bool:
    return any(part in (Path, ProjectPath) for part in (field.annotation, *get_args(field.annotation)))
