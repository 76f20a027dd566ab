#!/usr/bin/env bash
# Expected: a product of decimals has the digits of both factors, and a quotient some more, as in PostgreSQL, Arrow and DuckDB;
#           an expression and polars' own SQL give the same number.
# Happens:  an expression keeps the larger scale of the two and rounds half to even: 19.99 * 0.19 is 3.80, a third of 19.99 is
#           6.66, and 1999 cents from numeric(12,0), divided by 100, are 20 whole; 50 are 0. SQL over the same frame says
#           3.7981, 6.66333333 and 19.99.
# Version:  polars 2.1.0, pyarrow 26.0.1, duckdb 2.0.1
# Hurts:    taxes and shares are rounded per row before they are added up; amounts kept in cents lose the cents altogether, and
#           "unit price times quantity" no longer meets the total. Cast to a scale that holds the result first.
# Source:   seen by running it; pull request 24542 of pola-rs/polars says that the scale is fixed.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.1
"$work/venv/bin/python" - <<'PY'
from decimal import Decimal

import duckdb
import polars
import pyarrow
from polars import col
from pyarrow import compute

print("polars", polars.__version__, "pyarrow", pyarrow.__version__, "duckdb", duckdb.__version__)
orders = polars.DataFrame(
    {"price": [Decimal("19.99")] * 3, "rate": [Decimal("0.19")] * 3, "cents": [Decimal(1999), Decimal(50), Decimal(150)]},
    schema={"price": polars.Decimal(12, 2), "rate": polars.Decimal(4, 2), "cents": polars.Decimal(12, 0)},
)
expressions = orders.select(tax=col.price * col.rate, third=col.price / 3, amount=col.cents / 100)
statement = "select price * rate as tax, price / 3 as third, cents / 100 as amount from orders"
sql = polars.SQLContext(orders=orders).execute(statement, eager=True)
print("expressions", expressions.rows())
print("SQL        ", sql.rows())
assert [str(value) for value in expressions.row(0)] == ["3.80", "6.66", "20"]
assert expressions["amount"].to_list() == [20, 0, 2]
assert [round(value, 4) for value in sql.row(0)] == [Decimal("3.7981"), Decimal("6.6633"), Decimal("19.99")]

arrow = compute.multiply(pyarrow.scalar(Decimal("19.99")), pyarrow.scalar(Decimal("0.19"))).as_py()
duck = duckdb.sql("select 19.99::decimal(12,2) * 0.19::decimal(4,2)").fetchall()[0][0]
print("arrow", arrow, "duckdb", duck)
assert arrow == duck == Decimal("3.7981")
cast = orders.select(col.price.cast(polars.Decimal(18, 4)) * col.rate).item(0, 0)
assert cast == Decimal("3.7981")
PY
