#!/usr/bin/env bash
# Expected: a customer who bought a product twice counts twice or with the newer value, at least where purchases carry
#           their time (from_uirt).
# Happens:  cornac keeps the first row it meets for a customer and product, also with timestamps, and drops the rest
#           with one warning that says neither how many nor which. RecTools sums the weights of the same rows, so the
#           two train on matrices that differ by every repeat purchase.
# Version:  cornac 2.2.1, RecTools 0.19.0
# Hurts:    half of a grocer's purchases are repeats. Trained with cornac, a model never learns of any of them, and a
#           comparison of the two libraries on one file compares two data sets. Add quantities up before cornac.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cornac==2.2.1 rectools==0.19.0 numpy==1.26.4 pandas==2.3.3
MPLCONFIGDIR="$work" "$work/venv/bin/python" - <<'PY'
import importlib.metadata
import warnings

import pandas as pd
from cornac.data import Dataset as Cornac
from rectools.dataset import Dataset as RecTools

warnings.filterwarnings("ignore")
PURCHASES = [("u1", "tea", 1.0, 1), ("u1", "tea", 5.0, 2), ("u1", "cup", 2.0, 3)]

print("cornac", importlib.metadata.version("cornac"), "rectools", importlib.metadata.version("rectools"))
without_time = Cornac.from_uir([row[:3] for row in PURCHASES]).matrix.toarray().tolist()
with_time = Cornac.from_uirt(PURCHASES).matrix.toarray().tolist()
print("cornac from_uir ", without_time)
print("cornac from_uirt", with_time)
assert without_time == with_time == [[1.0, 2.0]]

frame = pd.DataFrame(PURCHASES, columns=["user_id", "item_id", "weight", "datetime"])
frame["datetime"] = pd.to_datetime(frame["datetime"], unit="s")
summed = RecTools.construct(frame).get_user_item_matrix(include_weights=True).toarray().tolist()
print("rectools        ", summed)
assert summed == [[6.0, 2.0]]
PY
