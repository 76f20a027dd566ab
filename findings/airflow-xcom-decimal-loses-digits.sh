#!/usr/bin/env bash
# Expected: a Decimal that a task returns is the Decimal that the next task gets; exact money is why the type exists.
# Happens:  XCom keeps a Decimal with a fraction as a float: beyond 16 digits it comes back rounded, as a Decimal, so nothing
#           shows it. 12345678901234567.89 is 12345678901234568. A timedelta goes the same way and loses microseconds. A
#           DataFrame with the same Decimal keeps it (it goes as Parquet).
# Version:  apache-airflow 3.3.2
# Hurts:    totals of money, or rates with many digits, that a check compares with the source's in a later task differ by
#           cents for large sums only. Pass text.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2
AIRFLOW_HOME="$work/home" "$work/venv/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata
import json
from datetime import timedelta
from decimal import Decimal

from airflow.sdk.serde import deserialize, serialize


def next_task_gets(value):
    return deserialize(json.loads(json.dumps(serialize(value))))


print("apache-airflow", importlib.metadata.version("apache-airflow"))
values = [
    Decimal("1234567890123.45"), Decimal("99999999999999999"), Decimal("12345678901234567.89"),
    Decimal("0.1234567890123456789"), timedelta(microseconds=1), timedelta(days=400_000, microseconds=1),
]
arrived = [next_task_gets(value) for value in values]
for value, got in zip(values, arrived):
    print(f"{value!s:32} arrives as {type(got).__name__} {got!s:24} {'equal' if got == value else 'NOT EQUAL'}")
assert [got == value for value, got in zip(values, arrived)] == [True, True, False, False, True, False]
assert all(type(got) is type(value) for value, got in zip(values, arrived))
PY
