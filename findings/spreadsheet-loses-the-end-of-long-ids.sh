#!/usr/bin/env bash
# Expected: pandas writes a column of 64-bit integer ids to .xlsx and reads it back whole with dtype=str.
# Happens:  openpyxl writes an integer above 15 digits in scientific notation, so the end of the id is gone from the
#           file itself. Reading with dtype=str gives other digits, which look whole: 1234567890123456789 becomes
#           1234567890123457024, with both engines, without a word. xlsxwriter does the same.
# Version:  pandas 3.1.1, openpyxl 3.1.5, xlsxwriter 3.3.1, python-calamine 0.9.1
# Hurts:    order exports of marketplaces carry ids of 17 to 19 digits and travel as .xlsx. Orders that differ in the
#           last digits become one, and none is found again by its id. Only text cells keep an id; dtype=str on the
#           reader's side comes too late.
# Source:   seen by running it; the format keeps numbers as IEEE 754 doubles.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  pandas==3.1.1 openpyxl==3.1.5 xlsxwriter==3.3.1 python-calamine==0.9.1
cd "$work"
venv/bin/python - <<'PY'
import importlib.metadata

import pandas as pd

print({name: importlib.metadata.version(name) for name in ("pandas", "openpyxl", "xlsxwriter", "python-calamine")})
IDS = [1234567890123456789, 1234567890123456790]
for writer in ("openpyxl", "xlsxwriter"):
    pd.DataFrame({"order_id": IDS}).to_excel("orders.xlsx", index=False, engine=writer)
    for reader in ("openpyxl", "calamine"):
        ids = pd.read_excel("orders.xlsx", dtype=str, engine=reader)["order_id"].tolist()
        print(f"written by {writer:10} read by {reader:8} {ids}")
        assert len(set(ids)) == 1 and ids[0] not in map(str, IDS)
PY
