"""List unused names: `python -m tools.dead_code`. Exits with status 1 if there are any.

vulture finds names that no Python file uses. A name is used, too, if a template, a statement or a configuration has it,
or if a library calls it by name. Names defined in tests are not checked, but tests count as users.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from vulture import Vulture  # type: ignore[import-untyped]

from aisle.settings import PROJECT_ROOT

_CODE = ("plugins", "services", "tools", "dags", "tests", "benchmarks")
#: Other files that use names: pages, statements, settings of tools.
_NAMING = ("*.html", "*.svg", "*.sql", "*.js", "*.yaml", "*.yml", "*.json", "*.toml", "*.rst")
_MIN_CONFIDENCE = 60
#: Calls a function for its decorator: typer, FastAPI, pydantic, lark.
_DECORATORS = [
    "@*.command",
    "@*.get",
    "@*.post",
    "@*.delete",
    "@*.route",
    "@*.exception_handler",
    "@*_validator*",
    "@v_args*",
]
#: Called or read by their names.
_NAMES = [
    # Great Expectations: the engine of its data source
    "execution_engine_override",
    # Airflow: operators, triggers, links, deadlines, plugins
    "template_ext", "template_fields_renderers", "ui_color", "operator_extra_links", "format_str", "on_kill",
    "aws_hook_class", "waiter_path", "config_overrides", "_evaluate_with", "required_kwargs", "AislePlugin",
    "external_views", "deadline_references", "fastapi_apps", "fastapi_root_middlewares", "get_provider_info",
    # the engine's operations, by the name of the call
    "create_*", "describe_*", "list_*", "delete_*", "update_*", "put_*", "start_recommender", "stop_recommender",
    "tag_resource", "untag_resource", "get_action_recommendations", "before_error", "before_list", "before_reasons",
    # lark: the rules of the filter language
    "comparison", "membership", "current_item", "current_user",
    # botocore, psycopg, sqlite3, jinja2, Starlette
    "fmt", "isolation_level", "row_factory", "globals", "is_allowed_origin",
    # Alembic, of each revision
    "revision", "down_revision", "upgrade",
    # limits: a storage of counters
    "STORAGE_SCHEME", "base_exceptions", "incr", "get_expiry",
    # fields of answers that clients read
    "risk_level", "interaction_id", "total_recommendations", "clicked_recommendations", "dismissed_recommendations",
    "click_through_rate", "total_interactions", "age_seconds", "generated_at", "ranked_by", "relative_score", "pick",
    "throttled_events",
]  # fmt: skip


def dead_code(root: Path = PROJECT_ROOT) -> Iterator[str]:
    """Yield one line for each unused name: its place and kind."""
    finder = Vulture(ignore_names=_NAMES, ignore_decorators=_DECORATORS)
    finder.scavenge([str(root / part) for part in _CODE if (root / part).exists()])
    named = _named_elsewhere(root)
    for item in finder.get_unused_code(min_confidence=_MIN_CONFIDENCE):
        path = Path(item.filename).resolve().relative_to(root.resolve())
        if path.parts[0] not in ("tests", "benchmarks") and item.name not in named:
            yield f"{path}:{item.first_lineno}: unused {item.typ} '{item.name}'"


def _named_elsewhere(root: Path) -> set[str]:
    folders = [root / part for part in ("plugins", "services", "include", "dbt", "expectations", "docs")]
    texts = (path.read_text() for folder in folders for form in _NAMING for path in folder.rglob(form))
    return {word for text in texts for word in re.findall(r"\w+", text)}


def main() -> None:
    """Print the unused names."""
    unused = sorted(dead_code())
    sys.stdout.write("\n".join(unused or ["no dead code"]) + "\n")
    sys.exit(bool(unused))


if __name__ == "__main__":
    main()
