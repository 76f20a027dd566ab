"""Packages of npm, brought for a test and never kept."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


def install(folder: Path, packages: Mapping[str, str]) -> None:
    """Install exact versions into a folder; skip the test where there is no npm, or npm cannot bring them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine: install Node.js to run published packages")
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages}))
    try:
        ended = subprocess.run(
            [npm, "install", *_OPTIONS], cwd=folder, capture_output=True, text=True, timeout=180, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not bring {', '.join(packages)} within three minutes")
    if ended.returncode:
        pytest.skip(f"npm could not bring {', '.join(packages)}: {ended.stderr.strip()[-300:]}")
