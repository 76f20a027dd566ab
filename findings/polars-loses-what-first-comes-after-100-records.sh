#!/usr/bin/env bash
# Expected: a record whose value or key does not fit the frame that was guessed from the records before it is an error: `strict`
#           is on, and read_json and read_csv do refuse it.
# Happens:  a frame of dictionaries is guessed from the first 100. Behind them 1.5 becomes 1, and a key that is new, at the top
#           or in a nested record, is left out with its value, without a word. read_ndjson leaves keys out, too.
# Version:  polars 2.1.0
# Hurts:    pages of an API's orders: the price of the 101st order loses its cents where the hundred before were whole; the
#           first refund, discount or consent of the day is not there. Give a schema; infer_schema_length=None reads all.
# Source:   seen by running it; issues 23152, 23190 and 29330 of pola-rs/polars for the keys.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$work/venv/bin/python" - <<'PY'
import io
import json

import polars

print("polars", polars.__version__)
ORDER = {"price": 10, "customer": {"id": 1}}
LAST = {"price": 11.75, "customer": {"id": 2, "consent": False}, "refund": 3}
for count in (99, 100):
    orders = [*[ORDER] * count, LAST]
    for read in (polars.DataFrame, polars.from_dicts):
        seen = read(orders).to_dicts()[-1]
        print(f"{read.__name__:10} after {count:3}:", seen)
        assert seen == (LAST if count < 100 else {"price": 11, "customer": {"id": 2}}), seen
assert polars.DataFrame(orders, infer_schema_length=None).to_dicts()[-1] == LAST

whole = [*[ORDER] * 100, {**LAST, "price": 11}]
lines = "\n".join(json.dumps(order) for order in whole)
seen = polars.read_ndjson(io.StringIO(lines)).to_dicts()[-1]
print("read_ndjson after 100:", seen)
assert seen == {"price": 11, "customer": {"id": 2}}
try:
    polars.read_json(io.StringIO(json.dumps(whole)))
except polars.exceptions.ComputeError as error:
    print("read_json  after 100:", str(error)[:45])
else:
    raise SystemExit("read_json takes it now")
PY
