"""A model's life, with the engine that trains it: measured, promoted, refused, approved, taken back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import psycopg

from aisle.warehouse import sql

RunDag = Callable[..., dict[str, str]]

SPOILED = """
update personalize.interactions
set item_id = format('P%s', lpad((1 + abs(hashtext(user_id || timestamp)) % 40)::text, 3, '0'))
"""


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def states(url: str) -> dict[tuple[str, str], str]:
    """(solution, run key of the training) → state."""
    versions = rows(url, "select solution, run_key, state from ops.model_versions")
    return {(solution, run_key): state for solution, run_key, state in versions}


def imported(s3: Any, personalize: Any, dataset_type: str) -> list[dict[str, str]]:
    """The rows of the CSV that the twins' dataset was last imported from."""
    jobs = personalize.list_dataset_import_jobs()["datasetImportJobs"]
    described = [
        personalize.describe_dataset_import_job(datasetImportJobArn=job["datasetImportJobArn"])["datasetImportJob"]
        for job in jobs
    ]
    suffix = f"dataset/aisle-holdout/{dataset_type}"
    uri = next(job["dataSource"]["dataLocation"] for job in described if job["datasetArn"].endswith(suffix))
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return list(csv.DictReader(io.StringIO(content)))


def used_by_twins(url: str, run_key: str) -> list[tuple[str, str, float, bool]]:
    """Kind, subject, quantity, whether skipped: what the page of costs finds of a run's twins."""
    with psycopg.connect(url) as connection:
        usage = connection.execute(sql("ui/cost/usage").encode(), {"n_days": 1, "n_rows": 100}).fetchall()
    return [
        (kind, subject, quantity, skipped)
        for _, kind, subject, key, quantity, skipped in usage
        if key == run_key and "holdout" in subject
    ]


def test_a_good_model_goes_live_unseen_days_unseen_and_a_spoiled_one_leaves_it_live(
    seasons: str, personalize: Any, run_dag: RunDag, s3: Any
) -> None:
    run_dag("export", "one")
    ran = run_dag("train", "one")
    assert {ran[f"promote-{name}.promote"] for name in ("user-personalization", "similar-items")} == {"success"}
    assert {ran[f"promote-{name}.approve"] for name in ("user-personalization", "similar-items")} == {"skipped"}
    assert states(seasons) == {("user-personalization", "one"): "live", ("similar-items", "one"): "live"}

    [(cut_off, newest)] = rows(
        seasons, "select max(timestamp) - 7 * 86400, max(timestamp) from personalize.interactions"
    )
    learned = [int(row["TIMESTAMP"]) for row in imported(s3, personalize, "INTERACTIONS")]
    assert len(learned) == 150 * 12
    assert max(learned) <= cut_off < newest

    figures = {
        (arn.split("/")[1], subject): value
        for arn, subject, value in rows(
            seasons,
            "select solution_version_arn, subject, value from ops.model_evaluations where metric = 'ndcg_at_10'",
        )
    }
    model = "aisle-user-personalization"
    assert figures[model, "candidate"] > 2 * figures[model, "popularity"] > 0
    assert (model, "live") not in figures

    used = used_by_twins(seasons, "one")
    assert {kind for kind, *_ in used} == {"ingestion", "training", "batch"}
    assert all("holdout" in subject and quantity and not skipped for _, subject, quantity, skipped in used)
    assert ("batch", 150) in {(kind, quantity) for kind, _, quantity, _ in used}  # one line per user of the hold-out
    own = rows(seasons, "select details ->> 'training_hours' from ops.receipts where stage = 'train'")
    assert len(own) == 3
    assert all(float(hours) > 0 for (hours,) in own)

    with psycopg.connect(seasons) as connection:
        connection.execute(SPOILED.encode())
    run_dag("export", "two")
    ran = run_dag("train", "two")
    assert ran["decide"] == ran["announce"] == "success"
    assert ran["promote-user-personalization.promote"] == "skipped"
    assert states(seasons) == {
        ("user-personalization", "one"): "live",
        ("similar-items", "one"): "live",
        ("user-personalization", "two"): "rejected",
        ("similar-items", "two"): "rejected",
    }
    [(reason, by)] = rows(
        seasons,
        "select reason, decided_by from ops.model_versions where solution = 'user-personalization' and run_key = 'two'",
    )
    assert by == "gate"
    assert "times" in reason

    assert set(run_dag("recommend", "three").values()) == {"success"}
    answered = personalize.list_batch_inference_jobs()["batchInferenceJobs"]
    by_the_pipeline = {job["solutionVersionArn"] for job in answered if "holdout" not in job["solutionVersionArn"]}
    live = {arn for (arn,) in rows(seasons, "select solution_version_arn from ops.model_versions where state = 'live'")}
    assert by_the_pipeline == live
