"""Name the words that the glossary has replaced: `python -m tools.language [FILE OR FOLDER …]`.

Ends with status 1 if there is one. Names of variables, functions and classes are read from the syntax tree, so that a
word in a string is checked by the rules for prose alone. What names an interface, such as a column, is listed in
`_KEPT`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aisle.settings import PROJECT_ROOT

#: Names that say nothing about their value.
_EMPTY_NAMES = frozenset({"one", "found", "wanted", "each", "told", "most"})
#: Words that may not be part of a name, and what to say instead.
_WORDS_OF_NAMES = {
    "leg": "stage",
    "legs": "stages",
    "border": "boundary",
    "borders": "boundaries",
    "unmet": "failed",
    "mend": "fix",
    "judge": "decide",
    "judged": "decided",
    "judgement": "decision",
    "tombstone": "erasure",
    "tombstones": "erasures",
    "verdict": "decision",
    "verdicts": "decisions",
}
#: Whole words of prose, and what to say instead. Case does not matter.
_PROSE = {
    r"legs?": "stage",
    r"borders?(?!:\s*(?:\d|none|var|\{)|-\w)": "boundary",  # but for that of a style sheet
    r"unmet": "failed",
    r"mend(s|ed|ing)?": "fix",
    r"order lines?": "order item",
    r"tombstones?": "erasure record",
    r"verdicts?": "decision, outcome, or conclusion",
    r"judge(d|ment|s)?": "decide, check, or grade",
    r"(the|this|whole|a) line (today|from end to end|runs|stops|is stopped)": "pipeline",
    r"of the line": "of the pipeline, or of the record",
    r"(bury|buried|doomed|ailing|ails)": "the plain word",
    r"without further ado": "nothing",
    r"what there shall be": "the desired state",
}
#: Compounds of the trade in which "line" is a line of text or no line at all.
_LINES_OF_TEXT = frozenset(
    {"command_line", "commandline", "line_number", "first_line", "last_line", "json_lines", "jsonlines", "one_line"}
)
#: Columns and members of files that keep their names.
_KEPT = frozenset({"merged_lines", "n_lines", "order_lines"})
#: Modules that read or write text by the line. Elsewhere `line` means something that has a better name.
_TEXT_MODULES = (
    "plugins/airflow_postgres_s3/",
    "plugins/aisle/batch/",
    "plugins/aisle/cache/staging.py",
    "plugins/aisle/resources/",
    "services/company_api/order_table.py",
    "services/engine/",
    "services/resources/",
    "services/stack/",
    "services/terminal.py",
    "tools/",
    "benchmarks/",
    "tests/",
)
#: Files that name older words on purpose: what was, what the service calls so, and the table of the replacements.
_HISTORY = (
    "plugins/aisle/charts/assets/chart.umd.min.js",  # of others
    "CHANGELOG.md",
    "docs/adr/",
    "docs/acceptance.md",
    "docs/glossary.md",
    "findings/",
    "include/sql/ops/receipts.sql",
    "include/sql/ops/refusals.sql",
    "include/sql/ops/volumes.sql",
    "tests/contract/test_language.py",
    "tests/integration/warehouse/test_renamed_in_the_warehouse.py",
    "tools/language.py",
)
_SUFFIXES = {".py", ".md", ".sql", ".html", ".yml", ".yaml", ".rst", ".json", ".js", ".example", ".toml"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A word to replace: where it is and what to say instead."""

    path: Path
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: {self.instead}"


def check(paths: list[Path], root: Path = PROJECT_ROOT) -> Iterator[Finding]:
    """Yield a finding for each replaced word in the files of git below the paths, relative to the root."""
    for path in _files(paths, root):
        yield from findings_of(path, (root / path).read_text(encoding="utf-8"))


def findings_of(path: Path, text: str) -> Iterator[Finding]:
    """Yield a finding for each replaced word of a text. `path`, relative to the root, decides which rules hold."""
    yield from _prose(path, text)
    if path.suffix == ".py":
        yield from _names(path, ast.parse(text))


def _files(paths: list[Path], root: Path) -> Iterator[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *map(str, paths)], cwd=root, check=True, capture_output=True, text=True
    )
    for name in filter(None, listing.stdout.split("\0")):
        if Path(name).suffix in _SUFFIXES and not name.startswith(_HISTORY) and (root / name).is_file():
            yield Path(name)


def _prose(path: Path, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, instead in _PROSE.items():
            for match in re.finditer(rf"(?<![\w.`/-])({pattern})(?!\s*=|[\w`-]|\.\w)", line, re.IGNORECASE):
                yield Finding(path, number, match[0], f"say {instead}")


def _names(path: Path, tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        name, number = _defined(node)
        if name in _EMPTY_NAMES:
            yield Finding(path, number, name, "name the value")
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
        for word in words:
            if word in _WORDS_OF_NAMES and not name.startswith("test_"):
                yield Finding(path, number, name, f"say {_WORDS_OF_NAMES[word]}")
        if {"line", "lines"} & set(words) and not _is_a_line_of_text(path, name):
            yield Finding(path, number, name, "say pipeline, order item, record or page")


def _defined(node: ast.AST) -> tuple[str, int]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name, node.lineno
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name, node.lineno
    return "", 0


def _is_a_line_of_text(path: Path, name: str) -> bool:
    if name in _KEPT or name.startswith("test_") or any(compound in name.lower() for compound in _LINES_OF_TEXT):
        return True
    return not name[:1].isupper() and str(path).startswith(_TEXT_MODULES)


def main() -> None:
    """Print the words to replace."""
    findings = list(check([Path(path) for path in sys.argv[1:]] or [Path()]))
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    if findings:
        sys.exit(f"{len(findings)} words that docs/glossary.md has replaced: say what stands beside each.")


if __name__ == "__main__":
    main()
