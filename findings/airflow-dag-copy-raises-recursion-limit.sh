#!/usr/bin/env bash
# Expected: copying a DAG (a test that changes a param, a tool that slices a pipeline) leaves the interpreter as it was.
# Happens:  copying one task sets Python's recursion limit to 5,000 for the rest of the process; nobody sets it back.
#           Code that relies on RecursionError for input that is nested too deep then sees it five times as late, or
#           takes what it refused a moment before.
# Version:  apache-airflow-task-sdk 1.3.2 (Airflow 3.3.2)
# Hurts:    an order that a task's process refuses is accepted in a process that has copied a DAG, and the other way
#           round. Tests pass or fail by what ran before them. Bound the depth of input by a number of your own.
# Source:   BaseOperator.__deepcopy__ of the task SDK, which says that it should be done better; seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2 apache-airflow-task-sdk==1.3.2
AIRFLOW_HOME="$work/home" "$work/venv/bin/python" - 2>/dev/null <<'PY'
import copy
import importlib.metadata
import sys

from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator

with DAG("shop", schedule=None) as dag:
    BaseOperator(task_id="export")

print("apache-airflow-task-sdk", importlib.metadata.version("apache-airflow-task-sdk"))
before = sys.getrecursionlimit()
copy.deepcopy(dag)
after = sys.getrecursionlimit()
print("recursion limit before and after a copy:", before, after)
assert (before, after) == (1000, 5000)
PY
