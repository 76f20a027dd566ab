"""Draw the packages and their imports into docs/architecture.md: `python -m tools.architecture`.

Arrows are the imports that import-linter sees. An arrow that follows from others is left out, to keep the picture
readable: if a imports b and b imports c, then a may import c too.
"""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import grimp

from aisle.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "architecture.md"
PACKAGES = ("aisle", "airflow_personalize", "airflow_postgres_s3", "personalize_kinds", "services")
_BEGIN, _END = "<!-- drawn by tools.architecture -->\n", "<!-- end of the drawing -->"

#: By package, the names of the packages that it imports.
Rooms = dict[str, set[str]]


def rooms() -> Rooms:
    """Return the rooms: the packages and modules of `aisle` and `services`, and each other package as a whole."""
    graph = grimp.build_graph(*PACKAGES)
    names = [name for package in ("aisle", "services") for name in sorted(graph.find_children(package))]
    names += PACKAGES[1:-1]
    modules = {name: {name} | graph.find_descendants(name) for name in names}
    owner = {module: name for name, members in modules.items() for module in members}
    known = {
        name: {owner[target] for member in members for target in graph.find_modules_directly_imported_by(member)
               if target in owner}
        for name, members in modules.items()
    }  # fmt: skip
    return {name: targets - {name} for name, targets in known.items()}


def without_shortcuts(known: Rooms) -> Rooms:
    """Leave out the arrows that follow from others. Raises CycleError if two rooms know each other."""
    reachable: Rooms = {}
    for name in TopologicalSorter(known).static_order():
        reachable[name] = known[name].union(*(reachable[target] for target in known[name]))
    return {
        name: {target for target in targets if not any(target in reachable[other] for other in targets - {target})}
        for name, targets in known.items()
    }


def purpose_of(name: str) -> str:
    """Return the first line of a module's docstring."""
    spec = find_spec(name)
    doc = ast.get_docstring(ast.parse(Path(spec.origin).read_text())) if spec and spec.origin else None
    return (doc or "").split("\n", 1)[0]


def drawing() -> str:
    """Return the picture and the table, in Markdown."""
    known = rooms()
    shown = without_shortcuts(known)
    arrows = [f"    {_label(name)} --> {_label(target)}" for name in known for target in sorted(shown[name])]
    rows = [f"| `{name}` | {purpose_of(name)} | {len(known[name])} |" for name in known]
    picture = ["```mermaid", "flowchart TB", *arrows, "```"]
    return "\n".join([*picture, "", "| room | what it is | knows |", "|---|---|---|", *rows, ""])


def _label(name: str) -> str:
    return name.replace(".", "_") + f"[{name.removeprefix('aisle.')}]"


def page(text: str) -> str:
    """Return the page with the current drawing."""
    head, _, rest = text.partition(_BEGIN)
    return head + _BEGIN + "\n" + drawing() + "\n" + _END + rest.partition(_END)[2]


def main() -> None:
    """Write the drawing into the page."""
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main()
