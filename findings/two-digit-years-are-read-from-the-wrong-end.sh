#!/usr/bin/env bash
# Expected: a column of dates like 31-12-24, a year of them, is read with the day first, or stays text, or is refused: 31 first
#           numbers and one last number say at which end the year is.
# Happens:  DuckDB takes the first two digits for the year: 31-12-24 is 24 December 2031, and 01-02-24 lies in 2001, with "-",
#           "/", "." and with a time behind. Every day of a month is a year, so no row disagrees. Polars with try_parse_dates
#           finds the day and takes 24 for the year 24 after Christ. 12/31/24 is read as meant by DuckDB.
# Version:  duckdb 2.0.1, polars 2.1.0
# Hurts:    each day of an export of orders lands in another year between 2001 and 2031: recency, seasons and "the last 90
#           days" are nonsense, and rows in the future are sold today. Name the format (dateformat='%d-%m-%y').
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0
"$work/venv/bin/python" - "$work" <<'PY'
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars

print("duckdb", duckdb.__version__, "polars", polars.__version__)
orders = Path(sys.argv[1]) / "orders.csv"
year = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]


def export(style):
    orders.write_text("ordered\n" + "".join(f"{day:{style}}\n" for day in year))


for style in ("%d-%m-%y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y 10:00:00"):
    export(style)
    seen = [day for (day,) in duckdb.sql(f"select ordered from read_csv('{orders}')").fetchall()]
    print(f"duckdb {year[-1]:{style}} is {seen[-1]}")
    assert [(day.year, day.month, day.day) for day in seen] == [(2000 + day.day, day.month, 24) for day in year]

export("%d-%m-%y")
named = duckdb.sql(f"select ordered from read_csv('{orders}', dateformat='%d-%m-%y')").fetchall()
assert [day for (day,) in named] == year
counted = polars.read_csv(orders, try_parse_dates=True)["ordered"].to_list()
print("polars", counted[-1])
assert counted[-1] == date(24, 12, 31)
export("%m/%d/%y")
assert [day for (day,) in duckdb.sql(f"select ordered from read_csv('{orders}')").fetchall()] == year
PY
