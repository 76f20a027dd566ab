"""The programs of the stack: command, environment, port and health check of each.

docker-compose.yaml starts the same programs with the same environment in containers; a test compares the two.
Commands contain no address: the environment says where each program listens and where the others are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from aisle.groups.dataset_group import dataset_groups
from aisle.settings import PROJECT_ROOT, get_settings
from personalize_kinds.arns import Arn
from personalize_kinds.kinds import CAMPAIGN
from services.engine.resources import ACCOUNT_ID
from services.stack.secrets import StackSecrets
from services.stack.settings import AWS

REGION = "us-east-1"
#: Who logs in to Airflow and to the reports.
ADMIN = "admin"

#: Nothing of the stack calls home.
NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "SCARF_ANALYTICS": "False",
}


@dataclass(frozen=True)
class Component:
    """One program of the stack. Without a `health_url` it counts as healthy when Airflow says so, or at once."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    health_url: str | None = None


@dataclass(frozen=True)
class Addresses:
    """The addresses of this stack. An empty endpoint is Amazon's own."""

    airflow_port: int
    serving_port: int
    reports_port: int
    engine_port: int
    company_api_port: int
    s3_port: int
    airflow_database_url: str
    warehouse_url: str
    reader_url: str
    s3_endpoint: str
    personalize_endpoint: str
    company_api: str

    @property
    def airflow(self) -> str:
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def serving(self) -> str:
        return f"http://127.0.0.1:{self.serving_port}"

    @property
    def reports(self) -> str:
        return f"http://127.0.0.1:{self.reports_port}"


def endpoint(given: str, embedded: str) -> str:
    """Return the endpoint of a setting: the embedded one if empty, '' for Amazon's own."""
    return "" if given == AWS else given or embedded


def bucket() -> str:
    """The pipeline's bucket: the embedded S3 server creates it, and the engine may use no other."""
    return get_settings().storage.bucket


def aws_environment(at: Addresses, secrets: StackSecrets) -> dict[str, str]:
    """The variables that boto3 reads. With Amazon's own endpoints they are the caller's credentials."""
    if not at.s3_endpoint:
        return {}
    return {
        "AWS_ACCESS_KEY_ID": secrets.aws_access_key,
        "AWS_SECRET_ACCESS_KEY": secrets.aws_secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": at.s3_endpoint,
    }


def beside_airflow(at: Addresses, secrets: StackSecrets, home: Path) -> list[Component]:
    """The programs of services/ and the S3 server."""
    return [
        Component(
            "s3",
            ("python", "-m", "services.stack.object_store"),
            aws_environment(at, secrets),
            f"http://127.0.0.1:{at.s3_port}/health",
        ),
        Component(
            "engine",
            ("python", "-m", "services.engine"),
            {
                "ENGINE_HOST": "127.0.0.1",
                "ENGINE_PORT": str(at.engine_port),
                "ENGINE_BUCKETS": bucket(),
                "ENGINE_DATA_DIR": str(home / "engine"),
                **_engine_keys(at, secrets),
                **aws_environment(at, secrets),
            },
            f"http://127.0.0.1:{at.engine_port}/health/ready",
        ),
        Component(
            "company-api",
            ("python", "-m", "services.company_api"),
            {
                "COMPANY_API_HOST": "127.0.0.1",
                "COMPANY_API_PORT": str(at.company_api_port),
                "COMPANY_API_TOKEN": secrets.company_api_token,
            },
            f"http://127.0.0.1:{at.company_api_port}/health",
        ),
        Component(
            "serving",
            ("python", "-m", "services.serving"),
            {
                "SERVING_HOST": "127.0.0.1",
                "SERVING_PORT": str(at.serving_port),
                "SERVING_DATABASE_URL": at.reader_url,
                "SERVING_OPEN_PAGES": "true",
                "SERVING_IDENTITY_HASH_KEY": identity_hash_key(secrets),
                "SERVING_API_KEY_HASHES": hashlib.sha256(secrets.serving_api_key.encode()).hexdigest(),
                **_real_time(at, secrets),
                "SERVING_TOKEN_SECRET": secrets.serving_token_secret,
            },
            f"{at.serving}/health/live",
        ),
        Component(
            "reports",
            ("python", "-m", "services.reports"),
            {
                "REPORTS_HOST": "127.0.0.1",
                "REPORTS_PORT": str(at.reports_port),
                "REPORTS_DIRECTORY": str(home / "site"),
                "REPORTS_PASSWORD": secrets.admin_password,
            },
            f"{at.reports}/health",
        ),
    ]


def _engine_keys(at: Addresses, secrets: StackSecrets) -> dict[str, str]:
    """The access key of `aws_default`. With Amazon's S3 that is the caller's own, which no other program may see."""
    return {"ENGINE_ACCESS_KEYS": f"{secrets.aws_access_key}:{secrets.aws_secret_key}"} if at.s3_endpoint else {}


def _real_time(at: Addresses, secrets: StackSecrets) -> dict[str, str]:
    """Let serving ask the engine's campaigns of the environment's file, if it has any and the engine is embedded."""
    if not at.s3_endpoint or not at.personalize_endpoint:
        return {}
    campaigns = {group.name: group.real_time_campaign for group in dataset_groups()}
    arns = [
        f"{group}={Arn(REGION, ACCOUNT_ID, f'{CAMPAIGN.arn_type}/{name}')}" for group, name in campaigns.items() if name
    ]
    if not arns:
        return {}
    return {
        "SERVING_REAL_TIME": "true",
        "SERVING_CAMPAIGNS": ",".join(arns),
        "SERVING_PERSONALIZE_ENDPOINT_URL": at.personalize_endpoint,
        **aws_environment(at, secrets),
    }


SCHEDULER = "airflow-scheduler"
#: Airflow's four processes; the executor runs tasks inside the scheduler's process group. The API server reads the logs
#: of all from their files, so none of them has to serve its own, which it would do to the whole network.
AIRFLOW_COMMANDS: dict[str, tuple[str, ...]] = {
    "airflow-api-server": ("airflow", "api-server"),
    SCHEDULER: ("airflow", "scheduler", "--skip-serve-logs"),
    "airflow-dag-processor": ("airflow", "dag-processor"),
    "airflow-triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}


def airflow_components(environment: dict[str, str], *, schedulers: int = 1) -> list[Component]:
    """Schedulers, DAG processor, triggerer and API server, with one environment."""
    more = {f"{SCHEDULER}-{number}": AIRFLOW_COMMANDS[SCHEDULER] for number in range(2, schedulers + 1)}
    return [Component(name, command, environment) for name, command in {**AIRFLOW_COMMANDS, **more}.items()]


def identity_hash_key(secrets: StackSecrets) -> str:
    """The key of Airflow's programs, by which serving knows the same people: the caller's, or the stack's own."""
    return get_settings().identity.hash_key.get_secret_value() or secrets.identity_hash_key


def airflow_environment(
    at: Addresses, secrets: StackSecrets, home: Path, *, parallelism: int, first_order_at: str
) -> dict[str, str]:
    """Airflow's configuration, its connections, and Aisle's settings."""
    warehouse = at.warehouse_url.replace("postgresql://", "postgres://", 1)
    company = {"conn_type": "http", "host": at.company_api, "password": secrets.company_api_token}
    return {
        **NO_TELEMETRY,
        **_airflow_configuration(at, secrets, home, parallelism),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_WAREHOUSE": warehouse,
        "AIRFLOW_CONN_COMPANY_API": json.dumps(company),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(_aws_connection(at, secrets)),
        "AISLE_IDENTITY__HASH_KEY": secrets.identity_hash_key,
        "AISLE_INGEST__START_AT": first_order_at,
        "AISLE_STORAGE__BUCKET": bucket(),
        "AISLE_DOCS__DIRECTORY": str(home / "site"),
        "AISLE_DOCS__URL": at.reports,
        "AISLE_TRANSFORM__RUNS_DIRECTORY": str(home / "dbt"),
        **({"AISLE_PERSONALIZE__POLL_SECONDS": "2"} if at.personalize_endpoint else {}),
        **aws_environment(at, secrets),
    }


def passwords_file(home: Path) -> Path:
    """Where Airflow looks up the password of a user, and keeps those that it makes."""
    return home / "login" / "passwords.json"


def _airflow_configuration(at: Addresses, secrets: StackSecrets, home: Path, parallelism: int) -> dict[str, str]:
    return {
        "AIRFLOW__API__BASE_URL": at.airflow,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(at.airflow_port),
        "AIRFLOW__API__SECRET_KEY": secrets.airflow_api_secret,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.airflow_jwt_secret,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{at.airflow}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": secrets.airflow_fernet_key,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": at.airflow_database_url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": at.airflow_database_url.replace("+psycopg2:", "+psycopg:", 1),
        # Airflow sets them by itself, whatever the umask.
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__SCHEDULER__ENABLE_TRACEMALLOC": "False",
        # A scheduler that was killed is noticed, and its tasks taken up again, within a minute instead of five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "10",
        # Without it the worker of a task that deferred for a few seconds lingers, and its second half is marked failed.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def _aws_connection(at: Addresses, secrets: StackSecrets) -> dict[str, object]:
    """`aws_default`: where S3 and Personalize are. Without endpoints it is Amazon's own: nothing else differs."""
    extra: dict[str, object] = {"region_name": REGION}
    if at.s3_endpoint:
        extra["endpoint_url"] = at.s3_endpoint
    if at.personalize_endpoint:
        services = ("personalize", "personalize-runtime", "personalize-events")
        extra["service_config"] = {service: {"endpoint_url": at.personalize_endpoint} for service in services}
    connection: dict[str, object] = {"conn_type": "aws", "extra": extra}
    if at.s3_endpoint:
        connection |= {"login": secrets.aws_access_key, "password": secrets.aws_secret_key}
    return connection
