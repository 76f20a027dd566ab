#!/usr/bin/env bash
# Expected: apriori, fpgrowth and hmine of one library find the same itemsets; those whose support is min_support belong to them.
# Happens:  hmine loses itemsets at the border for some numbers: 7 of 100 baskets with min_support=0.07 are not found, nor 28
#           with 0.28; 29 with 0.29 are. The support is compared as a product of floats (0.07 * 100 is more than 7).
# Version:  mlxtend 0.25.0
# Hurts:    a shop that asks for "bought at least 7 times", which is 7 / baskets, loses those bought just 7 times in some
#           weeks and not in others; a change of algorithm for speed changes what is recommended. Ask for a little less.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mlxtend==0.25.0
MPLCONFIGDIR="$work" "$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import pandas
from mlxtend.frequent_patterns import apriori, fpgrowth, hmine

print("mlxtend", version("mlxtend"))
lost = []
for times in range(1, 100):
    baskets = pandas.DataFrame({"tea": [True] * times + [False] * (100 - times)})
    counts = {find.__name__: len(find(baskets, min_support=times / 100)) for find in (apriori, fpgrowth, hmine)}
    assert counts["apriori"] == counts["fpgrowth"] == 1, (times, counts)
    if not counts["hmine"]:
        lost.append(times)
print("of 100 baskets hmine does not find a product bought this often:", lost)
assert 7 in lost and 29 not in lost
PY
