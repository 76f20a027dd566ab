#!/usr/bin/env bash
# Expected: a window of seven days back from a row holds every row of that time, those of the same moment included, as RANGE in
#           SQL and rolling_sum_by in polars have it.
# Happens:  of rows with one time each holds itself and those above it only. The three items of one order get three sums;
#           sorted otherwise the same items get other numbers. closed="left" leaves all of them out, as it should.
# Version:  pandas 3.1.1, beside polars 2.1.0
# Hurts:    "spent in the last 7 days" per order item is different for the items of one order; the row that a join or
#           drop_duplicates keeps decides which, so training and serving differ. Add up by order first.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 polars==2.1.0
"$work/venv/bin/python" - <<'PY'
import sqlite3

import pandas
import polars

print("pandas", pandas.__version__, "polars", polars.__version__, "sqlite", sqlite3.sqlite_version)
times = pandas.to_datetime(["2024-05-01 10:00", "2024-05-05 10:00", "2024-05-05 10:00", "2024-05-05 10:00"])
amounts = pandas.Series([1.0, 10.0, 20.0, 40.0], index=times)
upside_down = pandas.Series([1.0, 40.0, 20.0, 10.0], index=times)
sums = amounts.rolling("7D").sum().to_list()
other = upside_down.rolling("7D").sum().to_list()
left = amounts.rolling("7D", closed="left").sum().to_list()
by_customer = pandas.DataFrame({"customer": "a", "ordered": times, "amount": amounts.to_list()})
grouped = by_customer.groupby("customer").rolling("7D", on="ordered")["amount"].sum().to_list()
print("pandas", sums, "sorted otherwise", other, "closed left", left[1:])
assert sums == grouped == [1.0, 11.0, 31.0, 71.0]
assert other == [1.0, 41.0, 61.0, 71.0]
assert left[1:] == [1.0, 1.0, 1.0]

frame = polars.DataFrame({"ordered": times.to_pydatetime().tolist(), "amount": amounts.to_list()})
same = frame.select(polars.col("amount").rolling_sum_by("ordered", "7d")).to_series().to_list()
database = sqlite3.connect(":memory:")
database.execute("create table items (day int, amount real)")
database.executemany("insert into items values (?, ?)", [(1, 1.0), (5, 10.0), (5, 20.0), (5, 40.0)])
window = "select sum(amount) over (order by day range between 6 preceding and current row) from items"
sql = [total for (total,) in database.execute(window)]
print("polars", same, "SQL", sql)
assert same == sql == [1.0, 71.0, 71.0, 71.0]
PY
