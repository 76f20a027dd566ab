from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aisle.errors import ConfigurationError, FinalError, RetryableError
from services.cli import app
from services.cli.program import run
from services.resources.clients import NobodyToAsk
from services.stack.blueprint import Addresses
from services.stack.settings import StackSettings
from services.usage import UsageError

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
    assert {change["action"] for change in json.loads(planned.stdout)["plans"][0]["changes"]} == {"create", "wait"}
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


def test_what_a_conversion_leaves_out_is_written_on_top_of_the_new_file_and_reported(tmp_path: Path) -> None:
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
    converted = RUNNER.invoke(app, ["convert", str(old), "-o", str(new)])
    assert converted.exit_code == 0
    assert 'not in the file: datasetGroup.workflowConfig.maxAge: "1 day"' in converted.stderr
    assert '#   datasetGroup.workflowConfig.maxAge: "1 day"' in new.read_text()
    assert RUNNER.invoke(app, ["plan", str(new)]).exit_code == 2


@pytest.mark.parametrize("command", ["teardown", "import-resources"])
@pytest.mark.parametrize("name", ["shpo", "SHOP", "shop2"])
def test_a_group_that_is_unknown_is_refused_with_those_that_there_are(shop_file: str, command: str, name: str) -> None:
    assert RUNNER.invoke(app, ["apply", shop_file]).exit_code == 0
    refused = RUNNER.invoke(app, [command, name]).exception
    assert isinstance(refused, UsageError)
    assert f"no dataset group {name}; there is shop" in str(refused)


@pytest.fixture
def nobody_to_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No stack, no region, no credentials of AWS, and no machine that would give them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody_to_ask")
@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_a_file_is_checked_without_a_service(
    shop_file: str, shop_text: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if region:
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    checked = RUNNER.invoke(app, ["plan", shop_file])
    assert checked.exit_code == 0, checked.exception
    assert f"{shop_file} is valid; it describes shop." in checked.stdout
    assert json.loads(RUNNER.invoke(app, ["plan", shop_file, "--json"]).stdout) == {"code": 0, "plans": []}
    Path(shop_file).write_text(shop_text.replace("recipe:", "recipes:"))
    refused = RUNNER.invoke(app, ["plan", shop_file]).exception
    assert isinstance(refused, ConfigurationError)
    assert "recipes" in str(refused)


@pytest.mark.usefixtures("nobody_to_ask")
@pytest.mark.parametrize("arguments", [["plan"], ["plan", "--aws"], ["apply"]], ids=" ".join)
def test_planning_without_a_file_and_applying_need_a_service(arguments: list[str]) -> None:
    assert isinstance(RUNNER.invoke(app, arguments).exception, NobodyToAsk)


def test_unusable_settings_end_a_plan_with_1_because_2_says_that_there_is_something_to_do(
    shop_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_S3_PORT", "x")
    assert run(["plan", shop_file]) == 1
