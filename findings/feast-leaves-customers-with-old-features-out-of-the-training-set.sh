#!/usr/bin/env bash
# Expected: get_historical_features gives a row back for each row that it was asked for; where the last value is older than
#           the view's ttl the feature is empty. The DuckDB offline store does so.
# Happens:  with the offline store of files (dask), which is the default, such a row is missing from the answer, its label
#           with it. A customer who has no value at all stays, with an empty feature.
# Version:  feast 0.67.0
# Hurts:    the customers whose last order lies longer back than the ttl are those who churn: they vanish from the training set
#           before anything counts them, the share of churn looks far smaller than it is, and it changes with the ttl. Compare
#           the number of rows; join what was asked for to the answer, or use the duckdb store.
# Source:   seen by running both; the documentation of point-in-time joins speaks of empty values.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'feast[duckdb]==0.67.0'
cd "$work"
FEAST_USAGE=False "$work/venv/bin/python" -W ignore - <<'PY'
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pandas
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

print("feast", version("feast"))
orders = pandas.DataFrame(
    [("ann", 10.0, datetime(2026, 11, 1, tzinfo=UTC)), ("bob", 5.0, datetime(2026, 9, 1, tzinfo=UTC))],
    columns=["customer", "spent", "ordered"],
)
orders.to_parquet("orders.parquet")
asked = pandas.DataFrame({"customer": ["ann", "bob", "new"], "churned": [False, True, False]})
asked["event_timestamp"] = datetime(2026, 11, 15, tzinfo=UTC)
customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.STRING)
view = FeatureView(
    name="spending",
    entities=[customer],
    ttl=timedelta(days=30),
    schema=[Field(name="spent", dtype=Float64)],
    source=FileSource(path=str(Path("orders.parquet").resolve()), timestamp_field="ordered"),
)
answers = {}
for offline in ("dask", "duckdb"):
    config = RepoConfig(
        project="shop",
        provider="local",
        registry=str(Path(f"{offline}.db").resolve()),
        offline_store={"type": offline},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    store.apply([customer, view])
    frame = store.get_historical_features(entity_df=asked, features=["spending:spent"]).to_df()
    answers[offline] = frame.sort_values("customer")
    print(offline, answers[offline][["customer", "churned", "spent"]].to_string(index=False), sep="\n")
assert list(answers["duckdb"]["customer"]) == ["ann", "bob", "new"]
assert list(answers["duckdb"]["spent"].isna()) == [False, True, True]
assert list(answers["dask"]["customer"]) == ["ann", "new"] and not answers["dask"]["churned"].any()
PY
