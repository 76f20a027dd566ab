"""Commands for the running Airflow: start a DAG, or print a token for its REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aisle.errors import RetryableError
from services.terminal import TerminalConsole
from services.usage import UsageError, refuse_unknown

if TYPE_CHECKING:
    from services.stack.airflow import AirflowClient

commands = typer.Typer()
console = TerminalConsole()
_LONGEST_RUN_SECONDS = 12 * 3600


@commands.command()
def start(
    dag: Annotated[str, typer.Argument(help="Name of the DAG.")],
    params: Annotated[str, typer.Argument(help="Its params, as a JSON object.")] = "{}",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the run; a failed one ends with status 1.")] = False,
) -> None:
    """Start a DAG of the running stack, and print the URL of its run."""
    conf = _json_object(params)
    with _airflow() as airflow:
        refuse_unknown("DAG", dag, airflow.dag_ids())
        names = airflow.param_names(dag)
        for name in conf:  # Airflow would start the run without a word, on the defaults
            refuse_unknown(f"param of {dag}", name, names)
        run_id = airflow.trigger(dag, conf)
        console.print(f"{dag} is started: {airflow.page(dag, run_id)}", soft_wrap=True)
        if wait:
            airflow.wait(dag, run_id, timeout_seconds=_LONGEST_RUN_SECONDS, on_look=lambda _: None)
            console.print(f"{dag} has succeeded")


@commands.command()
def token() -> None:
    """Print a token of the running Airflow, for its REST API: `Authorization: Bearer <token>`."""
    with _airflow() as airflow:
        typer.echo(airflow.token())


@contextmanager
def _airflow() -> Iterator[AirflowClient]:
    """Call the running stack's Airflow. Raises RetryableError without a response, UsageError if it rejects a run."""
    import httpx

    from services.stack.airflow import AirflowClient, RunRefused
    from services.stack.blueprint import ADMIN
    from services.stack.running import running_stack

    stack = running_stack()
    try:
        yield AirflowClient(stack.addresses.airflow, user=ADMIN, password=stack.secrets.admin_password)
    except RunRefused as error:
        raise UsageError(str(error)) from error
    except httpx.HTTPError as error:
        raise RetryableError(
            f"asking Airflow at {stack.addresses.airflow}: no answer ({type(error).__name__}); look whether the stack "
            "still runs, or start it with `make up`"
        ) from error


def _json_object(text: str) -> dict[str, Any]:
    try:
        params = json.loads(text)
    except ValueError as error:
        raise UsageError(f'the params are no JSON ({error}); write them as \'{{"name": "value"}}\'') from error
    if not isinstance(params, dict):
        raise UsageError('the params are no JSON object; write them as \'{"name": "value"}\'')
    return params
