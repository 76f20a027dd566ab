#!/usr/bin/env bash
# Expected: a counter that refuses negative amounts refuses NaN, too; an observation that is in the sum is in the count.
# Happens:  Counter.inc(nan) is taken, and the counter is NaN until its program ends, whatever is added later; rate() and
#           alerts on it are NaN, and such an alert never fires. Histogram.observe(nan) makes the sum NaN and raises no bucket and no count.
# Version:  prometheus-client 0.26.0
# Hurts:    revenue or a metric of a model is NaN where its denominator was empty for one run; one such value silences the
#           alert that watches it.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version
from math import isnan

from prometheus_client import CollectorRegistry, Counter, Histogram

print("prometheus-client", version("prometheus-client"))
registry = CollectorRegistry()
revenue = Counter("revenue", "Attributed revenue", registry=registry)
share = Histogram("share", "Share of clicks", buckets=[0.5, 1], registry=registry)

try:
    revenue.inc(-1)
    raise SystemExit("a negative amount was taken")
except ValueError as error:
    print("inc(-1):", error)
for amount in (10.0, float("nan"), 10.0):
    revenue.inc(amount)
    print(f"revenue after inc({amount}):", registry.get_sample_value("revenue_total"))
assert isnan(registry.get_sample_value("revenue_total"))

for value in (0.2, float("nan"), 0.4):
    share.observe(value)
count, total = registry.get_sample_value("share_count"), registry.get_sample_value("share_sum")
print(f"three observations, one of them NaN: count {count}, sum {total}")
assert count == 2 and isnan(total)
PY
