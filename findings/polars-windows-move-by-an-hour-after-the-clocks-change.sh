#!/usr/bin/env bash
# Expected: group_by_dynamic(every="6h") and dt.truncate("6h") cut a day in a time zone at the same hours: 0, 6, 12 and 18; the
#           label of a row's window depends on that row alone.
# Happens:  truncate does. group_by_dynamic counts six hours on from the first row of the frame: behind a change of the clocks
#           its windows begin at 23, 5, 11 and 17, until the next change. A frame that begins in winter gives the same order
#           another window than one that begins in summer. "1d" and "1w" stay at midnight in both.
# Version:  polars 2.1.0
# Hurts:    "morning, noon, evening, night" of a customer's orders means other hours in training, on a year of history, than in
#           scoring, on the last weeks; a join of the two by the window's start finds nothing for half of the year, without an
#           error. Group by dt.truncate, which is sound in both.
# Source:   seen by running it, in Berlin
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 tzdata==2025.2
"$work/venv/bin/python" - <<'PY'
from datetime import datetime
from importlib.metadata import version

import polars

print("polars", version("polars"))
berlin = "Europe/Berlin"


def hours(first: datetime, every: str) -> dict[str, list[int]]:
    moments = polars.datetime_range(first, datetime(2024, 11, 30), "1h", time_zone=berlin, eager=True)
    orders = polars.DataFrame({"ordered": moments})
    november = polars.col("ordered") >= polars.datetime(2024, 11, 2, time_zone=berlin)
    ways = {
        "group_by_dynamic": orders.group_by_dynamic("ordered", every=every).agg(polars.len()),
        "truncate": orders.group_by(polars.col("ordered").dt.truncate(every)).agg(polars.len()),
    }
    return {name: sorted(set(frame.filter(november)["ordered"].dt.hour().to_list())) for name, frame in ways.items()}


for every in ("6h", "1d"):
    summer, winter = hours(datetime(2024, 10, 1), every), hours(datetime(2024, 11, 1), every)
    print(f"{every} windows in November begin at, history from October: {summer}; from November: {winter}")
    assert summer["truncate"] == winter["truncate"] == winter["group_by_dynamic"]
    assert summer["group_by_dynamic"] == ([5, 11, 17, 23] if every == "6h" else [0])
PY
