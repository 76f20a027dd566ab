#!/usr/bin/env bash
# Expected: the online store holds the newest value of each customer by the time of the event, whichever window was loaded
#           last, as with Redis, whose store leaves out what is older than what it has.
# Happens:  the SQLite store keeps what was written last. Materializing last month again, to mend it, puts last month's values
#           over today's, marked PRESENT; and materialize_incremental does not go back, so they stay until the customer's
#           next event. The ttl of the view hides nothing: it is not looked at online.
# Version:  feast 0.67.0, offline store of files
# Hurts:    after a backfill the shop recommends and discounts by what customers were a month ago, and the training set made at
#           the same time has today's values. Materialize up to now after every backfill, from its first day on.
# Source:   seen by running it; issue 6821 of feast-dev/feast for the ttl, redis.py of the library for Redis.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check feast==0.67.0
cd "$work"
FEAST_USAGE=False "$work/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pandas
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

print("feast", version("feast"))
october, november = datetime(2026, 10, 10, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
orders = pandas.DataFrame(
    [("ann", 10.0, october), ("ann", 250.0, november)], columns=["customer", "spent", "ordered"]
)
orders.to_parquet("orders.parquet")
config = RepoConfig(
    project="shop",
    provider="local",
    registry=str(Path("registry.db").resolve()),
    online_store={"type": "sqlite", "path": str(Path("online.db").resolve())},
    offline_store={"type": "dask"},
    entity_key_serialization_version=3,
)
customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.STRING)
view = FeatureView(
    name="spending",
    entities=[customer],
    ttl=timedelta(days=1),
    schema=[Field(name="spent", dtype=Float64)],
    source=FileSource(path=str(Path("orders.parquet").resolve()), timestamp_field="ordered"),
)
store = FeatureStore(config=config)
store.apply([customer, view])


def online() -> float | None:
    answer = store.get_online_features(features=["spending:spent"], entity_rows=[{"customer": "ann"}])
    return answer.to_dict()["spent"][0]


seen = {}
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    store.materialize(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
    seen["November"] = online()
    store.materialize(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    seen["October, again"] = online()
    store.materialize_incremental(datetime(2026, 11, 25, tzinfo=UTC))
    seen["incremental"] = online()
print(seen)
assert seen == {"November": 250.0, "October, again": 10.0, "incremental": 10.0}
PY
