"""`aisle rejects list`: what could not be read, by source, reason and status word."""

from __future__ import annotations

import psycopg
from typer.testing import CliRunner

from services.cli.program import app

REJECTS = """
insert into raw.company__rejects (
    reject_id, source, order_id, order_number, ordered_at, line_number, n_lines, reason, detail, payload, archive_key,
    run_key, status
) values
    ('1', 'pos', 'A1', 'A1', '2024-03-01 10:00+00', null, 2, 'unknown_status', 'x', '{"customer": "Ann"}', 'k', 'r', 'shipped'),
    ('2', 'pos', 'A2', 'A2', '2024-03-04 10:00+00', null, 1, 'unknown_status', 'x', '{}', 'k', 'r', 'shipped'),
    ('3', 'pos', null, null, null, null, 1, 'malformed_order', 'x', '{}', 'k', 'r', null),
    ('4', 'oe', 'B1', 'B1', '2024-03-02 10:00+00', 1, 1, 'malformed_item', 'x', '{}', 'k', 'r', null),
    ('5', 'oe', 'B1', 'B1', '2024-03-02 10:00+00', 2, 1, 'malformed_item', 'x', '{}', 'k', 'r', null)
"""  # noqa: E501


def listed(url: str, *options: str) -> list[str]:
    ended = CliRunner().invoke(app, ["rejects", "list", "--url", url, *options])
    assert ended.exit_code == 0, ended.output
    return ended.output.splitlines()


def test_rejects_are_listed_by_kind_the_most_frequent_first_and_without_what_they_hold(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(REJECTS.encode())
    lines = listed(warehouse_url)
    assert [line.strip() for line in lines] == [
        "2 orders, 3 order items  pos: unknown status 'shipped', such as A1, 2024-03-01 to 2024-03-04",
        "1 orders, 2 order items  oe: malformed item, such as B1, 2024-03-02 to 2024-03-02",
        "1 orders, 1 order items  pos: malformed order",
        "4 orders are rejected",
    ]
    assert listed(warehouse_url, "--source", "oe")[-1] == "1 orders are rejected"


def test_a_warehouse_without_rejects_says_so(warehouse_url: str) -> None:
    assert listed(warehouse_url) == ["nothing is rejected"]


def test_a_source_that_nobody_knows_is_refused_by_name(warehouse_url: str) -> None:
    ended = CliRunner().invoke(app, ["rejects", "list", "--url", warehouse_url, "--source", "web"])
    assert ended.exit_code != 0
    assert "there is no source web" in str(ended.exception)
