"""docker-compose.yaml starts the programs of the embedded stack, with the same commands and the same environment.

Both sides are rendered with the same addresses and the same made-up secrets, and then compared whole. What may differ
is listed below with its reason; a variable that only one side has is a failure.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from aisle.settings import PROJECT_ROOT, Settings
from services.company_api.settings import CompanyApiSettings
from services.engine.settings import EngineSettings
from services.reports.settings import ReportsSettings
from services.serving.settings import ServingSettings
from services.stack.blueprint import (
    AIRFLOW_COMMANDS,
    Addresses,
    Component,
    airflow_components,
    airflow_environment,
    beside_airflow,
    bucket,
)
from services.stack.postgres import SERVER_SETTINGS
from services.stack.secrets import StackSecrets
from services.stack.settings import StackSettings

Compose = dict[str, Any]

#: Where an image keeps the code, and where its volumes are.
CODE, HOME = "/opt/aisle", "/var/lib/aisle"

SECRETS = StackSecrets(
    airflow_fernet_key="fernet-key",
    airflow_api_secret="api-secret",
    airflow_jwt_secret="jwt-secret",
    admin_password="admin-password",
    aws_access_key="access-key",
    aws_secret_key="secret-key",
    company_api_token="company-token",
    identity_hash_key="key-of-the-tests",  # that of the environment of all tests: the caller's key wins
    reader_password="reader-password",
    serving_api_key="api-key",
    serving_token_secret="token-secret-of-at-least-32-bytes",
)
#: What a user has to write into .env: every secret, nothing else.
DOTENV = {
    "POSTGRES_PASSWORD": "postgres-password",
    "VALKEY_PASSWORD": "valkey-password",
    "POSTGRES_READER_PASSWORD": SECRETS.reader_password,
    "S3_ACCESS_KEY": SECRETS.aws_access_key,
    "S3_SECRET_KEY": SECRETS.aws_secret_key,
    "REPORTS_PASSWORD": SECRETS.admin_password,
    "AIRFLOW__API__SECRET_KEY": SECRETS.airflow_api_secret,
    "AIRFLOW__API_AUTH__JWT_SECRET": SECRETS.airflow_jwt_secret,
    "AIRFLOW__CORE__FERNET_KEY": SECRETS.airflow_fernet_key,
    "COMPANY_API_TOKEN": SECRETS.company_api_token,
    "AISLE_IDENTITY__HASH_KEY": SECRETS.identity_hash_key,
    "SERVING_API_KEY_HASHES": hashlib.sha256(SECRETS.serving_api_key.encode()).hexdigest(),
    "SERVING_TOKEN_SECRET": SECRETS.serving_token_secret,
}
AT = Addresses(
    airflow_port=8080,
    serving_port=8000,
    reports_port=8001,
    engine_port=8002,
    company_api_port=8003,
    s3_port=8333,
    airflow_database_url="postgresql+psycopg2://aisle:postgres-password@postgres:5432/airflow",
    warehouse_url="postgresql://aisle:postgres-password@postgres:5432/warehouse",
    reader_url="postgresql://aisle_reader:reader-password@postgres:5432/warehouse",
    s3_endpoint="http://s3:8333",
    personalize_endpoint="http://engine:8002",
    company_api="http://company-api:8003",
)

AIRFLOW_DIFFERS = {
    # The other containers must reach it; what is published is published on loopback.
    "AIRFLOW__API__HOST": "0.0.0.0",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://airflow-api-server:8080/execution/",
    # Tasks run in workers, as many as there are, which take them from a broker.
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CELERY__BROKER_URL": "redis://:valkey-password@valkey:6379/0",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(StackSettings.model_fields["parallelism"].default),
    # The simulator is asked inside the network of the containers.
    "AISLE_INGEST__ALLOW_HTTP": "true",
}
#: Per program: the variables whose value in containers is another one. None: not set there.
DIFFERS: dict[str, dict[str, str | None]] = {
    # The other containers call each by the name of its service.
    "engine": {"ENGINE_HOST": "0.0.0.0", "ENGINE_ALLOWED_HOSTS": "engine"},
    "company-api": {"COMPANY_API_HOST": "0.0.0.0", "COMPANY_API_ALLOWED_HOSTS": "company-api"},
    # Pages without a login are for loopback only.
    "serving": {"SERVING_HOST": "0.0.0.0", "SERVING_ALLOWED_HOSTS": "serving", "SERVING_OPEN_PAGES": None},
    "reports": {"REPORTS_HOST": "0.0.0.0", "REPORTS_ALLOWED_HOSTS": "reports"},
    **{name: dict(AIRFLOW_DIFFERS) for name in AIRFLOW_COMMANDS},
}
#: Settings of PostgreSQL that belong to the embedded server only: the image listens for others, and can be replicated.
EMBEDDED_POSTGRES_ONLY = {"listen_addresses", "unix_socket_directories", "wal_level", "max_wal_senders"}

#: The embedded stack has these from wheels or does them in its supervisor.
KEEPERS = {"postgres", "s3", "valkey"}
ONCE = {"create-databases", "migrate-airflow", "import-pools", "migrate-warehouse"}
WORKER = "airflow-worker"

SETTINGS: dict[str, type[BaseSettings]] = {
    "engine": EngineSettings,
    "company-api": CompanyApiSettings,
    "serving": ServingSettings,
    "reports": ReportsSettings,
    **dict.fromkeys([*AIRFLOW_COMMANDS, WORKER], Settings),
}
#: Settings of Aisle that a program beside Airflow reads too.
OF_AISLE = {"serving": {"AISLE_PUBLISH__CACHE_TTL_HOURS"}}

_REFERENCE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>(?:[^${}]|\$\{[^}]*\})*))?\}")


class NotSet(Exception):
    """A variable that must be set is not."""


def interpolated(value: str, variables: dict[str, str]) -> str:
    """`value` with its `${…}` filled in, as Compose does it."""

    def fill(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        given = variables.get(match["name"], "")
        if not given and match["kind"] != "-":
            raise NotSet(match["name"])
        return given or interpolated(match["text"], variables)  # a default may name another variable

    return _REFERENCE.sub(fill, value)


def rendered(node: Any, variables: dict[str, str]) -> Any:
    """A part of the file with every string of it interpolated."""
    if isinstance(node, dict):
        return {key: rendered(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [rendered(value, variables) for value in node]
    return interpolated(node, variables) if isinstance(node, str) else node


@pytest.fixture(scope="module")
def text() -> str:
    return (PROJECT_ROOT / "docker-compose.yaml").read_text()


@pytest.fixture(scope="module")
def compose(text: str) -> Compose:
    """The services of the file, with anchors, merges and variables resolved."""
    services = rendered(yaml.safe_load(text)["services"], DOTENV)
    assert services
    return dict(services)


def embedded() -> dict[str, Component]:
    """The programs of the embedded stack with the addresses of the containers. The S3 server differs by nature."""
    home = Path(HOME)
    parallelism = StackSettings.model_fields["parallelism"].default
    environment = airflow_environment(AT, SECRETS, home, parallelism=parallelism, first_order_at="")
    components = [*beside_airflow(AT, SECRETS, home), *airflow_components(environment)]
    return {component.name: component for component in components if component.name != "s3"}


EMBEDDED = embedded()


def comparable(environment: dict[str, str]) -> dict[str, Any]:
    """An environment whose JSON is compared as JSON, and whose code is where the image has it."""
    moved = {name: value.replace(str(PROJECT_ROOT), CODE) for name, value in environment.items()}
    return {name: json.loads(value) if value.startswith("{") else value for name, value in moved.items()}


def given(service: Compose) -> dict[str, str]:
    """What the file itself gives a service, without the variables that it only hands on."""
    return {name: value for name, value in service.get("environment", {}).items() if value is not None}


def handed_on(service: Compose) -> set[str]:
    return {name for name, value in service.get("environment", {}).items() if value is None}


def variables_of(settings: type[BaseSettings]) -> set[str]:
    """Every environment variable that a settings class reads, sections included."""
    prefix, separator = settings.model_config["env_prefix"], settings.model_config.get("env_nested_delimiter") or ""
    names: list[str] = []
    for name, field in settings.model_fields.items():
        inside = getattr(field.annotation, "model_fields", None)
        own = str(field.validation_alias or f"{prefix}{name}")
        names += [f"{prefix}{name}{separator}{inner}" for inner in inside] if inside else [own]
    return {name.upper() for name in names}


def test_every_program_of_the_stack_has_a_container_and_nothing_else_does(compose: Compose) -> None:
    assert set(compose) == {*EMBEDDED, *KEEPERS, *ONCE, WORKER}


@pytest.mark.parametrize("name", EMBEDDED)
def test_container_runs_the_command_of_the_embedded_program(compose: Compose, name: str) -> None:
    assert tuple(compose[name]["command"]) == EMBEDDED[name].command


@pytest.mark.parametrize("name", EMBEDDED)
def test_container_has_the_environment_of_the_embedded_program(compose: Compose, name: str) -> None:
    expected = EMBEDDED[name].environment | DIFFERS[name]
    expected = {variable: value for variable, value in expected.items() if value is not None}
    assert comparable(given(compose[name])) == comparable(expected)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_a_program_can_be_given_to_its_container(compose: Compose, name: str) -> None:
    variables = variables_of(SETTINGS[name]) | OF_AISLE.get(name, set())
    missing = variables - set(given(compose[name]))
    assert handed_on(compose[name]) == missing


def test_every_listed_difference_is_one(compose: Compose) -> None:
    for name, differences in DIFFERS.items():
        for variable, value in differences.items():
            assert EMBEDDED[name].environment.get(variable) != value, f"{variable} of {name} need not be listed"


def test_the_pools_of_the_containers_are_those_of_the_embedded_stack(compose: Compose) -> None:
    *command, file = compose["import-pools"]["command"]
    assert command == ["airflow", "pools", "import"]
    assert PROJECT_ROOT / file == StackSettings.model_fields["pools_file"].default
    assert "import-pools" in compose["airflow-scheduler"]["depends_on"]


def test_worker_has_the_environment_of_the_scheduler(compose: Compose) -> None:
    assert compose[WORKER]["environment"] == compose["airflow-scheduler"]["environment"]
    assert compose[WORKER]["command"] == ["airflow", "celery", "worker"]


def test_executor_of_the_containers_works_with_the_lock(compose: Compose) -> None:
    """No other test uses Celery, so only this one sees a version of it that Airflow's provider cannot work with."""
    from airflow.executors.executor_loader import ExecutorLoader

    name = compose["airflow-scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"]
    module = importlib.import_module(ExecutorLoader.executors[name].rpartition(".")[0])
    assert module.app.main == "airflow.providers.celery.executors.celery_executor"


def test_nobody_is_administrator_without_a_password(text: str) -> None:
    assert "ALL_ADMINS" not in text
    assert not [name for component in EMBEDDED.values() for name in component.environment if "ALL_ADMINS" in name]


def test_postgres_is_set_as_the_embedded_one(compose: Compose) -> None:
    embedded_settings = dict(line.split(" = ") for line in SERVER_SETTINGS.splitlines())
    expected = {name: value for name, value in embedded_settings.items() if name not in EMBEDDED_POSTGRES_ONLY}
    command = compose["postgres"]["command"]
    assert command[0] == "postgres"
    assert dict(argument.split("=") for argument in command[1:] if argument != "-c") == expected


def test_s3_server_creates_the_bucket_that_the_pipeline_writes_to(compose: Compose) -> None:
    assert compose["s3"]["environment"]["S3_BUCKET"] == bucket()
    assert compose["s3"]["environment"]["S3_BUCKET"] == compose[WORKER]["environment"]["AISLE_STORAGE__BUCKET"]


def test_every_secret_is_asked_for_and_none_has_a_default(text: str) -> None:
    asked = {match["name"] for match in _REFERENCE.finditer(text) if match["kind"] == "?"}
    defaulted = {match["name"] for match in _REFERENCE.finditer(text) if match["kind"] == "-"}
    assert asked == set(DOTENV)
    assert not [name for name in defaulted if re.search("PASSWORD|SECRET|TOKEN|KEY|HASH", name)]


@pytest.mark.parametrize("secret", DOTENV)
def test_nothing_starts_without(text: str, secret: str) -> None:
    rest = {name: value for name, value in DOTENV.items() if name != secret}
    with pytest.raises(NotSet, match=f"^{secret}$"):
        rendered(yaml.safe_load(text)["services"], rest)


def test_ports_are_published_on_loopback_only_and_by_the_settings_of_the_stack(text: str) -> None:
    published = [port for service in yaml.safe_load(text)["services"].values() for port in service.get("ports", [])]
    assert published
    for port in published:
        matched = re.fullmatch(r"127\.0\.0\.1:\$\{STACK_(\w+):-(\d+)\}:\d+", port)
        assert matched, port
        assert StackSettings.model_fields[matched[1].lower()].default == int(matched[2])


def test_images_are_pinned(compose: Compose) -> None:
    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, service in compose.items():
        _, _, tag = service["image"].partition(":")
        assert re.match(r"\d+\.\d+", tag), f"{name}: {service['image']}"
        assert "build" not in service or tag == version


def test_programs_are_watched_and_restarted_and_migrations_are_not(compose: Compose) -> None:
    for name, service in compose.items():
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ONCE), name


def test_own_programs_have_no_more_rights_than_a_plain_user(compose: Compose) -> None:
    own = {name: service for name, service in compose.items() if "build" in service}
    assert set(own) == {*EMBEDDED, WORKER, *ONCE} - {"create-databases"}
    for name, service in own.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_a_service_waits_for_what_can_become_true(compose: Compose) -> None:
    waits = [(name, *wait) for name, service in compose.items() for wait in service.get("depends_on", {}).items()]
    assert waits
    for name, neighbour, how in waits:
        condition = "service_completed_successfully" if neighbour in ONCE else "service_healthy"
        assert how["condition"] == condition, f"{name} waits for {neighbour}"


def test_every_volume_is_declared_and_used(compose: Compose, text: str) -> None:
    used = {volume.split(":")[0] for service in compose.values() for volume in service.get("volumes", [])}
    assert used == set(yaml.safe_load(text)["volumes"])


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "services/Dockerfile"])
def test_volumes_are_mounted_on_folders_that_the_user_of_the_image_owns(compose: Compose, dockerfile: str) -> None:
    made = (PROJECT_ROOT / dockerfile).read_text()
    image = "aisle-airflow" if dockerfile == "Dockerfile" else "aisle-services"
    mounted = {
        volume.split(":")[1]
        for service in compose.values()
        for volume in service.get("volumes", [])
        if service["image"].startswith(image)
    }
    assert mounted
    assert {folder for folder in mounted if not re.search(rf"{folder}(\s|$)", made)} == set()


@pytest.mark.parametrize(
    ("variables", "buckets"),
    [
        ({}, "aisle"),
        ({"AISLE_STORAGE__BUCKET": "shop"}, "shop"),
        ({"ENGINE_BUCKETS": "shop,archive"}, "shop,archive"),
        ({"ENGINE_BUCKETS": "shop,archive", "AISLE_STORAGE__BUCKET": "shop"}, "shop,archive"),
    ],
    ids=["neither", "the pipeline's", "the engine's", "both"],
)
def test_the_engine_may_use_the_configured_buckets_or_else_the_pipelines(
    text: str, variables: dict[str, str], buckets: str
) -> None:
    engine = rendered(yaml.safe_load(text)["services"]["engine"], DOTENV | variables)
    assert engine["environment"]["ENGINE_BUCKETS"] == buckets
