"""The client as its users install it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from aisle.settings import PROJECT_ROOT


def test_the_folder_is_a_package_that_installs_alone_with_its_types(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(PROJECT_ROOT / "clients" / "aisle_client", source)  # a build writes into its folder
    subprocess.run(
        [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--offline", "--no-deps",
         "--no-build-isolation", "--python", sys.executable, "--target", target, source],
        check=True, timeout=240,
    )  # fmt: skip
    assert (target / "aisle_client" / "py.typed").exists()
    printed = subprocess.run(
        [sys.executable, "-c", "import aisle_client; print(aisle_client.__file__)"],
        env={"PYTHONPATH": str(target)}, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=240,
    )  # fmt: skip
    assert printed.stdout.strip() == str(target / "aisle_client" / "__init__.py")
