"""Every page names files, headings, settings, commands, targets and DAGs that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from aisle.pipeline import BY_NAME
from aisle.settings import PROJECT_ROOT, Settings
from services.cli.program import app

_FOLDERS = ("", "benchmarks", "dags", "docs", "docs/operators", "expectations", "services/*")
#: A changelog names what was there once; the acceptance list names files below tests/ and has a test of its own.
_EXCEPTED = {"CHANGELOG.md", "acceptance.md"}
PAGES = sorted(
    page
    for folder in _FOLDERS
    for page in PROJECT_ROOT.glob(f"{folder}/*.md".lstrip("/"))
    if page.name not in _EXCEPTED
)
_ROOTS = ("benchmarks", "dags", "dbt", "docs", "expectations", "include", "plugins", "services", "tests", "tools")

_BASES = tuple(PROJECT_ROOT / base for base in ("", "plugins", "plugins/aisle", "include/sql", "tests"))

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_PATH = re.compile(rf"`((?:{'|'.join(_ROOTS)})/[\w./-]*)`")
#: A file without its root: below the page's folder, the platform or its statements.
_FILE = re.compile(r"`(\w+(?:/\w+)+\.(?:py|sql))`")
_SETTING = re.compile(r"\bAISLE_([A-Z]+)__([A-Z_]+)\b")
_TARGET = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
_COMMAND = re.compile(r"(?:`|^|bin/)aisle ([a-z][a-z-]*)", re.MULTILINE)
_DAG = re.compile(r"aisle start ([a-z]+)")
_SECTIONS = {name: set(field.annotation.model_fields) for name, field in Settings.model_fields.items()}  # type: ignore[union-attr]


def test_the_pages_are_found() -> None:
    names = {page.relative_to(PROJECT_ROOT).as_posix() for page in PAGES}
    assert names >= {"README.md", "CONTRIBUTING.md", "docs/guide.md", "services/engine/README.md", "dags/README.md"}


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(PROJECT_ROOT).as_posix() for page in PAGES])
def test_a_page_names_what_exists(page: Path) -> None:
    assert mistakes(page.read_text(), page.parent, page.name) == []


@pytest.mark.parametrize(
    "text",
    [
        "[a page](missing.md)",
        "[a heading](README.md#no-such-heading)",
        "[a heading of this page](#no-such-heading)",
        "`plugins/aisle/no_such_module.py`",
        "`tests/no/such/folder/`",
        "`orders/no_such_module.py`",
        "`ops/no_such_table.sql`",
        "set `AISLE_INGEST__NO_SUCH_FIELD`",
        "AISLE_NOSUCH__SECTION=1",
        "run `make no-such-target`",
        "make nothing",
        "`aisle no-such-command`",
        ".venv/bin/aisle nothing",
        "aisle start nothing",
    ],
)
def test_what_does_not_exist_is_named(text: str) -> None:
    assert mistakes(f"# A page\n\n{text}\n", PROJECT_ROOT, "page.md") != []


@pytest.mark.parametrize(
    "text",
    [
        "[a page](README.md)",
        "[a heading](CONTRIBUTING.md#where-things-go)",
        "[a heading of this page](#a-page)",
        "[elsewhere](https://example.com/missing.md#nowhere)",
        "`plugins/aisle/pipeline.py`, `tests/e2e/`, `plugins/aisle/stages/<stage>/`",
        "`orders/landing.py`, `ops/receipts.sql`",
        "set `AISLE_INGEST__START_AT`",
        "run `make demo`",
        "aisle start backfill",
        "`aisle events replay`",
    ],
)
def test_what_exists_is_no_mistake(text: str) -> None:
    assert mistakes(f"# A page\n\n{text}\n", PROJECT_ROOT, "page.md") == []


def mistakes(text: str, folder: Path, name: str) -> list[str]:
    """Return what a page of a folder names that does not exist."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    return [
        *_broken_links(text, folder, name),
        *(path for path in _PATH.findall(text) if not (PROJECT_ROOT / path).exists()),
        *(file for file in _FILE.findall(text) if not any((root / file).exists() for root in (folder, *_BASES))),
        *(
            f"AISLE_{section}__{field}"
            for section, field in _SETTING.findall(text)
            if field.lower() not in _SECTIONS.get(section.lower(), ())
        ),
        *(f"make {target}" for target in _TARGET.findall(text) if target not in targets),
        *(f"aisle {command}" for command in _COMMAND.findall(text) if command not in commands),
        *(f"DAG {dag}" for dag in _DAG.findall(text) if dag not in BY_NAME),
    ]


def _broken_links(text: str, folder: Path, name: str) -> list[str]:
    broken = []
    for target, anchor in _LINK.findall(text):
        file = folder / (target or name)
        if target and not file.exists():
            broken.append(target)
        elif anchor and anchor not in _anchors(file.read_text() if target else text):
            broken.append(f"{target}#{anchor}")
    return broken


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
