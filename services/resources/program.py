"""The commands around the file of an environment: they print, and `plan` says by a code what it found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import typer

from aisle.groups.environment import Environment
from aisle.groups.environment_file import load, text_of
from aisle.resources import apply as applying
from aisle.resources import converted, imported
from aisle.resources import teardown as removing
from aisle.resources.plan import Plan
from aisle.settings import get_settings
from services.resources import clients
from services.terminal import TerminalConsole, printable
from services.usage import refuse_unknown

#: Ends of `plan`, as Terraform's -detailed-exitcode has them.
NOTHING_TO_DO, REFUSED, SOMETHING_TO_DO = 0, 1, 2


@clients.told_plainly()
def plan(file: Path | None, *, aws: bool, as_json: bool) -> int:
    """Print what would change, and return the exit code. A `file` is checked even where there is nobody to ask."""
    environment = _load(file)
    try:
        service = clients.service(aws=aws)
    except clients.NobodyToAsk as error:
        if aws or file is None:
            raise
        _show_checked(environment, file, str(error), as_json=as_json)
        return NOTHING_TO_DO
    plans_made = applying.plans(service, environment)
    code = _code(plans_made)
    if as_json:
        typer.echo(json.dumps({"code": code, "plans": [plan.as_dict() for plan in plans_made]}, indent=2))
    else:
        _show(plans_made)
    return code


@clients.told_plainly()
def apply(file: Path | None, *, prune: bool, aws: bool) -> None:
    """Carry the plan out, then print what is left of it."""
    environment = _load(file)
    service = clients.service(aws=aws)
    applying.apply(service, environment, prune=prune, say=_say)
    _show(applying.plans(service, environment))


@clients.told_plainly()
def teardown(group: str, *, confirm: str, bucket: str, aws: bool) -> None:
    """List what goes; with the group's name as confirmation, delete it, and the files of `bucket` if it is named."""
    service = clients.service(aws=aws)
    planned = removing.plan_teardown(service, group)
    if not planned.removed:  # of a group that is gone, something may still be there
        refuse_unknown("dataset group", group, service.group_names())
    _lines(planned.lines())
    if bucket:
        _lines([_told(bucket, removing.contents(clients.storage(aws=aws), bucket))])
    if not confirm:
        _lines([f"nothing was touched: add --confirm {group}; --empty-bucket NAME takes the files of a bucket too"])
        return
    removing.tear_down(service, group, confirm=confirm, say=_say)
    if bucket:
        gone = removing.empty(clients.storage(aws=aws), bucket, confirm=bucket)
        _say(f"emptied {_told(bucket, gone)}")


def _told(bucket: str, held: removing.Contents) -> str:
    return f"bucket {bucket}: {held.n_files} files, {held.n_bytes} bytes"


@clients.told_plainly()
def import_resources(group: str, output: Path | None, *, aws: bool) -> None:
    """Write the file of a group that is there."""
    service = clients.service(aws=aws)
    refuse_unknown("dataset group", group, service.group_names())
    environment, left_out = imported.environment_of(service, group)
    _write(environment, f"Dataset group {group}, as the service has it.", left_out, output)


def convert(parameters: Path, output: Path | None) -> None:
    """Write the file that a parameter file becomes."""
    environment, left_out = converted.convert(parameters)
    _write(environment, f"Converted from {parameters.name}.", left_out, output)


def _load(file: Path | None) -> Environment:
    return load(file or get_settings().personalize.resources_file)


def _show(plans_made: list[Plan]) -> None:
    for plan in plans_made:
        _lines(plan.lines())


def _show_checked(environment: Environment, file: Path, why_not_compared: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"code": NOTHING_TO_DO, "plans": []}, indent=2))
    else:
        names = ", ".join(group.name for group in environment.groups)
        typer.echo(printable(f"{file} is valid; it describes {names}. It was compared with nothing."))
    _say(why_not_compared)


def _code(plans_made: list[Plan]) -> int:
    if any(plan.of("refuse") for plan in plans_made):
        return REFUSED
    return NOTHING_TO_DO if all(plan.is_settled for plan in plans_made) else SOMETHING_TO_DO


def _write(environment: Environment, comment: str, left_out: list[str], output: Path | None) -> None:
    """Write the file; what it cannot say stands on top of it, and is told beside it."""
    names = "".join(f"\n  {plan}" for plan in left_out)
    text = text_of(
        environment, comment + (f" Not in the file, because it has no place for it:{names}" if names else "")
    )
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text)
    for plan in left_out:
        _say(f"not in the file: {plan}")


def _lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(printable(line))


def _say(what: str) -> None:
    TerminalConsole(stderr=True, soft_wrap=True).print(f"  {what}", style="dim")
