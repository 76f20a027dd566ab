"""Commands for the stack of this machine: start it, inspect it, end it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from aisle.errors import ConfigurationError
from services.terminal import TerminalConsole
from services.usage import UsageError

commands = typer.Typer()
console = TerminalConsole()


@commands.command()
def demo(
    once: Annotated[bool, typer.Option(help="End after the summary instead of staying up.")] = False,
) -> None:
    """Start everything, send orders through the whole pipeline, and sum up."""
    from services.demo.program import demo as run_demo

    _check_settings()
    raise typer.Exit(run_demo(once=once))


@commands.command()
def up() -> None:
    """Start the stack and keep it running until Ctrl-C."""
    from services.demo.program import log_in, request, urls
    from services.stack.supervisor import Stack

    _check_settings()
    stack = Stack(say=lambda what: console.print(f"  {what}", style="dim"))
    with stack.running():
        for name, url in urls(stack).items():
            console.print(f"{name:<10} {url}")
        console.print(log_in(stack), highlight=False, soft_wrap=True)
        console.print(request(stack, "popular"), highlight=False, soft_wrap=True)
        if stack.is_owner:
            stack.watch()


@commands.command()
def down() -> None:
    """End the running stack, wherever it was started, and whatever a killed one left."""
    from services.stack.running import NoStack, end_stack

    try:
        ended = end_stack()
    except NoStack as error:
        if error.running:
            raise
        console.print(f"nothing to end: {error}", soft_wrap=True)
    else:
        console.print(f"ended {ended.n_programs} programs of the stack in {ended.home}", soft_wrap=True)


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    role: Annotated[str, typer.Option(help="Become this role, such as aisle_analyst")] = "",
) -> NoReturn:
    """Open the warehouse of the running stack in psql; further arguments are psql's."""
    from services.stack.postgres import binaries, libpq_environment
    from services.stack.running import running_stack

    program = binaries() / "psql"
    # By the environment: everybody on the machine may list the arguments of a process.
    environment = {**os.environ, **libpq_environment(running_stack().addresses.warehouse_url)}
    if role:
        environment["PGOPTIONS"] = f"-c role={role}"
    os.execve(program, [str(program), *context.args], environment)


@commands.command(
    add_help_option=False,  # --help is the engine's own, with its options
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def engine(context: typer.Context) -> NoReturn:
    """Run the engine, the Personalize API answered from imported data: aisle engine --port 8101 --data-dir FOLDER."""
    os.execv(sys.executable, [sys.executable, "-m", "services.engine", *context.args])


def _check_settings() -> None:
    """Check all settings before anything starts, and print remarks on the orders. Raises UsageError."""
    from services.stack.preflight import check

    try:
        notes = check()
    except ConfigurationError as error:
        raise UsageError(f"nothing was started: {error}") from error
    for note in notes:
        console.print(f"  {note}", style="yellow", soft_wrap=True)
