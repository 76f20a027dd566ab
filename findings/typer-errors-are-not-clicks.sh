#!/usr/bin/env bash
# Expected: typer stands on click, so what a caller does wrong is a click.ClickException, and an interrupted prompt a
#           click.Abort, wherever an application is called with standalone_mode=False.
# Happens:  typer carries a copy of click of its own. Its usage errors and its Abort are classes of that copy, which no
#           `except click.…` catches, though click is installed beside it.
# Version:  typer 0.29.2, click 8.5.1
# Hurts:    a command line that turned usage errors into one line and status 2 prints tracebacks after the upgrade, and
#           schedulers see status 1 for a misspelt option.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check typer==0.29.2 click==8.5.1
"$work/venv/bin/python" - <<'PY'
import importlib.metadata

import click
import typer

app = typer.Typer()


@app.command()
def first() -> None: ...


@app.command()
def second() -> None: ...


print("typer", importlib.metadata.version("typer"), "click", importlib.metadata.version("click"))
try:
    app(["nonsense"], standalone_mode=False)
except Exception as error:
    print("an unknown command raises", f"{type(error).__module__}.{type(error).__qualname__}")
    print("caught by click.ClickException:", isinstance(error, click.ClickException))
    assert not isinstance(error, click.ClickException)
else:
    raise AssertionError("an unknown command was taken")
print("typer.Abort is click.Abort:", typer.Abort is click.exceptions.Abort)
assert not issubclass(typer.Abort, click.exceptions.Abort)
PY
