#!/usr/bin/env bash
# Expected: in_days() of an interval is its whole days, as in_hours() is its whole hours, and the same number as the interval's
#           `days`; the documentation says that what is shown is truncated.
# Happens:  in_days() counts midnights. From eight in the evening to two in the morning is one day, and six hours; in_weeks()
#           divides those days, so six days and six hours can be a week. `days` of the same interval is 0, and 6.
# Version:  pendulum 3.3.0
# Hurts:    "no order for 30 days", "returned within 14 days" are a day off for whoever bought later in the day than the run
#           looks: most evening customers. A test with times at midnight passes. All times of an Airflow task are pendulum's.
#           Use `days` or total_days().
# Source:   seen by running it; issue 702 of python-pendulum/pendulum asks what the difference is.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pendulum==3.3.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

from pendulum import datetime

print("pendulum", version("pendulum"))
evening, monday = datetime(2024, 5, 6, 20), datetime(2024, 5, 6, 2)
cases = {
    "6 hours over midnight": (evening, datetime(2024, 5, 7, 2), (1, 0, 6, 0)),
    "18 hours of one day": (monday, datetime(2024, 5, 6, 20), (0, 0, 18, 0)),
    "6 days and 6 hours": (evening, datetime(2024, 5, 13, 2), (7, 6, 150, 1)),
    "29 days and 6 hours": (evening, datetime(2024, 6, 5, 2), (30, 29, 702, 4)),
}
for name, (start, end, expected) in cases.items():
    interval = end - start
    seen = (interval.in_days(), interval.days, interval.in_hours(), interval.in_weeks())
    print(f"{name:22} in_days() {seen[0]:2}  days {seen[1]:2}  in_hours() {seen[2]:3}  in_weeks() {seen[3]}")
    assert seen == expected, (name, seen)
    assert start.diff(end).in_days() == expected[0]
PY
