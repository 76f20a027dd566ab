#!/usr/bin/env bash
# Expected: Console(markup=False) prints every text as it is.
# Happens:  it does for print, table cells and a panel's body. A panel's title is parsed as markup all the same: a
#           product "[bold]Tea[/bold]" loses its brackets, and "Cable [/usb]" ends the program with MarkupError.
# Version:  rich 15.0.0
# Hurts:    a report of a pipeline run that puts a name of the catalogue into a title dies of one article, after the
#           work and before its result is shown, although the console was told to take no markup. Text(name) is safe.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0
"$work/venv/bin/python" - <<'PY'
import io
from importlib.metadata import version

from rich.console import Console
from rich.errors import MarkupError
from rich.panel import Panel
from rich.text import Text

print("rich", version("rich"))


def shown(what):
    console = Console(file=io.StringIO(), markup=False, width=60)
    console.print(what)
    return console.file.getvalue()


name = "[bold]Tea[/bold]"
seen = {"print": shown(name), "body": shown(Panel(name)), "title": shown(Panel("", title=name))}
print({where: name in text for where, text in seen.items()})
assert name in seen["print"] and name in seen["body"]
assert name not in seen["title"] and "Tea" in seen["title"]
assert name in shown(Panel("", title=Text(name)))
try:
    shown(Panel("", title="Cable [/usb]"))
except MarkupError as error:
    print("MarkupError:", error)
else:
    raise SystemExit("a title is no markup any more")
PY
