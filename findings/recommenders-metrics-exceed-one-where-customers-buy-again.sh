#!/usr/bin/env bash
# Expected: precision, MAP and NDCG end at 1, also where a customer bought a product twice in the test's time; all metrics of
#           one report are averages over the same customers.
# Happens:  each purchase of the one recommended product is a hit of its own: precision@1 is 1.5, MAP 2.0 and NDCG 2.5 for two
#           customers. And customers who got no list count as 0 in NDCG, and do not count at all in the others: a model that
#           serves half of them has a precision, recall and MAP of 1.0 beside an NDCG of 0.5.
# Version:  recommenders 1.2.1
# Hurts:    half of a grocer's purchases are repeats: the model that recommends what is bought most often wins by its repeats,
#           and nothing looks odd while the average stays below 1. A model that leaves customers out wins by leaving them out.
#           Make (customer, product) unique, and give each customer a list, before you measure.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check recommenders==1.2.1 numpy==1.26.4 pandas==2.3.3
MPLCONFIGDIR="$work" "$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import pandas
from recommenders.evaluation.python_evaluation import map_at_k, ndcg_at_k, precision_at_k, recall_at_k

print("recommenders", version("recommenders"))
measures = {"precision": precision_at_k, "recall": recall_at_k, "map": map_at_k, "ndcg": ndcg_at_k}


def report(bought: list[tuple[int, int]], recommended: list[tuple[int, int]]) -> dict[str, float]:
    test = pandas.DataFrame(bought, columns=["userID", "itemID"]).assign(rating=1)
    lists = pandas.DataFrame(recommended, columns=["userID", "itemID"]).assign(prediction=1.0)
    return {name: round(float(measure(test, lists, k=1)), 2) for name, measure in measures.items()}


once = report([(1, 10), (2, 30)], [(1, 10), (2, 30)])
again = report([(1, 10), (1, 10), (2, 30)], [(1, 10), (2, 30)])
left_out = report([(1, 10), (2, 30)], [(1, 10)])
print("bought once:             ", once)
print("one of them bought twice:", again)
print("one of two has no list:  ", left_out)
assert set(once.values()) == {1.0}
assert again["recall"] <= 1.0 < min(again["precision"], again["map"], again["ndcg"])
assert left_out == {"precision": 1.0, "recall": 1.0, "map": 1.0, "ndcg": 0.5}
PY
