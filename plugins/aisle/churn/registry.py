"""The versions of the churn model: one is live, one is previous, others are rejected or retired.

`ops.model_versions` keeps solution versions of Personalize per dataset group, by ARN; a model of churn has neither. The
model itself is a JSON file on S3, of which the registry keeps the digest.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from aisle.churn.errors import ModelUnusable
from aisle.churn.figures import Measured
from aisle.churn.model import ChurnModel, load
from aisle.evaluation.gate import Decision
from aisle.objects import S3Uri
from aisle.warehouse import sql

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, from where and on how many examples, and the figures of its twin and of recency alone."""

    model: ChurnModel
    first_date: date
    last_date: date
    n_examples: int
    measured_on: date
    measured: Measured
    recency: Measured


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The model that predicts, and the run that trained it."""

    version: str
    model: ChurnModel


def store(s3: Any, place: S3Uri, model: ChurnModel) -> str:
    """Write a model to S3; return its digest. `s3` is a boto3 client."""
    body = model.dump()
    s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType="application/json")
    return hashlib.sha256(body).hexdigest()


def state_of(connection: Connection, run_key: str) -> str | None:
    """Return the state of the version that a run has trained; None if it has trained none yet."""
    row = connection.execute(sql("ops/churn_models/state_of").encode(), {"run_key": run_key}).fetchone()
    return str(row[0]) if row else None


def register(
    connection: Connection, run_key: str, trained: Trained, decision: Decision, place: S3Uri, digest: str
) -> str:
    """Register a new version, and make it live if it is promoted; return its state."""
    connection.execute(sql("ops/churn_models/lock").encode())
    if decision.passed:
        _move(connection, "previous", "retired")
        _move(connection, "live", "previous")
    figures = {name: value for name, value in asdict(trained.measured).items() if name != "calibration_chance"}
    values = {
        **figures,
        "run_key": run_key,
        "state": "live" if decision.passed else "rejected",
        "reason": decision.reason,
        "uri": str(place),
        "sha256": digest,
        "horizon_days": trained.model.horizon_days,
        "first_date": trained.first_date,
        "last_date": trained.last_date,
        "n_examples": trained.n_examples,
        "measured_on": trained.measured_on,
        "recency_auc": trained.recency.auc,
        "recency_brier": trained.recency.brier,
        "bins": Jsonb(figures["bins"]),
    }
    connection.execute(sql("ops/churn_models/register").encode(), values)
    log.info("model %s of churn is %s: %s", run_key, values["state"], decision.reason)
    return str(values["state"])


def live_model(connection: Connection, s3: Any) -> LiveModel | None:
    """Return the live model; None if there is none. Raises ModelUnusable if the file is not the registered one."""
    row = connection.execute(sql("ops/churn_models/live").encode()).fetchone()
    if row is None:
        return None
    version, uri, digest = row
    place = S3Uri.parse(uri)
    body: bytes = s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
    if hashlib.sha256(body).hexdigest() != digest:
        raise ModelUnusable(f"reading the model of churn at {uri}: it was changed; train a new one with `churn_train`")
    return LiveModel(version, load(body))


def why_none(connection: Connection) -> str:
    """Return why no model is live, for a person."""
    row = connection.execute(sql("ops/churn_models/newest_rejected").encode()).fetchone()
    return f"the newest model was rejected: {row[0]}" if row else "none was trained yet: start `churn_train`"


def _move(connection: Connection, from_state: str, to_state: str) -> None:
    connection.execute(sql("ops/churn_models/move").encode(), {"from_state": from_state, "to_state": to_state})
