"""`aisle export --output-dir`: the files that the export stage writes, in a folder of this machine."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.personalize import DATASETS
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.export.dataset_csv import export_dataset
from services.cli.program import run
from tests.documents import NEEDS_DOCUMENTS, example

FILES = ["interactions.csv", "items.csv", "users.csv"]


def export(marts: str, folder: Path, *options: str) -> int:
    return run(["export", "--output-dir", str(folder), "--url", marts, *options])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines(), escapechar="\\", doublequote=False))


def test_s0_6_one_command_writes_all_three_datasets_and_says_how_many_rows(
    marts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(marts, tmp_path) == 0
    assert names_in(tmp_path) == FILES
    printed = capsys.readouterr().out
    for dataset in DATASETS:
        rows = rows_of(tmp_path / f"{dataset.name}.csv")
        assert f"{len(rows)} rows" in " ".join(printed.split())
        assert ",".join(rows[0]) == dataset.header


def test_s0_6_the_files_are_those_of_the_export_stage_byte_for_byte(
    marts: str, s3: Any, bucket: str, tmp_path: Path
) -> None:
    assert export(marts, tmp_path) == 0
    for dataset in DATASETS:
        with psycopg.connect(marts) as connection:
            export_dataset(connection, s3, bucket, dataset_groups()[0], dataset, "run")
        key = f"export/{dataset.name}/run/{dataset.name}.csv"
        assert (tmp_path / f"{dataset.name}.csv").read_bytes() == s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@NEEDS_DOCUMENTS
def test_s0_6_the_documented_command_exports_under_the_name_of_this_program(
    marts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = example("S0", "bash", "--output-dir").replace(
        "python manage.py export_data_for_personalize", "aisle export"
    )
    program, *arguments = shlex.split(command)
    assert program == "aisle"
    assert run([*arguments, "--url", marts]) == 0
    assert names_in(tmp_path / "personalize_data") == FILES


@pytest.mark.parametrize("parts", [("new",), ("deeply", "nested", "new"), ("a b", "ä")], ids="/".join)
def test_s0_7_a_missing_folder_is_made(marts: str, tmp_path: Path, parts: Sequence[str]) -> None:
    folder = tmp_path.joinpath(*parts)
    assert export(marts, folder) == 0
    assert names_in(folder) == FILES


def test_s0_7_a_folder_that_cannot_be_written_is_one_line_and_status_1(
    marts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "items.csv").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/export"), tmp_path / "taken"):
        assert export(marts, folder) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert str(folder) in line


def test_a_second_export_replaces_the_files_of_the_first(marts: str, tmp_path: Path) -> None:
    assert export(marts, tmp_path) == 0
    first = (tmp_path / "items.csv").read_bytes()
    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.items set price = price + 1 where item_id = 'P001'")
    assert export(marts, tmp_path) == 0
    assert (tmp_path / "items.csv").read_bytes() != first
    assert names_in(tmp_path) == FILES


def test_what_personalize_would_refuse_stops_before_any_file_changes(
    marts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(marts, tmp_path) == 0
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.users set location = repeat('l', 1001) where user_id = md5('1')")
        connection.execute("update personalize.items set price = price + 1")
    capsys.readouterr()
    assert export(marts, tmp_path) == 1
    assert "LOCATION" in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    assert names_in(tmp_path) == FILES


def test_an_unknown_group_is_refused_with_the_known_ones(
    marts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(marts, tmp_path / "new", "--group", "nobody") == 2
    assert dataset_groups()[0].name in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_warehouse_without_marts_is_one_line_and_status_1(
    warehouse_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("drop schema if exists personalize cascade")
    assert export(warehouse_url, tmp_path) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "transform" in line


def test_a_warehouse_that_does_not_answer_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("postgresql://127.0.0.1:1/none", tmp_path) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "warehouse" in line
