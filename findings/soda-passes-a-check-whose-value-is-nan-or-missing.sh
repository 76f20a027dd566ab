#!/usr/bin/env bash
# Expected: a check with bounds fails where the value that it measured is not a number; where nothing could be measured, the
#           scan does not end like one in which all is well.
# Happens:  one NaN in the column makes max and avg NaN, and NaN passes: below 100, between 1 and 3, both at once. On an empty
#           table avg, min and max have no outcome at all, and the scan ends with exit code 0 and without failed checks.
# Version:  soda-core-duckdb 3.5.6 (with duckdb 1.0.0, which it asks for)
# Hurts:    a division by zero in one row switches off every check of that column's amounts, and a load that brought nothing
#           passes as well: the two moments a gate is there for. Add failed rows with isnan(), and row_count > 0, to each table.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check soda-core-duckdb==3.5.6 setuptools==80.9.0
cd "$work"
HOME="$work" "$work/venv/bin/python" -W ignore - <<'PY'
import logging
from importlib.metadata import version

import duckdb
from soda.scan import Scan

print("soda-core", version("soda-core"), "duckdb", version("duckdb"))
database = duckdb.connect()
database.execute("create table whole as select unnest([1.5, 250.0])::double as price")
database.execute("create table broken as select unnest(['1.5', '250', 'nan'])::double as price")
database.execute("create table nothing as select * from whole where false")


def scan(table: str) -> tuple[int, bool, list[str]]:
    checks = ["max(price) < 100", "avg(price) between 1 and 3", "min(price) > 0"]
    scan = Scan()
    scan.disable_telemetry()
    scan.set_data_source_name("shop")
    scan.add_duckdb_connection(database, "shop")
    scan.add_sodacl_yaml_str(f"checks for {table}:\n" + "".join(f"  - {check}\n" for check in checks))
    logging.disable(logging.CRITICAL)
    code = scan.execute()
    outcomes = [f"{check.name}: {check.outcome and check.outcome.name} ({check.check_value})" for check in scan._checks]
    print(f"{table}: exit code {code}, failed checks {scan.has_check_fails()}", *outcomes, sep="\n  ")
    return code, scan.has_check_fails(), outcomes


code, failed, outcomes = scan("whole")
assert code == 2 and failed and sum("FAIL" in outcome for outcome in outcomes) == 2
code, failed, outcomes = scan("broken")
assert code == 0 and not failed and sum("PASS (nan)" in outcome for outcome in outcomes) == 2
code, failed, outcomes = scan("nothing")
assert code == 0 and not failed and all("None (None)" in outcome for outcome in outcomes)
PY
