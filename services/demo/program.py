"""The demo from start to end."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import httpx
from rich.text import Text

from aisle.errors import AisleError
from aisle.groups.dataset_group import dataset_groups
from services.demo.display import StageDisplay, show_summary
from services.demo.memory import PeakMemory
from services.demo.pipeline import PipelineDriver, steps_of
from services.demo.summary import Summary, rows_of, summarise
from services.stack.blueprint import ADMIN
from services.stack.supervisor import Stack
from services.terminal import TerminalConsole, labelled


def demo(*, once: bool) -> int:
    """Start the stack, run the pipeline, sum up, and stay up unless `once`. Return the exit status."""
    console = TerminalConsole()
    stack = Stack(say=lambda what: console.print(f"  {what}", style="dim"))
    console.print(Text.assemble(("Aisle", "bold"), f": orders of '{stack.home.name}' through the whole pipeline\n"))
    begun = time.monotonic()
    try:
        with stack.running():
            faults = _walk(stack, console, begun)
            if not once and not faults:
                console.print("\nEverything stays up; Ctrl-C ends it.")
                stack.watch()
    except KeyboardInterrupt:
        console.print("\nstopped")
        return 0
    except (AisleError, httpx.HTTPError, OSError) as error:
        console.print(labelled("The pipeline stopped", error), soft_wrap=True)
        return 1
    for fault in faults:
        console.print(labelled("Does not add up", fault))
    return 1 if faults else 0


def _walk(stack: Stack, console: TerminalConsole, begun: float) -> list[str]:
    seconds_to_start = time.monotonic() - begun
    announce(console, stack, seconds_to_start)
    groups = dataset_groups()
    steps = steps_of(groups)
    display = StageDisplay(console, [step.dag_id for step in steps])
    with PeakMemory(stack.pids).measured() as memory, display.shown():
        rows = partial(rows_of, stack.addresses.warehouse_url, groups)
        stages = PipelineDriver(stack.tended_airflow, display.update, rows).walk(steps)
    health = _health(stack)
    summary = summarise(
        stack.addresses.warehouse_url,
        groups=groups,
        source_rows=health.get("source_rows"),
        refused_rows=health.get("refused_rows", 0),
        stages=stages,
        seconds_to_start=seconds_to_start,
        peak_memory_megabytes=memory.megabytes,
        urls=urls(stack),
    )
    summary.write(stack.settings.root / "summary.json")
    console.print()
    show_summary(console, summary)
    console.print(log_in(stack), highlight=False, soft_wrap=True)
    _show_request(console, stack, summary)
    return summary.faults()


def urls(stack: Stack) -> dict[str, str]:
    """Return the addresses that a person opens, by name."""
    at = stack.addresses
    return {
        "Airflow": at.airflow,
        "Shop": f"{at.serving}/shop",
        "Regions": f"{at.serving}/regions",
        "Owner": f"{at.serving}/admin",
        "API": f"{at.serving}/docs",
        "dbt docs": f"{at.reports}/dbt/index.html",
        "Data Docs": f"{at.reports}/quality/index.html",
    }


def announce(console: TerminalConsole, stack: Stack, seconds_to_start: float) -> None:
    """Print where the stages can be watched while they run."""
    console.print(f"  up after {seconds_to_start:.1f} s", style="dim")
    console.print(f"Watch the stages in Airflow: {stack.addresses.airflow}", highlight=False, soft_wrap=True)
    console.print(f"{log_in(stack)}\n", highlight=False, soft_wrap=True)


def log_in(stack: Stack) -> str:
    """Return how a person logs in there."""
    return f"Log in to Airflow and to the reports as {ADMIN} with the password {stack.secrets.admin_password}"


def request(stack: Stack, question: str) -> str:
    """Return a command that asks the API of the stack, with its key."""
    return (
        f"curl -H 'Authorization: Bearer {stack.secrets.serving_api_key}' {stack.addresses.serving}/api/v1/{question}"
    )


def _health(stack: Stack) -> dict[str, Any]:
    """Return the counts of the company API; only the simulator has them."""
    if stack.settings.company_api_url:
        return {}
    health: dict[str, Any] = httpx.get(f"{stack.addresses.company_api}/health", timeout=10).json()
    return health


def _show_request(console: TerminalConsole, stack: Stack, summary: Summary) -> None:
    if summary.examples:
        asked = request(stack, f"recommendations/{summary.examples[0]['user_id']}")
        console.print(f"\n{asked}", style="dim", soft_wrap=True)
