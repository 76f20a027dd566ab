#!/usr/bin/env bash
# Expected: a price that does not fit the type that was guessed from the rows before it is an error, as text in its place is,
#           or the column is widened.
# Happens:  where the first 20,480 lines of a CSV file have whole prices, 11.75 in a later one is read as 12, and an article
#           00123 as 123; neither an error nor store_rejects tells of it. With `types={'price': 'int'}` the same in any row.
#           Of several Parquet files the first in the alphabet gives the types: 11.75 of the second is 12. Polars refuses both.
# Version:  duckdb 2.0.1, beside polars 2.1.0
# Hurts:    a file sorted by product, or a first month of round prices, rounds the money of all that follows; sums are off by
#           less than a percent. Give each column its type (a decimal), or sample_size=-1 and union_by_name=true.
# Source:   seen by running it; issue 25824 of duckdb/duckdb for the CSV file.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0
"$work/venv/bin/python" - "$work" <<'PY'
import sys
from pathlib import Path

import duckdb
import polars

print("duckdb", duckdb.__version__, "polars", polars.__version__)
folder = Path(sys.argv[1])


def last(source):
    return duckdb.sql(f"select article, price from {source} order by price desc limit 1").fetchall()


def refused(read):
    try:
        return read()
    except polars.exceptions.PolarsError as error:
        return type(error).__name__


orders = folder / "orders.csv"
orders.write_text("article,price\n" + "100,10\n" * 30_000 + "00123,11.75\n")
guessed = last(f"read_csv('{orders}', store_rejects=true)")
rejects = duckdb.sql("select count(*) from reject_errors").fetchall()
sampled = last(f"read_csv('{orders}', sample_size=-1)")
print("CSV guessed", guessed, "rejects", rejects, "whole file sampled", sampled)
assert (guessed, rejects, sampled) == ([(123, 12)], [(0,)], [("00123", 11.75)])
orders.write_text("article,price\nA,10\nB,11.75\n")
typed = last(f"read_csv('{orders}', types={{'price': 'int'}})")
print("CSV typed  ", typed)
assert typed == [("B", 12)]

polars.DataFrame({"article": ["A"], "price": [10]}).write_parquet(folder / "2024-01.parquet")
polars.DataFrame({"article": ["B"], "price": [11.75]}).write_parquet(folder / "2024-02.parquet")
first = last(f"read_parquet('{folder}/*.parquet')")
united = last(f"read_parquet('{folder}/*.parquet', union_by_name=true)")
print("Parquet    ", first, "by name", united)
assert (first, united) == ([("B", 12)], [("B", 11.75)])

orders.write_text("article,price\n" + "100,10\n" * 30_000 + "123,11.75\n")
answers = (
    refused(lambda: polars.read_csv(orders)),
    refused(lambda: polars.scan_parquet(folder / "*.parquet").collect()),
)
print("polars     ", answers)
assert answers == ("ComputeError", "SchemaError")
PY
