from __future__ import annotations

import io

import psycopg
import pytest
from typer.testing import CliRunner

from services.cli import app
from services.cli.people import _check_phone
from services.terminal import TerminalConsole
from services.usage import ask


def test_a_request_is_filed_from_answers_and_its_id_is_all_that_is_shown(warehouse_url: str) -> None:
    answers = "0300-1234567\nZubaida@Example.com\n\n\n"
    ended = CliRunner().invoke(app, ["erase", "--url", warehouse_url], input=answers)
    assert ended.exit_code == 0, ended.output
    with psycopg.connect(warehouse_url) as connection:
        query = "select request_id, phone, email, source, user_id, state from identity.erasure_requests"
        [(request_id, *filed)] = connection.execute(query.encode()).fetchall()
    assert filed == ["0300-1234567", "Zubaida@Example.com", None, None, "waiting"]
    assert request_id in ended.output.splitlines()[-1]


def _ask(warehouse_url: str, *answers: str) -> tuple[int, str, int]:
    """Answer the questions of the command: its exit status, what it says at last, and how many requests are filed."""
    ended = CliRunner().invoke(app, ["erase", "--url", warehouse_url], input="".join(f"{line}\n" for line in answers))
    with psycopg.connect(warehouse_url) as connection:
        filed = connection.execute("select count(*) from identity.erasure_requests").fetchone()
    assert filed is not None
    return ended.exit_code, str(ended.exception), filed[0]


UNUSABLE = {
    "phone of nobody": (["0300-0000000"], "phone"),
    "phone that is too short": (["12"], "phone"),
    "e-mail in the place of a phone": (["zubaida@example.com"], "phone"),
    "e-mail without a domain": (["", "zubaida"], "email"),
    "placeholder of an e-mail": (["", "noreply@example.com"], "email"),
    "unknown order system": (["", "", "web"], "source"),
    "order system in capitals": (["", "", "POS"], "source"),
    "order system without an id": (["", "", "pos", ""], "the id at pos"),
    "user id of somebody else's making": (["", "", "", "4711"], "user_id"),
    "hash of a user id": (["", "", "", "a" * 64], "user_id"),
}


@pytest.mark.parametrize(("answers", "question"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_that_names_nobody_is_refused_at_its_question_and_nothing_is_filed(
    warehouse_url: str, answers: list[str], question: str
) -> None:
    status, said, n_filed = _ask(warehouse_url, *answers, *[""] * (5 - len(answers)))
    assert status != 0
    assert said.startswith(question)
    assert all(answer not in said for answer in answers if answer and answer != "pos")
    assert n_filed == 0


@pytest.mark.parametrize(
    "answers",
    [
        ["0300-1234567", "", "", ""],
        ["", "zubaida@example.com", "", ""],
        ["", "", "oe", "C-17", ""],
        ["", "", "", "0a" * 16],
    ],
    ids=["phone", "e-mail", "order system", "user id"],
)
def test_one_thing_that_is_known_is_enough(warehouse_url: str, answers: list[str]) -> None:
    status, _, n_filed = _ask(warehouse_url, *answers)
    assert (status, n_filed) == (0, 1)


def test_a_request_that_names_nobody_is_not_filed(warehouse_url: str) -> None:
    status, said, n_filed = _ask(warehouse_url, "", "", "", "")
    assert (status, n_filed) == (1, 0)
    assert "nobody is named" in said


def test_a_person_at_the_terminal_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["no phone", "12", "0300-1234567"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    console = TerminalConsole(file=io.StringIO())
    monkeypatch.setattr(console, "input", lambda _: next(answers))
    assert ask(console, "phone", _check_phone) == "0300-1234567"
