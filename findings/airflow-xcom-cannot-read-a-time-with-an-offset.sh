#!/usr/bin/env bash
# Expected: a time with an offset from UTC, as datetime.fromisoformat makes it of any API's text, passes from task to task
#           like one in UTC; and what cannot be passed fails where it is returned.
# Happens:  the task that returns it succeeds. Each task that reads it fails with "ZoneInfo keys must be normalized relative
#           paths, got: ", which names neither the value nor the task that it came from. Named zones and UTC pass.
# Version:  apache-airflow 3.3.2
# Hurts:    works with a source that says Z, and fails in the wrong task on the day on which one says +05:00. Return
#           `.astimezone(UTC)`, or text.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2
AIRFLOW_HOME="$work/home" "$work/venv/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from airflow.sdk.serde import deserialize, serialize

print("apache-airflow", importlib.metadata.version("apache-airflow"))
moments = {
    "Z": datetime.fromisoformat("2026-01-01T00:00:00Z"),
    "named zone": datetime(2026, 1, 1, 5, tzinfo=ZoneInfo("Asia/Karachi")),
    "+05:00": datetime.fromisoformat("2026-01-01T05:00:00+05:00"),
    "-03:30": datetime.fromisoformat("2025-12-31T20:30:00-03:30"),
}
outcomes = {}
for name, moment in moments.items():
    returned = json.dumps(serialize(moment))  # what the task that returns it does
    try:
        outcomes[name] = deserialize(json.loads(returned)) == moment
    except ValueError as error:
        outcomes[name] = str(error)
    print(f"{name:10} returned; read: {outcomes[name]}")
assert outcomes["Z"] is True and outcomes["named zone"] is True
assert "ZoneInfo" in str(outcomes["+05:00"]) and "ZoneInfo" in str(outcomes["-03:30"])
PY
