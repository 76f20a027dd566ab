"""All checks in turn, printed as they come. A check that cannot be made is a finding, too."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import boto3
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from aisle.errors import AisleError
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.resources.live import Service
from aisle.warehouse import connect
from services.doctor.api import ApiChecks
from services.doctor.data import DataChecks
from services.doctor.findings import Finding, State
from services.doctor.permissions import Permissions
from services.doctor.service import ServiceChecks
from services.resources import clients
from services.terminal import TerminalConsole

Check = Callable[[], Finding]

#: Older lists are served as stale; the API's own setting may differ.
_CACHE_TTL = timedelta(hours=6)
_STYLES: dict[State, str] = {"ok": "green", "look": "yellow", "failed": "bold red"}
_OF_EACH_GROUP = (
    DataChecks.freshness, DataChecks.catalogue, DataChecks.lookups, DataChecks.learning, DataChecks.outbox,
)  # fmt: skip
#: What keeps a check from being made.
_CANNOT = (AisleError, psycopg.Error, BotoCoreError, ClientError)


def examine(checks: Iterator[tuple[str, Check]], console: TerminalConsole) -> int:
    """Make the checks, print each finding and return the exit status: 1 if anything has failed."""
    counts: Counter[State] = Counter()
    for subject, check in checks:
        finding = _made(subject, check)
        counts[finding.state] += 1
        _show(finding, console)
    console.print(f"{counts['failed']} failed, {counts['look']} to look at, {counts['ok']} ok")
    return 1 if counts["failed"] else 0


def checks_of_data(url: str) -> Iterator[tuple[str, Check]]:
    """Yield the checks of the warehouse, each in a connection of its own: one that fails spoils no other."""
    for group in dataset_groups():
        for method in _OF_EACH_GROUP:
            yield f"{method.__name__} of {group.name}", _in_warehouse(url, group, method)
    first = dataset_groups()[0]
    for method in (DataChecks.samples, DataChecks.received):
        yield method.__name__, _in_warehouse(url, first, method)


def checks_of_api(url: str, api_key: str) -> Iterator[tuple[str, Check]]:
    """Yield the checks of the serving API."""
    api = ApiChecks.of(url, api_key, os.environ.get("AMPLITUDE_WEBHOOK_SECRET", ""))
    yield "API", api.readiness
    yield "webhook", api.webhook


def checks_of_service(*, aws: bool) -> Iterator[tuple[str, Check]]:
    """Yield the checks of Personalize or of the engine, and, on AWS, of the caller's permissions."""
    if aws:
        yield "permissions", _permissions
    for group in dataset_groups():
        yield f"event tracker of {group.name}", _in_service(group, ServiceChecks.tracker, aws=aws)
        yield f"imports of {group.name}", _in_service(group, ServiceChecks.imports, aws=aws)


def checks_of_logs(folder: Path) -> Iterator[tuple[str, Check]]:
    """Yield a check of the log of each program of the stack."""
    for path in sorted(folder.glob("*.log")):
        yield f"log {path.name}", partial(log, path)


def log(path: Path) -> Finding:
    """Count the errors in a log. Their texts stay there: they may be about persons."""
    with path.open("rb") as entries:
        n_errors = sum(b'"level": "error"' in entry or b"Traceback (most recent" in entry for entry in entries)
    look = f"read {path}" if n_errors else ""
    return Finding(f"log of {path.stem}", "look" if n_errors else "ok", [f"{n_errors} errors"], look)


def _in_warehouse(url: str, group: DatasetGroup, method: Callable[[DataChecks], Finding]) -> Check:
    def check() -> Finding:
        with connect(url) as connection:
            connection.set_read_only(True)
            return method(DataChecks(connection, group, _CACHE_TTL))

    return check


def _in_service(group: DatasetGroup, method: Callable[[ServiceChecks], Finding], *, aws: bool) -> Check:
    def check() -> Finding:
        service: Service = clients.service(aws=aws)
        return method(ServiceChecks(service, group))

    return check


def _permissions() -> Finding:
    return Permissions(boto3.client("sts"), boto3.client("iam"), boto3.client("personalize")).check()


def _made(subject: str, check: Check) -> Finding:
    try:
        return check()
    except psycopg.errors.UndefinedTable as error:
        missing = error.diag.message_primary or ""
        return Finding(subject, "failed", [f"could not be checked: {missing}"], "run `aisle migrate`, start transform")
    except _CANNOT as error:
        reason = " ".join(str(error).split())
        return Finding(subject, "failed", [f"could not be checked: {type(error).__name__}: {reason}"])


def _show(finding: Finding, console: TerminalConsole) -> None:
    console.print(f"{finding.state:<7}{finding.subject}", style=_STYLES[finding.state], soft_wrap=True)
    for fact in finding.facts:
        console.print(f"       {fact}", soft_wrap=True)
    if finding.remedy:
        console.print(f"       → {finding.remedy}", soft_wrap=True)
