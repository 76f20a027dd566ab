from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aisle.errors import FinalError, RetryableError
from services.cli import app
from services.stack.blueprint import Addresses
from services.stack.settings import StackSettings

RUNNER = CliRunner()


@pytest.fixture
def shop_file(tmp_path: Path, shop_text: str) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(shop_text)
    return str(path)


@pytest.fixture(autouse=True)
def _environment(
    personalize: Any, engine_url: str, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard AWS environment; no stack runs in this home."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", engine_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    monkeypatch.setenv("STACK_ROOT", str(tmp_path / "stack"))


def test_from_plan_to_teardown_on_the_command_line(
    personalize: Any, s3: Any, bucket: str, shop_file: str, tmp_path: Path
) -> None:
    planned = RUNNER.invoke(app, ["plan", shop_file, "--json"])
    assert planned.exit_code == 2
    assert {each["action"] for each in json.loads(planned.stdout)["plans"][0]["changes"]} == {"create", "wait"}
    applied = RUNNER.invoke(app, ["apply", shop_file])
    assert applied.exit_code == 0
    assert "wait      campaign shop-home" in applied.stdout

    imported = str(tmp_path / "imported.yaml")
    assert RUNNER.invoke(app, ["import-resources", "shop", "-o", imported]).exit_code == 0
    settled = RUNNER.invoke(app, ["plan", imported])
    assert settled.exit_code == 0
    assert "unchanged" in settled.stdout

    s3.put_object(Bucket=bucket, Key="export/a.csv", Body=b"12345")
    listed = RUNNER.invoke(app, ["teardown", "shop"])
    assert "- delete dataset group shop" in listed.stdout
    assert "nothing was touched: add --confirm shop" in listed.stdout
    assert personalize.list_dataset_groups()["datasetGroups"]
    done = RUNNER.invoke(app, ["teardown", "shop", "--confirm", "shop", "--empty-bucket", bucket])
    assert f"bucket {bucket}: 1 files, 5 bytes" in done.stdout
    assert not personalize.list_dataset_groups()["datasetGroups"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_refused_change_is_an_exit_of_its_own(personalize: Any, shop_file: str, shop_text: str) -> None:
    Path(shop_file).write_text(shop_text.replace("aws-sims", "aws-simms"))
    refused = RUNNER.invoke(app, ["plan", shop_file])
    assert refused.exit_code == 1
    assert "the service has no recipe arn:aws:personalize:::recipe/aws-simms: it has" in refused.stdout
    assert isinstance(RUNNER.invoke(app, ["apply", shop_file]).exception, FinalError)
    assert not personalize.list_dataset_groups()["datasetGroups"]


def test_a_running_stack_is_asked_before_the_environment(
    engine_url: str, shop_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = dict.fromkeys(Addresses.__dataclass_fields__, "") | {"personalize_endpoint": engine_url}
    home = StackSettings().home
    home.mkdir(parents=True)
    (home / "stack.json").write_text(json.dumps(fields))
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert RUNNER.invoke(app, ["plan", shop_file]).exit_code == 2
    nobody = RUNNER.invoke(app, ["plan", shop_file, "--aws"]).exception
    assert isinstance(nobody, RetryableError)
    assert "127.0.0.1:1" in str(nobody)


def test_what_a_conversion_leaves_out_stands_on_top_of_the_new_file_and_is_told(tmp_path: Path) -> None:
    fields = [{"name": name, "type": kind} for name, kind in (("USER_ID", "string"), ("ITEM_ID", "string"))]
    record = {"type": "record", "name": "interactions", "fields": [*fields, {"name": "TIMESTAMP", "type": "long"}]}
    parameters = {
        "datasetGroup": {"serviceConfig": {"name": "old"}, "workflowConfig": {"maxAge": "1 day"}},
        "datasets": {
            "interactions": {
                "dataset": {"serviceConfig": {"name": "d"}},
                "schema": {"serviceConfig": {"name": "s", "schema": record}},
            }
        },
    }
    old, new = tmp_path / "parameters.json", tmp_path / "new.yaml"
    old.write_text(json.dumps(parameters))
    told = RUNNER.invoke(app, ["convert", str(old), "-o", str(new)])
    assert told.exit_code == 0
    assert 'not in the file: datasetGroup.workflowConfig.maxAge: "1 day"' in told.stderr
    assert '#   datasetGroup.workflowConfig.maxAge: "1 day"' in new.read_text()
    assert RUNNER.invoke(app, ["plan", str(new)]).exit_code == 2
