#!/usr/bin/env bash
# Expected: with K neighbours each item keeps the K items that are most similar to it.
# Happens:  the item itself is one of the K. With K=1 no item has a neighbour, so a user is recommended nothing but
#           what fills up the list with score 0; K=2 keeps one neighbour, so every K of a published comparison is one less.
# Version:  implicit 0.7.3
# Hurts:    "what is bought together" with a small K loses its best rows silently, and a grid over K compared with another
#           library's compares different models.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check implicit==0.7.3 "numpy<3" "scipy<2"
OPENBLAS_NUM_THREADS=1 "$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_matrix

print("implicit", version("implicit"))
# Five users, four items: 0 and 1 are bought together, 2 and 3 are, and somebody has 1 and 2.
purchases = csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 0]], dtype=float))
for recommender in (CosineRecommender, BM25Recommender):
    for k in (1, 2, 3):
        model = recommender(K=k)
        model.fit(purchases, show_progress=False)
        kept = model.similarity.toarray() > 0
        neighbours = [sorted(set(np.flatnonzero(row)) - {item}) for item, row in enumerate(kept)]
        items, scores = model.recommend(4, purchases[4], N=1)
        print(f"{recommender.__name__} K={k}: neighbours of each item {[list(map(int, row)) for row in neighbours]}, "
              f"best for the buyer of item 0: score {scores[0]:.2f}")
        assert max(map(len, neighbours)) == k - 1, neighbours
        assert (scores[0] == 0) == (k == 1), scores
PY
