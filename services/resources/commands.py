"""How the commands are called. What they do is in `program`, which is imported when one is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aisle.errors import ConfigurationError, UnusableSettings

commands = typer.Typer()

File = Annotated[Path | None, typer.Argument(help="File of the environment; without it, that of the settings.")]
Group = Annotated[str, typer.Argument(help="Name of the dataset group.")]
Aws = Annotated[bool, typer.Option("--aws", help="Ask the AWS of the environment, even if a stack runs here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the file there instead of printing it.")]


@commands.command()
def plan(file: File = None, aws: Aws = False, as_json: AsJson = False) -> None:
    """Compare a file with the service; where there is none to ask, check the file alone.

    Ends with 0: nothing to do, 2: something to do, 1: something is refused, or cannot be planned.
    """
    from services.resources import program

    try:
        raise typer.Exit(program.plan(file, aws=aws, as_json=as_json))
    except UnusableSettings as error:
        raise ConfigurationError(str(error)) from error  # an end with 2 would say that there is something to do


@commands.command()
def apply(
    file: File = None,
    prune: Annotated[bool, typer.Option("--prune", help="Allow deletions and replacements.")] = False,
    aws: Aws = False,
) -> None:
    """Make the service hold what a file says; what waits for a trained model is named."""
    from services.resources import program

    program.apply(file, prune=prune, aws=aws)


@commands.command()
def teardown(
    group: Group,
    confirm: Annotated[str, typer.Option(help="The group's name again; without it nothing is touched.")] = "",
    empty_bucket: Annotated[str, typer.Option(help="Name of the bucket, to delete all its files too.")] = "",
    aws: Aws = False,
) -> None:
    """Delete a dataset group with all that is in it; lists what would go unless it is confirmed."""
    from services.resources import program

    program.teardown(group, confirm=confirm, bucket=empty_bucket, aws=aws)


@commands.command("import-resources")
def import_resources(group: Group, output: Output = None, aws: Aws = False) -> None:
    """Write the file that describes a dataset group which is there already."""
    from services.resources import program

    program.import_resources(group, output, aws=aws)


@commands.command()
def convert(
    parameters: Annotated[Path, typer.Argument(help="parameters.json of Maintaining Personalized Experiences.")],
    output: Output = None,
) -> None:
    """Turn the parameter file of AWS's deprecated solution into a file of ours; what it cannot say is listed."""
    from services.resources import program

    program.convert(parameters, output)
