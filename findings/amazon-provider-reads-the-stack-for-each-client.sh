#!/usr/bin/env bash
# Expected: the name of the operator in the user agent costs a look at the calling frame; a second client of the same
#           hook class costs no more than botocore.
# Happens:  each client that a hook makes calls inspect.stack() twice outside of a sensor or operator, which opens the
#           source of every frame and looks the frame up among all modules that are loaded: some hundred look-ups for a
#           stack of 40, none of them remembered.
# Version:  apache-airflow-providers-amazon 9.39.0, apache-airflow 3.3.2
# Hurts:    tasks and tests that make a client per call (by region, by bucket) spend more time on the user agent than on
#           the request; under a profiler it was 8.6 of 22.7 s for 36 clients. Make the client once and hand it on.
# Source:   AwsGenericHook._get_caller of the provider; seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2 \
  apache-airflow-providers-amazon==9.39.0
export AIRFLOW_HOME="$work/home" AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR
AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=shop AWS_SECRET_ACCESS_KEY=shop \
  "$work/venv/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata
import inspect

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

counts = {"stack": 0, "getmodule": 0}


def counted(name):
    original = getattr(inspect, name)

    def call(*arguments, **options):
        counts[name] += 1
        return original(*arguments, **options)

    setattr(inspect, name, call)


counted("stack")
counted("getmodule")


def at_depth(depth):
    """A client made where a task makes it: some calls deep."""
    return at_depth(depth - 1) if depth else S3Hook(aws_conn_id=None).get_conn()


print("apache-airflow-providers-amazon", importlib.metadata.version("apache-airflow-providers-amazon"))
seen = []
for _ in range(3):
    counts.update(stack=0, getmodule=0)
    at_depth(40)
    seen.append(dict(counts))
    print("one client:", counts)
assert all(count["stack"] >= 1 and count["getmodule"] > 40 for count in seen)
assert seen[1] == seen[2]  # nothing is remembered
PY
