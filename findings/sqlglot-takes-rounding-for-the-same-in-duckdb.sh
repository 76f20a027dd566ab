#!/usr/bin/env bash
# Expected: a query that is translated from PostgreSQL to DuckDB gives the same number or text, as tests of models on DuckDB
#           rely on; what cannot be translated is an error at unsupported_level=RAISE.
# Happens:  7 / 2 stays 7 / 2, which is 3 in PostgreSQL and 3.5 in DuckDB. ::numeric, exact in PostgreSQL, becomes DECIMAL, which
#           has three digits behind the point: 0.00125 is 0.001. to_char(..., 'IYYY-IW') becomes the text "I26Y-IW" for every
#           week. None of them is refused.
# Version:  sqlglot 30.8.0, duckdb 2.0.1
# Hurts:    tests on DuckDB of models that run on PostgreSQL are green for rates that are 0 in production, and red or rounded
#           for rates that are right there; sales by week are one row. Write 1.0 * a / b, numeric(18, 6), and extract().
# Source:   seen by running it; what PostgreSQL says is its documentation's (integer division truncates, numeric without a
#           precision keeps every digit, IYYY-IW is the ISO week).
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.8.0 duckdb==2.0.1
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import duckdb
import sqlglot

print("sqlglot", version("sqlglot"), "duckdb", version("duckdb"))
queries = {
    "select 7 / 2": ("3", "3.5"),
    "select '0.00125'::numeric": ("0.00125", "0.001"),
    "select to_char(date '2026-11-30', 'IYYY-IW')": ("2026-49", "I26Y-IW"),
    "select to_char(date '2026-11-30', 'YYYY-MM')": ("2026-11", "2026-11"),
}
for query, (postgres, expected) in queries.items():
    (translated,) = sqlglot.transpile(query, read="postgres", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    answer = str(duckdb.sql(translated).fetchall()[0][0])
    print(f"{query}\n  PostgreSQL {postgres}\n  {translated}\n  DuckDB {answer}")
    assert answer == expected
PY
