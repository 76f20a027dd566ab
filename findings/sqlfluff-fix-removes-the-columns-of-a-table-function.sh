#!/usr/bin/env bash
# Expected: `fix` with a rule of style leaves a statement that means the same, or reports what it cannot mend.
# Happens:  AL05 (an alias that is never used) takes `as event (a text)` behind a function that returns records for an alias
#           alone, and removes the definition of the columns with it. PostgreSQL refuses what is left: "a column definition
#           list is required for functions returning record". sqlfluff calls the file fixed.
# Version:  sqlfluff 4.5.0, dialect postgres
# Hurts:    formatting on commit breaks the statements that unpack JSON events; nothing says so before they run. Mark such
#           lines with `-- noqa: AL05`, or name the alias in the select.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sqlfluff==4.5.0
cat > "$work/events.sql" <<'SQL'
select a
from jsonb_to_recordset('[{"a": "x"}]') as event (a text);

select event.a
from jsonb_to_recordset('[{"a": "x"}]') as event (a text);

select total
from (values (1), (2)) as amounts (total);
SQL
cp "$work/events.sql" "$work/before.sql"
"$work/venv/bin/sqlfluff" --version
"$work/venv/bin/sqlfluff" fix --dialect postgres --rules AL05 --disable-progress-bar "$work/events.sql" | tail -3
diff "$work/before.sql" "$work/events.sql" && exit 1
[ "$(grep -c 'as event (a text)' "$work/events.sql")" = 1 ]
grep -q "as amounts (total)" "$work/events.sql"
