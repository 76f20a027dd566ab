"""Commands for the warehouse: its tables, exports, rejects, and dead events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from services.terminal import TerminalConsole
from services.usage import WarehouseUrl, refuse_unknown

commands = typer.Typer()
events = typer.Typer(no_args_is_help=True, help="Purchases on their way to Personalize, by PutEvents.")
rejects = typer.Typer(no_args_is_help=True, help="Orders and order items that could not be read.")
console = TerminalConsole()


@commands.command()
def migrate(
    url: Annotated[str, typer.Option(envvar="WAREHOUSE_URL", help="libpq URL of the warehouse.")],
) -> None:
    """Migrate the warehouse to this version. With POSTGRES_READER_PASSWORD, create the role that serving uses."""
    from aisle.warehouse import admit_reader
    from aisle.warehouse import migrate as migrate_warehouse
    from services.migrations import upgrade

    migrate_warehouse(url)
    upgrade(url)
    if password := os.environ.get("POSTGRES_READER_PASSWORD"):
        admit_reader(url, password)


@commands.command()
def export(
    output_dir: Annotated[Path, typer.Option(help="Folder of the files; it is made if there is none.")],
    url: WarehouseUrl = None,
    group: Annotated[str | None, typer.Option(help="Dataset group; else the first of the file.")] = None,
    test_days: Annotated[
        int, typer.Option(min=0, help="Newest days for test/; train/ gets what lies before. 0: one folder with all.")
    ] = 0,
) -> None:
    """Write users.csv, items.csv and interactions.csv into a folder, as the DAG export writes them for Personalize."""
    from aisle.groups.dataset_group import dataset_groups
    from services.cli.connection import warehouse
    from services.cli.dataset_files import write_datasets, write_split

    groups = {known.name: known for known in dataset_groups()}
    if group is not None:
        refuse_unknown("dataset group", group, groups)
    chosen = groups[group] if group else next(iter(groups.values()))
    with warehouse(url) as connection:
        written = (
            write_split(connection, chosen, output_dir, test_days)
            if test_days
            else write_datasets(connection, chosen, output_dir)
        )
        for file in written:
            console.print(f"{file.n_rows:>9} rows  {file.path}", highlight=False, soft_wrap=True)


@events.command()
def replay(
    url: WarehouseUrl = None,
    group: Annotated[str | None, typer.Option(help="Of this dataset group only; else of every one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many are dead, and of what.")] = False,
) -> None:
    """Requeue the events that were refused too often: the next run of the DAG events sends them."""
    from aisle.groups.dataset_group import dataset_groups
    from aisle.warehouse import connect, sql
    from services.stack.running import running_stack

    of_whom = {"dataset_group": group}
    with connect(url or running_stack().addresses.warehouse_url) as connection:
        if group is not None:
            in_outbox = {name for (name,) in connection.execute(sql("events/outbox/groups").encode())}
            refuse_unknown("dataset group", group, in_outbox | {known.name for known in dataset_groups()})
        reasons = connection.execute(sql("events/outbox/dead_reasons").encode(), of_whom).fetchall()
        n_dead = sum(n_events for *_, n_events in reasons)
        n_replayed = 0 if dry_run else connection.execute(sql("events/outbox/replay_dead").encode(), of_whom).rowcount
    are_several = len({name for name, *_ in reasons}) > 1
    for name, reason, n_events in reasons:
        said = f"{name}: {reason}" if are_several else reason
        console.print(f"{n_events:>7}  {said}", soft_wrap=True)
    outcome = "nothing was changed" if dry_run else f"{n_replayed} wait again, for the next run of the DAG events"
    console.print(f"{n_dead} dead events; {outcome}")


@rejects.command("list")
def list_rejects(
    url: WarehouseUrl = None,
    source: Annotated[str | None, typer.Option(help="Of this source only; else of every one.")] = None,
) -> None:
    """List what was rejected and why, with an order of each kind and its days: the DAG backfill reads them again."""
    from aisle.sources import sources
    from aisle.warehouse import connect, sql
    from services.stack.running import running_stack

    if source is not None:
        refuse_unknown("source", source, {known.name for known in sources()})
    with connect(url or running_stack().addresses.warehouse_url) as connection:
        kinds = connection.execute(sql("raw/company__rejects/list").encode(), {"source": source}).fetchall()
    for name, reason, status, n_orders, n_order_items, an_order, first_day, last_day in kinds:
        what = f"{name}: {reason.replace('_', ' ')}" + (f" {status!r}" if status else "")
        example = f", such as {an_order}" if an_order else ""
        days = f", {first_day} to {last_day}" if first_day else ""
        console.print(
            f"{n_orders:>7} orders, {n_order_items} order items  {what}{example}{days}",
            highlight=False,
            soft_wrap=True,
        )
    n_rejected = sum(n_orders for _, _, _, n_orders, *_ in kinds)
    console.print(f"{n_rejected} orders are rejected" if kinds else "nothing is rejected", highlight=False)
