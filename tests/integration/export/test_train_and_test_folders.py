"""`aisle export --test-days` and `aisle evaluate`: a model learns from one folder and is tested with another."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from aisle.warehouse import connect
from services.cli.program import run


def export(marts: str, folder: Path, *options: str) -> int:
    return run(["export", "--output-dir", str(folder), "--url", marts, *options])


def evaluate(folder: Path) -> int:
    return run(["evaluate", "--train", str(folder / "train"), "--test", str(folder / "test")])


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines(), escapechar="\\", doublequote=False))


TEST_DAYS = 3
#: Everybody buys once a day on the same twelve days, some item of their fifth of the items.
TOGETHER = """
update personalize.interactions
set
    timestamp = 1710000000 + ((timestamp - 1710000000) % 86400) * 24,
    item_id = format('P%s', lpad((
        1 + (right(item_id, 3)::integer - 1) % 5 + 5 * (abs(hashtext(user_id || timestamp)) % 8)
    )::text, 3, '0'))
"""


@pytest.fixture
def split(marts: str, tmp_path: Path) -> Path:
    """Folders of the newest days, and of all before them."""
    with connect(marts) as connection:
        connection.execute(TOGETHER.encode())
    assert export(marts, tmp_path, "--test-days", str(TEST_DAYS)) == 0
    return tmp_path


def test_s3_4_s3_5_the_newest_days_are_the_test_and_all_before_them_the_training(
    marts: str, split: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = tmp_path_factory.mktemp("whole")
    assert export(marts, whole) == 0
    assert sorted(path.relative_to(split).as_posix() for path in split.rglob("*.csv")) == [
        "test/interactions.csv", "train/interactions.csv", "train/items.csv", "train/users.csv",
    ]  # fmt: skip
    learned, tested = rows_of(split / "train/interactions.csv"), rows_of(split / "test/interactions.csv")
    everything = rows_of(whole / "interactions.csv")
    assert sorted(map(str, learned + tested)) == sorted(map(str, everything))
    newest = max(int(row["TIMESTAMP"]) for row in everything)
    assert all(int(row["TIMESTAMP"]) <= newest - TEST_DAYS * 86_400 for row in learned)
    assert all(int(row["TIMESTAMP"]) > newest - TEST_DAYS * 86_400 for row in tested)


def test_s3_6_the_accuracy_is_reported_beside_popularitys(split: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(split) == 0
    figures = {cells[0]: cells[1:] for line in capsys.readouterr().out.splitlines() if (cells := line.split())}
    for metric in ("precision@5", "precision@10"):
        model, popularity = map(float, figures[metric])
        assert 0 < popularity < model <= 1


def test_s3_5_a_test_that_the_model_has_seen_is_refused(split: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = split / "train/interactions.csv"
    seen.write_text(seen.read_text() + (split / "test/interactions.csv").read_text().partition("\n")[2])
    assert evaluate(split) == 1
    assert "tested by what it has seen" in " ".join(capsys.readouterr().err.split())


def without(text: str) -> str:
    return ""


def header_alone(text: str) -> str:
    return text.partition("\n")[0] + "\n"


def few(text: str) -> str:
    return "\n".join(text.splitlines()[:20]) + "\n"


def other_columns(text: str) -> str:
    return text.replace("TIMESTAMP", "MOMENT", 1)


def wrong_time(text: str) -> str:
    return text.rstrip("\n") + "x\n"


@pytest.mark.parametrize("spoil", [without, header_alone, few, other_columns, wrong_time])
def test_a_training_folder_that_cannot_be_used_is_refused_in_one_line(
    split: Path, spoil: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = split / "train/interactions.csv"
    file.write_text(spoil(file.read_text()))
    assert evaluate(split) == 1
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert str(split) in "".join(message.split("\n"))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(tmp_path) == 1
    assert "aisle export --test-days" in " ".join(capsys.readouterr().err.split())
