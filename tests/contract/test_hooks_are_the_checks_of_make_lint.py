"""One list of checks: what runs before a commit is what runs in CI."""

from __future__ import annotations

import re

import yaml

from aisle.settings import PROJECT_ROOT


def test_every_command_of_make_lint_is_a_hook() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    recipe = re.search(r"^lint:.*\n((?:\t.+\n)+)", makefile, re.MULTILINE)
    assert recipe
    commands = [line.strip().lstrip("@").replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    config = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    assert commands
    assert hooks[: len(commands)] == commands


def test_no_hook_is_fetched() -> None:
    config = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text())
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
