#!/usr/bin/env bash
# Expected: a list that names one product three times is refused, or the product counts as one hit.
# Happens:  each place counts. cornac's recall is 3.0 and its NDCG 2.13, on a scale that ends at 1. RecTools stays at
#           1.0 and says 1.0 for precision@3 too, the best there is, for a list that shows one product.
# Version:  cornac 2.2.1, RecTools 0.19.0
# Hurts:    batch output that names a product in several variants, or that joins two lists, repeats items. A model that
#           repeats its safest item beats every honest one at a gate that compares such figures.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cornac==2.2.1 rectools==0.19.0 numpy==1.26.4 pandas==2.3.3
MPLCONFIGDIR="$work" "$work/venv/bin/python" - <<'PY'
import importlib.metadata

import numpy as np
import pandas as pd
from cornac import metrics as cornac
from rectools import metrics as rectools

print("cornac", importlib.metadata.version("cornac"), "rectools", importlib.metadata.version("rectools"))
bought, repeated = np.array([0]), np.array([0, 0, 0])
recall = float(cornac.Recall(k=3).compute(gt_pos=bought, pd_rank=repeated))
ndcg = float(cornac.NDCG(k=3).compute(gt_pos=bought, pd_rank=repeated))
print(f"cornac   recall@3 {recall:.2f}  ndcg@3 {ndcg:.2f}")
assert recall == 3.0 and round(ndcg, 2) == 2.13

lists = pd.DataFrame({"user_id": [1, 1, 1], "item_id": ["tea"] * 3, "rank": [1, 2, 3]})
truth = pd.DataFrame({"user_id": [1], "item_id": ["tea"]})
precision = rectools.Precision(k=3).calc(lists, truth)
print(f"rectools precision@3 {precision:.2f}  recall@3 {rectools.Recall(k=3).calc(lists, truth):.2f}")
assert precision == 1.0
PY
