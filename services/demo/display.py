"""What the demo shows: a table of stages that fills while they run, and the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.demo.pipeline import StageState
from services.demo.summary import GroupSummary, Summary
from services.terminal import TerminalConsole, printable

_SIGNS = {"waiting": "·", "running": "▸", "done": "✓", "idle": "–"}
_METRICS = {
    "normalized_discounted_cumulative_gain_at_10": "NDCG@10",
    "precision_at_5": "precision@5",
    "precision_at_10": "precision@10",
    "mean_reciprocal_rank_at_25": "MRR@25",
    "coverage": "coverage",
}


class StageDisplay:
    """The table of stages. A terminal redraws it; elsewhere each stage is one line of text when it ends."""

    def __init__(self, console: TerminalConsole, dag_ids: Sequence[str]) -> None:
        self._console = console
        self._states = {dag_id: StageState(dag_id) for dag_id in dag_ids}
        self._width = max(10, *map(len, dag_ids))
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[StageDisplay]:
        if not self._console.is_terminal:
            yield self
            return
        with Live(self._table(), console=self._console, refresh_per_second=8) as self._live:
            yield self

    def update(self, state: StageState) -> None:
        self._states[state.dag_id] = replace(state)
        if self._live is not None:
            self._live.update(self._table())
        elif state.state in ("done", "idle"):
            done = f"{_SIGNS[state.state]} {state.dag_id:<{self._width}} {_progress(state):<18}"
            self._console.print(f"{done} {_rows(state):>18} {state.seconds:8.1f} s")

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for justify in ("left", "left", "left", "right", "right"):
            table.add_column(justify=justify)
        for state in self._states.values():
            style = {"running": "bold cyan", "done": "green", "idle": "dim", "waiting": "dim"}[state.state]
            seconds = f"{state.seconds:.1f} s" if state.state != "waiting" else ""
            table.add_row(_SIGNS[state.state], state.dag_id, _progress(state), _rows(state), seconds, style=style)
        return table


def _progress(state: StageState) -> str:
    if state.state == "idle":
        return "nothing new"
    return f"{state.tasks_done} of {state.tasks} tasks" if state.tasks else ""


def _rows(state: StageState) -> str:
    return f"{state.rows:,} rows" if state.state in ("running", "done") else ""


def show_summary(console: TerminalConsole, summary: Summary) -> None:
    """Print the summary for a person."""
    console.print(Panel(_counts(summary), title="what came through", title_align="left"))
    console.print(Panel(_quality(summary), title="quality gates", title_align="left"))
    console.print(Panel(_models(_metrics(summary)), title="models, on users held out of training", title_align="left"))
    for title, examples in _examples(summary).items():
        console.print(Panel(_customers(examples), title=Text(printable(title)), title_align="left"))
    console.print(Panel(_addresses(summary), title="where to look", title_align="left"))


def _grid(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _counts(summary: Summary) -> Group:
    table = _grid("", "")
    for name, value in _counted(summary).items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    stages = _grid("stage", "rows", "seconds")
    for stage, seconds in summary.seconds_per_stage.items():
        stages.add_row(stage, f"{summary.rows_per_stage.get(stage, 0):,}", f"{seconds:.1f}")
    groups: list[Table | str] = [_groups(summary.groups), ""] if summary.groups else []
    return Group(table, "", *groups, stages, f"\npeak memory of the stack: {summary.peak_memory_megabytes:,.0f} MB")


def _counted(summary: Summary) -> dict[str, Any]:
    """Return name and number of each row. The figures of a group stand here only if there is one group."""
    of_all = {
        "order items at the company": summary.source_rows if summary.source_rows is not None else "unknown",
        **({"  left out of the file": summary.refused_rows} if summary.refused_rows else {}),
        "  loaded": summary.order_lines,
        "  merged into an equal item": summary.merged,
        **{f"  rejected: {reason.replace('_', ' ')}": n for reason, n in summary.rejected_by_reason.items()},
        "orders": summary.orders,
        "customers": summary.customers,
    }
    if summary.groups:
        return of_all | {"products": summary.products}
    return of_all | {
        "  with a purchase": summary.customers_with_a_purchase,
        "products": summary.products,
        "interactions exported": summary.interactions,
        "users with recommendations": summary.users_with_recommendations,
        "products with similar items": summary.products_with_similar_items,
    }


def _groups(groups: Mapping[str, GroupSummary]) -> Table:
    table = _grid("group", "interactions", "buyers", "users with lists", "products with lists")
    for name, group in groups.items():
        counted = (
            group.interactions,
            group.customers_with_a_purchase,
            group.users_with_recommendations,
            group.products_with_similar_items,
        )
        table.add_row(name, *(f"{number:,}" for number in counted))
    return table


def _quality(summary: Summary) -> Table:
    table = _grid("suite", "severity", "passed", "of")
    table.add_column("failed checks", justify="left", overflow="fold")
    for name, suite in summary.quality.items():
        is_met = suite["met"] == suite["expectations"]
        style = "" if is_met else ("bold red" if suite["severity"] == "stop" else "yellow")
        figures = (suite["severity"], str(suite["met"]), str(suite["expectations"]))
        table.add_row(name, *figures, "\n".join(suite["failed"]), style=style)
    return table


def _models(measured: Mapping[str, dict[str, float]]) -> Table:
    table = _grid("solution", *_METRICS.values())
    for solution, metrics in measured.items():
        table.add_row(solution, *(f"{metrics[key]:.4f}" if key in metrics else "–" for key in _METRICS))
    return table


def _metrics(summary: Summary) -> dict[str, dict[str, float]]:
    """Return the metrics of each solution, prefixed with its group if there are several."""
    if not summary.groups:
        return summary.metrics
    groups = summary.groups.items()
    return {f"{name}/{solution}": figures for name, group in groups for solution, figures in group.metrics.items()}


def _examples(summary: Summary) -> dict[str, list[dict[str, Any]]]:
    """Return the customers to show, by the title of their panel."""
    several = {f"customers of {name}": group.examples for name, group in summary.groups.items()}
    of_titles = several or {"five customers": summary.examples}
    return {title: examples for title, examples in of_titles.items() if examples}


def _customers(examples: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_lines=False)
    for column in ("customer", "bought last", "recommended"):
        table.add_column(column, vertical="top", overflow="fold")
    for example in examples:
        bought, recommended = ("\n".join(example[key] or ["nothing"]) for key in ("bought", "recommended"))
        table.add_row(example["user_id"][:8], bought, recommended, end_section=True)
    return table


def _addresses(summary: Summary) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, url in summary.urls.items():
        table.add_row(name, url)
    return table
