#!/usr/bin/env bash
# Expected: a split in time leaves what happened at one moment on one side: the test holds a user's last order.
# Happens:  "last one" is the last row. Of an order of three products at one second, two are in the training data and one
#           in the test, in RecTools as in LensKit; which one is a matter of the rows' order in the file.
# Version:  rectools 0.19.0, lenskit 2025.8.1
# Hurts:    orders are baskets: the model is asked for what lies in the basket that it has seen. Item-to-item models look
#           far better than they are for a next order, and a file sorted otherwise gives another figure. Split at a moment
#           (TimeRangeSplitter, split_global_time), or group rows by order first.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cat > "$work/orders.py" <<'PY'
import pandas as pd

ORDERS = pd.DataFrame(
    [(1, 10, "2026-01-01"), (1, 11, "2026-01-02"), (1, 12, "2026-01-02"), (1, 13, "2026-01-02"), (2, 10, "2026-01-01")],
    columns=["user_id", "item_id", "timestamp"],
).astype({"timestamp": "datetime64[ns]"})
REORDERED = ORDERS.iloc[[0, 3, 2, 1, 4]].reset_index(drop=True)
PY
cat > "$work/of_rectools.py" <<'PY'
from importlib.metadata import version

from orders import ORDERS, REORDERED
from rectools.dataset import Interactions
from rectools.model_selection import LastNSplitter


def last(orders):
    rows = Interactions(orders.rename(columns={"timestamp": "datetime"}).assign(weight=1.0))
    ((train, test, _),) = LastNSplitter(1, 1, filter_cold_users=False, filter_cold_items=False).split(rows)
    sides = [rows.df.iloc[side].query("user_id == 1 and datetime == '2026-01-02'").item_id.tolist() for side in (train, test)]
    return sides


print("rectools", version("rectools"))
for orders in (ORDERS, REORDERED):
    train, test = last(orders)
    print("order of 11, 12, 13: train has", sorted(train), "test has", test)
    assert len(train) == 2 and len(test) == 1
assert last(ORDERS)[1] == [13] and last(REORDERED)[1] == [11]
PY
cat > "$work/of_lenskit.py" <<'PY'
from importlib.metadata import version

from lenskit.data import from_interactions_df
from lenskit.splitting import LastN, sample_users
from orders import ORDERS

print("lenskit", version("lenskit"))
users = sample_users(from_interactions_df(ORDERS[ORDERS.user_id == 1]), 1, LastN(1), rng=1)
((_, test),) = users.test
train = users.train.interaction_table(format="pandas", original_ids=True)
kept = train[train.timestamp == "2026-01-02"].item_id.tolist()
print("order of 11, 12, 13: train has", kept, "test has", list(map(int, test.ids())))
assert len(kept) == 2 and len(test.ids()) == 1
PY
for library in rectools==0.19.0 lenskit==2025.8.1; do
    name=${library%%==*}
    python3 -m venv "$work/$name"
    "$work/$name/bin/pip" install --quiet --disable-pip-version-check "$library"
    PYTHONWARNINGS=ignore "$work/$name/bin/python" "$work/of_$name.py"
done
