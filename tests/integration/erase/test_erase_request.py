from __future__ import annotations

import psycopg
from typer.testing import CliRunner

from services.cli import app


def test_a_request_is_filed_from_answers_and_its_id_is_all_that_is_shown(warehouse_url: str) -> None:
    answers = "0300-1234567\nZubaida@Example.com\n\n\n\n"
    ended = CliRunner().invoke(app, ["erase", "--url", warehouse_url], input=answers)
    assert ended.exit_code == 0, ended.output
    with psycopg.connect(warehouse_url) as connection:
        query = "select request_id, phone, email, source, user_id, state from identity.erasure_requests"
        [(request_id, *filed)] = connection.execute(query.encode()).fetchall()
    assert filed == ["0300-1234567", "Zubaida@Example.com", None, None, "waiting"]
    assert request_id in ended.output.splitlines()[-1]


def test_a_request_that_names_nobody_is_not_filed(warehouse_url: str) -> None:
    assert CliRunner().invoke(app, ["erase", "--url", warehouse_url], input="\n" * 5).exit_code != 0
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute("select count(*) from identity.erasure_requests").fetchone() == (0,)
