#!/usr/bin/env bash
# Expected: recommend(N=10, filter_already_liked_items=True) for a user who bought 3 of 5 products returns 2 products,
#           or marks the missing places.
# Happens:  it returns 10. The 3 filtered products come back behind the real ones with a score of -3.4e38; the places
#           after those are filled with item 0, a real product, at score 0.0, above the filtered ones. The same user
#           asked of a nearest-neighbour model gets 5 places, alone; in a batch of users, 10 with id -1.
# Version:  implicit 0.7.3
# Hurts:    a shop asks for more than a small catalogue or category has left: every list ends with what was just bought
#           and with one arbitrary product, and sorting by score moves that product up. Cut lists at the first score of
#           -3.4e38, and never pass N above the number of candidates.
# Source:   seen by running it; issues 345 and 476 of benfred/implicit tell of short lists and of exceptions instead.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import warnings

import implicit
import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender

warnings.filterwarnings("ignore")
print("implicit", implicit.__version__)
purchases = sp.csr_matrix(np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 0, 0, 0, 1]], dtype=np.float32))
bought = {0, 1, 2}

als = AlternatingLeastSquares(factors=2, random_state=0, iterations=5)
als.fit(purchases, show_progress=False)
items, scores = als.recommend(0, purchases[0], N=10, filter_already_liked_items=True)
print("als items ", items.tolist())
print("als scores", [float(f"{score:.2g}") for score in scores])
assert len(items) == 10
assert set(items[:2].tolist()) == {3, 4}
assert set(items[2:5].tolist()) == bought and (scores[2:5] < -3e38).all()
assert set(items[5:].tolist()) == {0} and (scores[5:] == 0).all()

knn = CosineRecommender(K=3)
knn.fit(purchases, show_progress=False)
alone, _ = knn.recommend(0, purchases[0], N=10)
batch, _ = knn.recommend([0, 1], purchases[[0, 1]], N=10)
print("knn alone ", alone.tolist())
print("knn batch ", batch[0].tolist())
assert len(alone) == 5 and batch[0].tolist()[5:] == [-1] * 5
PY
