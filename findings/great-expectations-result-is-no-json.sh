#!/usr/bin/env bash
# Expected: to_json_dict() of a validation result is JSON: it can be stored in a jsonb column or read by a browser.
# Happens:  where the data hold NaN or Infinity, so do the result's observed_value and partial_unexpected_list, as
#           numbers. json.dumps writes the words NaN and Infinity, which JSON has not. PostgreSQL and JavaScript refuse.
# Version:  great-expectations 1.24.1, pandas 2.3.3
# Hurts:    the result is lost just when the check has found something: storing the report of the gate fails, and the
#           message speaks of JSON and not of the price that is infinite. Write such numbers as text before storing.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check great-expectations==1.24.1 pandas==2.3.3
cd "$work" && "$work/venv/bin/python" - 2>/dev/null <<'PY'
import json

import great_expectations as gx
import pandas as pd

print("great-expectations", gx.__version__, "pandas", pd.__version__)
context = gx.get_context(mode="ephemeral")
asset = context.data_sources.add_pandas("shop").add_dataframe_asset("order_items")
batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
    batch_parameters={"dataframe": pd.DataFrame({"price": [1.0, 2.0, float("inf")]})}
)
for expectation in (
    gx.expectations.ExpectColumnMaxToBeBetween(column="price", max_value=10),
    gx.expectations.ExpectColumnValuesToBeBetween(column="price", max_value=10),
):
    result = batch.validate(expectation)
    text = json.dumps(result.to_json_dict()["result"])
    words = []
    json.loads(text, parse_constant=lambda word: words.append(word))
    print(f"{type(expectation).__name__:32} success {result.success}, not JSON because of {words}")
    assert not result.success and "Infinity" in words
PY
