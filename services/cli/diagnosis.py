"""The command that checks everything."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

import typer

from services.terminal import TerminalConsole
from services.usage import WarehouseUrl

commands = typer.Typer()
console = TerminalConsole()

ApiUrl = Annotated[str | None, typer.Option(envvar="AISLE_URL", help="Address of the API; else the running stack's.")]
ApiKey = Annotated[str | None, typer.Option(envvar="AISLE_API_KEY", help="Its key; else the running stack's.")]
Aws = Annotated[bool, typer.Option("--aws", help="Ask the AWS of the environment, and check its permissions.")]


@commands.command()
def doctor(url: WarehouseUrl = None, api_url: ApiUrl = None, api_key: ApiKey = None, aws: Aws = False) -> None:
    """Check data, cache, API, events, service and logs; say what is wrong and what to do. Ends with 1 if anything is.

    What is named by options is looked at where it is; everything else is that of the running stack.
    """
    from services.doctor import program
    from services.stack.running import NoStack, running_stack

    try:
        stack = running_stack()
    except NoStack:
        if url is None and api_url is None and not aws:
            raise
        stack = None
    warehouse_url = url or (stack.addresses.warehouse_url if stack else None)
    serving_url = api_url or (stack.addresses.serving if stack else None)
    key = api_key or (stack.secrets.serving_api_key if stack else "")
    checks = chain(
        program.checks_of_data(warehouse_url) if warehouse_url else (),
        program.checks_of_api(serving_url, key) if serving_url else (),
        program.checks_of_service(aws=aws) if stack or aws else (),
        program.checks_of_logs(stack.home / "logs") if stack else (),
    )
    raise typer.Exit(program.examine(checks, console))
