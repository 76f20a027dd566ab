"""The `aisle` command: the stack, the demo, the warehouse."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import click
import typer
from dotenv import load_dotenv

from aisle.errors import AisleError, RetryableError
from aisle.settings import PROJECT_ROOT
from services.resources.commands import commands as resource_commands
from services.terminal import TerminalConsole, labelled

#: What a command and the programs that it starts write is for their owner alone.
_PRIVATE = 0o077
#: SIGINT is named too, because a shell's background job starts with it ignored.
_ENDING = (signal.SIGINT, signal.SIGTERM)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(resource_commands)  # plan, apply, teardown, import-resources, convert
events = typer.Typer(no_args_is_help=True, help="Purchases on their way to Personalize, by PutEvents.")
app.add_typer(events, name="events")
console = TerminalConsole()

WarehouseUrl = Annotated[
    str | None,
    typer.Option("--url", envvar="WAREHOUSE_URL", help="libpq URL of the warehouse; else the running stack's."),
]


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="End after the summary instead of staying up.")] = False,
) -> None:
    """Start everything, send orders through the whole line, and sum up."""
    from services.demo.program import demo as run_demo

    raise typer.Exit(run_demo(once=once))


@app.command()
def up() -> None:
    """Start the stack and keep it running until Ctrl-C."""
    from services.demo.program import check_orders, log_in, urls
    from services.stack.supervisor import Stack

    check_orders(console)
    stack = Stack(say=lambda what: console.print(f"  {what}", style="dim"))
    with stack.running():
        for name, url in urls(stack).items():
            console.print(f"{name:<10} {url}")
        console.print(log_in(stack), highlight=False, soft_wrap=True)
        if stack.is_owner:
            stack.watch()


@app.command()
def down() -> None:
    """End the stack of this home, wherever it was started, and whatever a killed one has left."""
    from services.stack.supervisor import end_stack

    console.print(f"ended {end_stack()} programs")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> NoReturn:
    """Open the warehouse of the running stack in psql; further arguments are psql's."""
    from services.stack.postgres import binaries, libpq_environment
    from services.stack.supervisor import running_addresses

    program = binaries() / "psql"
    # By the environment: everybody on the machine may list the arguments of a process.
    environment = {**os.environ, **libpq_environment(running_addresses().warehouse_url)}
    os.execve(program, [str(program), *context.args], environment)


@app.command()
def token() -> None:
    """Print a token of the running Airflow, for its REST API: `Authorization: Bearer <token>`."""
    import httpx

    from services.stack.airflow import AirflowClient
    from services.stack.blueprint import ADMIN
    from services.stack.supervisor import running_addresses, stack_secrets

    address = running_addresses().airflow
    airflow = AirflowClient(address, user=ADMIN, password=stack_secrets().admin_password)
    try:
        typer.echo(airflow.token())
    except httpx.HTTPError as error:
        raise RetryableError(
            f"asking Airflow at {address} for a token: no answer ({type(error).__name__}); look whether the stack "
            "still runs, or start it with `make up`"
        ) from error


@app.command()
def migrate(
    url: Annotated[str, typer.Option(envvar="WAREHOUSE_URL", help="libpq URL of the warehouse.")],
) -> None:
    """Bring the warehouse's tables to this version. POSTGRES_READER_PASSWORD makes the role that serving reads with."""
    from aisle.warehouse import admit_reader
    from aisle.warehouse import migrate as migrate_warehouse

    migrate_warehouse(url)
    if password := os.environ.get("POSTGRES_READER_PASSWORD"):
        admit_reader(url, password)


@app.command()
def erase(url: WarehouseUrl = None) -> None:
    """File a request to forget a person. It asks who it is, so that nothing of it stays in a shell's history."""
    from aisle.warehouse import connect, sql
    from services.stack.supervisor import running_addresses

    console.print("Who asks to be forgotten? What is not known stays empty.")
    questions = ("phone", "email", "source", "source_id", "user_id")
    known = {name: typer.prompt(name, default="", show_default=False).strip() or None for name in questions}
    with connect(url or running_addresses().warehouse_url) as connection:
        row = connection.execute(sql("identity/erasure_requests/insert").encode(), known).fetchone()
    console.print(f"Filed. Start the DAG erase with the param request_id: {row[0] if row else ''}")


@app.command("user-hash")
def hash_user() -> None:
    """Print what stands for a user in a DAG's params. It asks for the id, so that it stays in no shell's history."""
    from aisle.contracts.identity import user_hash

    console.print(user_hash(typer.prompt("user_id").strip()), highlight=False)


@events.command()
def replay(
    url: WarehouseUrl = None,
    group: Annotated[str | None, typer.Option(help="Of this dataset group only; else of every one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many are dead, and of what.")] = False,
) -> None:
    """Let the events that were refused too often wait again: the next run of the DAG events sends them."""
    from aisle.warehouse import connect, sql
    from services.stack.supervisor import running_addresses

    of_whom = {"dataset_group": group}
    with connect(url or running_addresses().warehouse_url) as connection:
        reasons = connection.execute(sql("events/outbox/dead_reasons").encode(), of_whom).fetchall()
        n_dead = sum(n_events for *_, n_events in reasons)
        n_replayed = 0 if dry_run else connection.execute(sql("events/outbox/replay_dead").encode(), of_whom).rowcount
    are_several = len({name for name, *_ in reasons}) > 1
    for name, reason, n_events in reasons:
        said = f"{name}: {reason}" if are_several else reason
        console.print(f"{n_events:>7}  {said}", soft_wrap=True)
    outcome = "nothing was changed" if dry_run else f"{n_replayed} wait again, for the next run of the DAG events"
    console.print(f"{n_dead} dead events; {outcome}")


@app.command(
    add_help_option=False,  # --help is the engine's own, with its options
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def engine(context: typer.Context) -> NoReturn:
    """Run the engine, the Personalize API answered from imported data: aisle engine --port 8101 --data-dir FOLDER."""
    os.execv(sys.executable, [sys.executable, "-m", "services.engine", *context.args])


def main() -> None:
    """Run the command. SIGTERM ends it as Ctrl-C does, so that nothing is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in _ENDING:  # a second Ctrl-C must not break off the stopping that the first began
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _ENDING:
        signal.signal(number, interrupt)
    os.umask(_PRIVATE)
    load_dotenv(PROJECT_ROOT / ".env")  # what the environment already says wins
    try:
        raise SystemExit(app(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        raise SystemExit(130) from None
    except AisleError as error:
        TerminalConsole(stderr=True).print(labelled(type(error).__name__, error), soft_wrap=True)
        raise SystemExit(1) from None
