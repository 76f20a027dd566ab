#!/usr/bin/env bash
# Expected: an upgrade of an experiment client leaves every customer in the variation that they have; an id that cannot be
#           used is an error or a warning, and an amount from a database can be compared with a number.
# Happens:  with 4.0.0 a Decimal, a UUID or an integer of numpy is an empty id: the customer is in no experiment and gets the
#           control's value, said at level DEBUG only. 1.4.0 takes them. An id that is a float (3.0, from a column with gaps)
#           is hashed as "3" where it was "3.0": another variation. `spent > 9` is false for Decimal(10), and was true.
# Version:  growthbook 4.0.0, beside 1.4.0
# Hurts:    ids come as UUID or numeric from PostgreSQL and as int64 from pandas: after the upgrade a batch assigns nobody, and
#           the control looks like the winner of everything; running experiments are mixed. Pass text, and floats for amounts.
# Source:   seen by running both
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cat > "$work/assign.py" <<'PY'
import json
import uuid
from decimal import Decimal
from importlib.metadata import version

import numpy
from growthbook import Experiment, GrowthBook

customer = uuid.UUID(int=3)
ids = {
    "text": "3", "int": 3, "float": 3.0, "numpy.int64": numpy.int64(3), "Decimal": Decimal(3),
    "UUID": customer, "UUID as text": str(customer),
}
experiment = Experiment(key="shelf", variations=["control", "b", "c", "d"])
variations = {}
for name, value in ids.items():
    result = GrowthBook(attributes={"id": value}).run(experiment)
    variations[name] = result.value if result.inExperiment else None
feature = {"gift": {"defaultValue": False, "rules": [{"condition": {"spent": {"$gt": 9}}, "force": True}]}}
for name, spent in {"int": 10, "Decimal": Decimal(10), "numpy.int64": numpy.int64(10)}.items():
    variations[f"spent {name}"] = GrowthBook(attributes={"spent": spent}, features=feature).eval_feature("gift").value
print(json.dumps({"version": version("growthbook"), **variations}))
PY
for release in 1.4.0 4.0.0; do
  python3 -m venv "$work/$release"
  "$work/$release/bin/pip" install --quiet --disable-pip-version-check "growthbook==$release" numpy==2.4.6
  "$work/$release/bin/python" "$work/assign.py" > "$work/$release.json"
done
python3 - "$work/1.4.0.json" "$work/4.0.0.json" <<'PY'
import json
import sys

before, after = (json.load(open(path)) for path in sys.argv[1:])
for name in before:
    print(f"{name:18} {before[name]!s:8} {after[name]!s:8}")
for name in ("text", "int", "UUID as text", "spent int"):
    assert before[name] == after[name], name
for name in ("numpy.int64", "Decimal"):
    assert before[name] == before["text"] and after[name] is None, name
assert before["UUID"] == before["UUID as text"] and after["UUID"] is None
assert None not in (before["float"], after["float"]) and before["float"] != after["float"] == after["text"]
for name in ("spent Decimal", "spent numpy.int64"):
    assert before[name] is True and after[name] is False, name
PY
