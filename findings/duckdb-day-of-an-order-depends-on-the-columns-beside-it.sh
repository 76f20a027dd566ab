#!/usr/bin/env bash
# Expected: ordered::date of a row is one day, whatever else the query selects, and the same as in a table made of the file.
# Happens:  where a query needs a column of a CSV file by one cast only, the cast goes into the reader and is done on the text;
#           where it needs the column itself too, on the value that was read. 23:30-05:00 is the 31st in the one and the 1st
#           in the other; a filter on `ordered` changes the day of the rows that it keeps. 2.5::int is 3 or 2, 1.005 is 1.01
#           or 1.00. Days written 31/12/2024 10:00 are read in the other and are an error in the one.
# Version:  duckdb 2.0.1
# Hurts:    shops export times with their offset: the table that keeps only the day and the one that keeps the time as well
#           book an evening's orders on two days; a query that worked fails when a column is taken out. Load the file into
#           a table first and cast there.
# Source:   seen by running it; pull request 22788 of duckdb/duckdb pushes casts into readers.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$work/venv/bin/python" - "$work" <<'PY'
import sys
from pathlib import Path

import duckdb

print("duckdb", duckdb.__version__)
orders = Path(sys.argv[1]) / "orders.csv"
database = duckdb.connect()
database.execute("set timezone = 'UTC'")


def day_of(*values, cast, columns="", rest=""):
    orders.write_text("id,ordered\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    statement = f"select id, cast(ordered as {cast}) {columns} from read_csv('{orders}') {rest}"
    try:
        return [str(row[1]) for row in database.sql(statement).fetchall()]
    except duckdb.ConversionException:
        return "refused"


evening = ("2024-12-31T23:30:00-05:00", "2024-12-31T12:30:00-05:00")
alone = day_of(*evening, cast="date")
beside = day_of(*evening, cast="date", columns=", ordered")
filtered = day_of(*evening, cast="date", rest="where ordered >= '2024-01-01'")
print("date alone", alone, "beside the time", beside, "filtered by it", filtered)
assert alone == ["2024-12-31", "2024-12-31"]
assert beside == filtered == ["2025-01-01", "2024-12-31"]
for values, cast, expected in (
    (("2.5", "10.5"), "int", (["3", "11"], ["2", "10"])),
    (("1.005", "2.5"), "decimal(10, 2)", (["1.01", "2.50"], ["1.00", "2.50"])),
    (("31/12/2024 10:00:00", "01/02/2024 10:00:00"), "date", ("refused", ["2024-12-31", "2024-02-01"])),
):
    seen = (day_of(*values, cast=cast), day_of(*values, cast=cast, columns=", ordered"))
    print(f"{cast:14} alone {seen[0]} beside the column {seen[1]}")
    assert seen == expected, seen

day_of(*evening, cast="date")
database.execute(f"create table kept as from read_csv('{orders}')")
assert database.sql("select (ordered::date)::text from kept").fetchall() == [("2025-01-01",), ("2024-12-31",)]
PY
