"""Time to build the marts: everything, a day of 1,600 order items, and nothing; beside an earlier commit.

    python -m benchmarks.transform.builds --earlier /tmp/earlier     # an extracted commit, `git archive bc081a7`
    python -m benchmarks.transform.builds --scale small --rounds 1   # a quick check
    python -m benchmarks.transform.builds --copies 10                # ten times the orders and people

Starts PostgreSQL with the generated company in its raw tables. Each build is a process of its own, runs are
interleaved, and ratios are computed within a round. dbt's start (imports, parsing, connecting) is shown apart from its
work on models, seeds and data tests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from aisle.stages.transform.project import warehouse_variables
from aisle.warehouse import migrate
from benchmarks.engine.contenders import machine
from benchmarks.transform.company import fill
from services.stack.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "transform_builds.json"
DAY_ITEMS = 1_600

_BUILD = """
import sys
from pathlib import Path
from aisle.stages.transform import project
project.build(sys.argv[1], Path(sys.argv[2]), is_full=sys.argv[3] == "full")
"""
#: A day: nine in ten items are of new orders at the newest moment, one in ten of old orders that get another status or
#: another item, all chosen by the hash of their ids.
_DAY = """
create temp table chosen on commit drop as
with sized as (
    select orders.source, orders.order_id, count(*) as n_items, md5(orders.order_id || %(round)s::text) as place
    from raw.company__orders as orders
    inner join raw.company__order_items as items using (source, order_id)
    where orders.order_id like '%%0'
    group by orders.source, orders.order_id
),

summed as (
    select *, sum(n_items) over (order by place) as n_through from sized
)

select *, n_through > 0.9 * %(items)s as is_edit from summed where n_through <= %(items)s;

insert into raw.company__orders (
    source, order_id, order_number, ordered_at, updated_at, status, user_id, city, province, payment_mode, brand,
    content_hash, run_key
)
select
    orders.source, orders.order_id || '-day' || %(round)s, orders.order_id || '-day' || %(round)s,
    newest.ordered_at + interval '1 minute' * row_number() over (), orders.updated_at, orders.status, orders.user_id,
    orders.city, orders.province, orders.payment_mode, orders.brand, orders.content_hash, 'day'
from raw.company__orders as orders
inner join chosen using (source, order_id)
cross join (select max(ordered_at) as ordered_at from raw.company__orders) as newest
where not chosen.is_edit;

insert into raw.company__order_items (
    source, order_id, line_number, product_id, product_key, product_name, category, brand, quantity, unit_price,
    base_price
)
select
    items.source, items.order_id || '-day' || %(round)s, items.line_number, items.product_id, items.product_key,
    items.product_name, items.category, items.brand, items.quantity, items.unit_price, items.base_price
from raw.company__order_items as items
inner join chosen using (source, order_id)
where not chosen.is_edit;

update raw.company__orders as orders
set status = case orders.status when 'completed' then 'cancelled' else 'completed' end
from chosen
where orders.source = chosen.source and orders.order_id = chosen.order_id and chosen.is_edit;
"""


@dataclass(frozen=True)
class Run:
    """Seconds of one build: of its process, and of those dbt's work on models, seeds and tests."""

    wall: float
    work: float
    slowest: dict[str, float]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="aisle-builds-") as home:
        server = EmbeddedPostgres(Path(home) / "pg")
        server.start()
        try:
            result = measure(server, Path(home), options)
        finally:
            server.stop()
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def measure(server: EmbeddedPostgres, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Fill the company, build it once, and measure the rounds."""
    url = _database(server, "now")
    migrate(url)
    fill(url, options.scale, options.copies)
    earlier = _copy(server, "earlier") if options.earlier else None
    _build(url, home / "now", "full")  # so that every measured build replaces what is there
    rounds = [_round(url, earlier, home, options.earlier, number) for number in range(1, options.rounds + 1)]
    return {"scale": options.scale, "copies": options.copies, "machine": machine(), "rounds": rounds}


def _round(url: str, earlier: str | None, home: Path, checkout: Path | None, number: int) -> dict[str, Any]:
    runs = {"full": vars(_build(url, home / "now", "full"))}
    if earlier and checkout:
        runs["earlier"] = vars(_build_earlier(earlier, home / "earlier", checkout))
    with psycopg.connect(url) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(_DAY.encode(), {"round": number, "items": DAY_ITEMS})
    runs["day"] = vars(_build(url, home / "now", "changes"))
    runs["nothing"] = vars(_build(url, home / "now", "changes"))
    return runs


def _database(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
    return server.url(name)


def _copy(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template now".encode())
    return server.url(name)


def _build(url: str, folder: Path, extent: str) -> Run:
    return _timed([sys.executable, "-c", _BUILD, url, str(folder), extent], folder, {})


def _build_earlier(url: str, folder: Path, checkout: Path) -> Run:
    """Build the marts as an earlier commit did, which built everything always."""
    project = checkout / "dbt"
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--exclude-resource-type", "unit_test"]
    places = {"project-dir": project, "profiles-dir": project, "target-path": folder, "log-path": folder}
    arguments = [part for name, value in places.items() for part in (f"--{name}", str(value))]
    return _timed([*command, *arguments], folder, warehouse_variables(url))


def _timed(command: list[str], folder: Path, variables: dict[str, str]) -> Run:
    environment = {**os.environ, **variables, "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
    began = time.monotonic()
    subprocess.run(command, check=True, env=environment, capture_output=True)
    wall = time.monotonic() - began
    results = json.loads((folder / "run_results.json").read_text())
    seconds = {result["unique_id"].split(".", 2)[2]: result["execution_time"] for result in results["results"]}
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:12]
    return Run(round(wall, 2), round(results["elapsed_time"], 2), {name: round(seconds[name], 2) for name in slowest})


def table(result: dict[str, Any]) -> str:
    """Write the medians over the rounds in Markdown, each beside its ratio to the full build of its round."""
    rounds = result["rounds"]
    lines = ["| build | seconds of dbt's work | dbt's start | work ÷ full build |", "|---|---|---|---|"]
    for name in rounds[0]:
        work = statistics.median(runs[name]["work"] for runs in rounds)
        start = statistics.median(runs[name]["wall"] - runs[name]["work"] for runs in rounds)
        ratio = statistics.median(runs[name]["work"] / runs["full"]["work"] for runs in rounds)
        lines.append(f"| {name} | {work:.1f} | {start:.1f} | {ratio:.3f} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", default="reference", choices=["tiny", "small", "reference"])
    parser.add_argument("--copies", type=int, default=1, help="how many times the orders and people of the scale")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--earlier", type=Path, help="checkout of an earlier commit to compare with")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    if options.earlier and not shutil.which("dbt", path=str(Path(sys.executable).parent)):
        parser.error("dbt is missing beside this Python")
    return options


if __name__ == "__main__":
    main()
