#!/usr/bin/env bash
# Expected: the average of decimals has digits of its own, as in PostgreSQL, or is a float, as in polars and DuckDB.
# Happens:  it has the type of its column and is rounded to it: 0.01 and 0.02 are 0.02 on average, and of whole numbers in a
#           numeric(10,0) the average of 1, 0 and 0 is 0. pandas does the same for a column of Arrow's decimals, also by group.
#           Its standard deviation is a float.
# Version:  pyarrow 26.0.1, pandas 3.1.1, beside polars 2.1.0
# Hurts:    a rate or an average quantity over a database's numeric column is 0 or 1, an average margin a cent off, depending
#           on whether the frame came through Arrow. Cast to float, or to a larger scale, before the mean.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0
"$work/venv/bin/python" - <<'PY'
from decimal import Decimal

import pandas
import polars
import pyarrow
from pyarrow import compute

print("pyarrow", pyarrow.__version__, "pandas", pandas.__version__, "polars", polars.__version__)
for texts, scale, rounded, exact in ((["0.01", "0.02"], 2, "0.02", 0.015), (["1", "0", "0"], 0, "0", 1 / 3)):
    column = pyarrow.array([Decimal(text) for text in texts], pyarrow.decimal128(10, scale))
    table = pyarrow.table({"shop": ["a"] * len(texts), "amount": column})
    frame = table.to_pandas(types_mapper=pandas.ArrowDtype)
    averages = {
        "pyarrow": compute.mean(column).as_py(),
        "pyarrow by group": table.group_by("shop").aggregate([("amount", "mean")])["amount_mean"][0].as_py(),
        "pandas": frame["amount"].mean(),
        "pandas by group": frame.groupby("shop")["amount"].mean().iloc[0],
    }
    print(texts, averages, "polars", polars.from_arrow(table)["amount"].mean())
    assert all(average == Decimal(rounded) for average in averages.values()), averages
    assert abs(polars.from_arrow(table)["amount"].mean() - exact) < 1e-12
    assert abs(compute.mean(column.cast(pyarrow.float64())).as_py() - exact) < 1e-12
    assert isinstance(compute.stddev(column).as_py(), float)
PY
