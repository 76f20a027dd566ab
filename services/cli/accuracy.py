"""The command that trains a model on one folder and tests it with another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.terminal import TerminalConsole

commands = typer.Typer()
console = TerminalConsole()


@commands.command()
def evaluate(
    train: Annotated[Path, typer.Option(help="Folder with interactions.csv to learn from.")] = Path("data/train"),
    test: Annotated[Path, typer.Option(help="Folder with interactions.csv of later days.")] = Path("data/test"),
) -> None:
    """Train the engine's user-personalization on one folder, and report its accuracy on another beside popularity's.

    `aisle export --output-dir data --test-days 7` writes both folders.
    """
    from services.cli.train_and_test import report_on

    report = report_on(train, test)
    table = Table(box=None, pad_edge=False)
    for title in ("", "user-personalization", "popularity"):
        table.add_column(title, justify="right" if title else "left")
    for metric, value in report.model.items():
        table.add_row(metric.replace("_at_", "@"), f"{value:.4f}", f"{report.popularity[metric]:.4f}")
    console.print(table)
    console.print(f"{report.n_users} users with earlier interactions, {report.n_items} items", style="dim")
