"""A fixture of a package ends with its folder only where the folder is a package: elsewhere it lives to the end."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_a_fixture_of_a_package_stands_in_a_package() -> None:
    scope = 'scope="' + 'package"'
    files = [path for path in TESTS.rglob("*.py") if scope in path.read_text()]
    assert files
    assert [str(path) for path in files if not (path.parent / "__init__.py").exists()] == []
