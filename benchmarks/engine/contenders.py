"""Speed compared with other libraries: train, recommend 25 items to every user, list 25 items similar to each item.

Every run is a cold process; the contenders take turns, round by round, so that a slow minute of the machine affects all
of them. Compare ratios within one run, never seconds of two machines.

    python -m venv .aisle/benchmarks && .aisle/benchmarks/bin/pip install -r benchmarks/engine/requirements.txt
    python -m benchmarks.engine.contenders                    # the reference scale, three rounds
    python -m benchmarks.engine.contenders --scale 0.05 --rounds 1 --only aisle_engine numpy_ease

BENCH_VENV is the path of that environment, if it is elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engine.dataset import Folder, generate, write_folder

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).with_name("contenders")
OURS = "aisle_engine"
NAMES = (OURS, "numpy_ease", "implicit_knn", "implicit_als", "rectools_ease", "lenskit_als", "spark_als")
RESULT = ROOT / "benchmarks" / "results" / "engine_contenders.json"
Figures = dict[str, Any]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_folder(generate(options.scale), Path(scratch))
        rounds = [{name: _measured(name, folder) for name in options.only} for _ in range(options.rounds)]
    summary = {"scale": options.scale, "rounds": rounds, "machine": machine(), "summary": summarise(rounds)}
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(summary, indent=1) + "\n")
    print(table(summary["summary"]))


def summarise(rounds: list[dict[str, Figures]]) -> dict[str, Figures]:
    """Return medians over the rounds, and the ratio to the engine's core seconds, computed within each round."""
    return {name: _summary(name, rounds) for name in rounds[0] if any("core" in figures[name] for figures in rounds)}


def table(summary: dict[str, Figures]) -> str:
    """Write the summary in Markdown, fastest first."""
    head = "| contender | core s (min–max) | train | score | similar | ratio (by round) | recall@25 | peak MB |"
    rows = [head, "|---|---|---|---|---|---|---|---|"]
    for name, run in sorted(summary.items(), key=lambda entry: entry[1]["core"]):
        steps = " | ".join("–" if run[step] is None else f"{run[step]:.2f}" for step in ("train", "score", "similar"))
        ratio = f"{run['ratio']:.1f} ({min(run['ratios']):.1f}–{max(run['ratios']):.1f})" if run["ratios"] else "–"
        mark = " *extrap*" if run["extrapolated"] else ""
        rows.append(
            f"| {name} {run['version']}{mark} | {run['core']:.2f} ({run['low']:.2f}–{run['high']:.2f}) | {steps} | "
            f"{ratio} | {run['recall_at_25']:.3f} | {run['peak_mb']:,} |"
        )
    return "\n".join(rows)


def machine() -> Figures:
    """Describe the machine of the measurement."""
    return {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}


def _summary(name: str, rounds: list[dict[str, Figures]]) -> Figures:
    runs = [figures[name] for figures in rounds if "core" in figures[name]]
    pairs = [
        (figures[name], figures[OURS])
        for figures in rounds
        if "core" in figures[name] and "core" in figures.get(OURS, {})
    ]
    ratios = [theirs["core"] / ours["core"] for theirs, ours in pairs]
    steps = {step: _median([run["seconds"][step] for run in runs]) for step in ("warm_up", "train", "score", "similar")}
    cores = [run["core"] for run in runs]
    return {
        **runs[0], **steps, "core": statistics.median(cores), "low": min(cores), "high": max(cores),
        "ratios": ratios, "ratio": statistics.median(ratios) if ratios else None,
    }  # fmt: skip


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _measured(name: str, folder: Folder) -> Figures:
    """Run a contender in a cold process; one that fails is reported and left out."""
    result = folder.path / f"{name}.json"
    result.unlink(missing_ok=True)
    command = [_python(name), str(SCRIPTS / f"{name}.py"), str(folder.path), str(result)]
    ended = subprocess.run(command, env=_environment(name), capture_output=True, text=True, check=False)
    if ended.returncode or not result.exists():
        print(f"{name} failed:\n{ended.stderr[-2_000:]}", file=sys.stderr)
        return {"failed": ended.stderr[-500:]}
    figures: Figures = json.loads(result.read_text())
    print(f"{name}: {figures['core']:.2f} s", file=sys.stderr)
    return figures


def _python(name: str) -> str:
    if name == OURS:
        return sys.executable
    return str(Path(os.environ.get("BENCH_VENV", ROOT / ".aisle" / "benchmarks")) / "bin" / "python")


def _environment(name: str) -> dict[str, str]:
    """Set the import path, which has the project for ours only; implicit requires BLAS to use one thread."""
    extra = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}" if name == OURS else ""}
    if name.startswith("implicit"):
        extra["OPENBLAS_NUM_THREADS"] = "1"
    return {**os.environ, **extra}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="multiple of the reference scale")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
