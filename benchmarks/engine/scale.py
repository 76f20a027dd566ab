"""Time and memory as the shop grows: users and lines at 1, 10 and 100 times the reference scale, or items alone.

    python -m benchmarks.engine.scale                             # 1 and 10 times the users
    python -m benchmarks.engine.scale --users 1 10 100 --items 1 10 25

Every size runs in a process of its own: fit, the lists of all users, the lists of all items. A size whose lines alone
would not fit into half of the free memory is left out, and said so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import psutil

from benchmarks.engine.contenders import OURS, ROOT, SCRIPTS, machine
from benchmarks.engine.dataset import ORDER_ITEMS, generate, write_folder

RESULT = ROOT / "benchmarks" / "results" / "engine_scale.json"
#: Bytes per order item while it is generated and learned from, measured at the reference scale.
BYTES_PER_ORDER_ITEM = 250
Figures = dict[str, Any]


def main() -> None:
    options = _options()
    sizes = [_measured(users, items) for users, items in product(options.users, options.items)]
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps({"machine": machine(), "sizes": sizes}, indent=1) + "\n")
    print(table(sizes))


def table(sizes: list[Figures]) -> str:
    """The sizes in Markdown."""
    rows = ["| users × | items × | train s | score s | similar s | peak MB |", "|---|---|---|---|---|---|"]
    for size in sizes:
        if "left_out" in size:
            rows.append(f"| {size['users']:g} | {size['items']:g} | {size['left_out']} | | | |")
            continue
        steps = " | ".join(f"{size['seconds'][step]:.2f}" for step in ("train", "score", "similar"))
        rows.append(f"| {size['users']:g} | {size['items']:g} | {steps} | {size['peak_mb']:,} |")
    return "\n".join(rows)


def _measured(users: float, items: float) -> Figures:
    size: Figures = {"users": users, "items": items}
    needed, free = ORDER_ITEMS * users * BYTES_PER_ORDER_ITEM, psutil.virtual_memory().available
    if needed > free / 2:
        return size | {"left_out": f"would need {needed / 1e9:.0f} GB, {free / 1e9:.0f} GB are free"}
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_folder(generate(users, item_scale=items), Path(scratch))
        result = folder.path / "result.json"
        command = [sys.executable, str(SCRIPTS / f"{OURS}.py"), str(folder.path), str(result)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}"}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            return size | {"left_out": f"ended with {ended.returncode}: {ended.stderr.strip().splitlines()[-1:]}"}
        measured: dict[str, Any] = json.loads(result.read_text())
        return size | measured


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=float, nargs="+", default=[1, 10], help="multiples of users and lines")
    parser.add_argument("--items", type=float, nargs="+", default=[1], help="multiples of items")
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
