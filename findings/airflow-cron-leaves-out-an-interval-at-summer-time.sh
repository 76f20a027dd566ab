#!/usr/bin/env bash
# Expected: data intervals of one DAG join without a gap: each begins where the one before ended, also in the night in
#           which the clocks go forward.
# Happens:  with a cron line that names several minutes of the hour that does not exist, the interval behind the change
#           begins too late. "*/15 1-3 * * *" in Berlin: one interval ends at 03:00, the next begins at 03:45. No run
#           ever has those 45 minutes. CronTriggerTimetable leaves out the second run of "*/30 2 * * *" that night.
# Version:  apache-airflow 3.3.2
# Hurts:    whoever loads orders by data_interval_start and data_interval_end loses up to 59 minutes of them a year, with
#           every run green. Use UTC for intervals, or a watermark of your own.
# Source:   seen by running it. "*/30 * * * *", "0 2,3 * * *" and the night in autumn join as expected.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2
AIRFLOW_HOME="$work/home" "$work/venv/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata

import pendulum
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

ZONE = "Europe/Berlin"
start, end = pendulum.datetime(2026, 3, 28, tz=ZONE), pendulum.datetime(2026, 3, 31, tz=ZONE)


def intervals(timetable):
    last, restriction = None, TimeRestriction(earliest=start, latest=None, catchup=True)
    while True:
        last = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction).data_interval
        if last.start > end:
            return
        yield last


def gaps(cron):
    runs = list(intervals(CronDataIntervalTimetable(cron, timezone=ZONE)))
    pairs = zip(runs, runs[1:])
    return [(a.end.in_timezone(ZONE), b.start.in_timezone(ZONE)) for a, b in pairs if a.end != b.start]


print("apache-airflow", importlib.metadata.version("apache-airflow"))
minutes = {}
for cron in ("*/15 1-3 * * *", "*/30 2 * * *", "15,45 2 * * *", "0 2,3 * * *", "*/30 * * * *"):
    lost = gaps(cron)
    minutes[cron] = sum((b - a).total_seconds() for a, b in lost) / 60
    print(f"{cron:16}", "; ".join(f"nobody has {a} to {b}" for a, b in lost) or "joins")
assert list(minutes.values()) == [45, 30, 30, 0, 0], minutes

nights = [run.end.in_timezone(ZONE) for run in intervals(CronTriggerTimetable("*/30 2 * * *", timezone=ZONE))]
per_day = [sum(run.day == day for run in nights) for day in (28, 29, 30)]
print("runs of CronTriggerTimetable('*/30 2 * * *') on 28, 29, 30 March:", per_day)
assert per_day == [2, 1, 2]
PY
