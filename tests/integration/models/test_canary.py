"""The canary before a version goes live: what passes, what is stopped, and that it is always deleted."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.dag.groups import param_of
from aisle.groups.dataset_group import dataset_group
from aisle.groups.environment_file import load
from aisle.models import registry
from aisle.models.registry import Version
from aisle.resources.apply import apply, plans
from aisle.resources.live import Service
from tests.integration.engine_process import EngineProcess
from tests.integration.faults.proxy import Answer, Fault, FaultProxy
from tests.waiting import settled, wait_for

ENVIRONMENT = """
groups:
  - name: shop
    datasets: {interactions: {}}
    solutions:
      for-you:
        recipe: aws-user-personalization
        campaigns:
          home: {exploration: {weight: 0}, canary: {questions: 20}}
      sorted:
        recipe: aws-personalized-ranking
        campaigns:
          search: {canary: {questions: 20}}
"""
#: Where the tasks of the canary stand.
CANARY = "promote-for-you.canary-shop-home"
ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
NOTHING = Answer(200, {"Content-Type": "application/json"}, b'{"itemList": [], "recommendationId": "1"}')
REFUSED = Answer(400, {"x-amzn-ErrorType": "InvalidInputException", "Content-Type": "application/json"}, b"{}")

Trained = dict[str, list[str]]
Release = Callable[..., dict[str, str]]


class BetweenCanaries(FaultProxy):
    """In front of the runtime; canaries can be made to answer something else."""

    instead: Answer | Fault | None = None

    def answer(self, operation: str, path: str, headers: dict[str, str], body: bytes) -> Answer | Fault:
        if self.instead and json.loads(body)["campaignArn"].endswith("-canary"):
            self.sent[f"canary {operation}"] += 1
            return self.instead
        return super().answer(operation, path, headers, body)


@pytest.fixture
def canaries(personalize: Any, engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BetweenCanaries]:
    """A proxy between the tasks and the campaigns."""
    proxy = BetweenCanaries(engine_url)
    with proxy.running():
        connection = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
        connection["extra"]["service_config"]["personalize-runtime"]["endpoint_url"] = proxy.url
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        yield proxy


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[EngineProcess]:
    """One engine for the tests of this file, with three versions of each solution."""
    running = EngineProcess(tmp_path_factory.mktemp("canaries") / "data", s3_endpoint)
    yield running
    assert running.stop() == 0


@pytest.fixture
def engine_url(engine: EngineProcess) -> Iterator[str]:
    """Its address; no test finds the campaigns of another."""
    yield engine.url
    client = engine.client()
    for name in campaigns(client):
        client.delete_campaign(campaignArn=f"{ACCOUNT}:campaign/{name}")
    wait_for(lambda: not client.list_campaigns()["campaigns"], "the end of every campaign")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _short_way: None) -> Path:
    """The file of the environment, which the settings name."""
    from aisle.settings import get_settings

    path = tmp_path / "shop.yaml"
    path.write_text(ENVIRONMENT)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(path))
    get_settings.cache_clear()
    return path


@pytest.fixture
def service(personalize: Any) -> Service:
    return Service(personalize, poll_seconds=0.1, patience_seconds=120)


@pytest.fixture
def trained(file: Path, marts: str, service: Service, s3: Any, bucket: str) -> dict[str, list[str]]:
    """ARNs of three versions of each solution, which have learned from the marts; the engine has no campaign."""
    client = service.client
    if not client.list_solutions()["solutions"]:
        apply(service, load(file))
        import_marts(client, marts, s3, bucket)
        for solution in ["for-you", "sorted"] * 3:
            client.create_solution_version(solutionArn=f"{ACCOUNT}:solution/shop-{solution}")
    return {solution: list(trained_versions(client, solution)) for solution in ("for-you", "sorted")}


def trained_versions(client: Any, solution: str) -> Iterator[str]:
    versions = client.list_solution_versions(solutionArn=f"{ACCOUNT}:solution/shop-{solution}")["solutionVersions"]
    for version in sorted(versions, key=lambda version: version["creationDateTime"]):
        arn = version["solutionVersionArn"]
        assert settled(partial(describe_version, client, arn))["status"] == "ACTIVE"
        yield arn


def describe_version(client: Any, arn: str) -> dict[str, Any]:
    description: dict[str, Any] = client.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]
    return description


def import_marts(client: Any, marts: str, s3: Any, bucket: str) -> None:
    columns = "user_id,item_id,event_type,event_value,timestamp"
    copy = f"copy (select {columns} from personalize.interactions) to stdout csv".encode()
    with psycopg.connect(marts) as connection, connection.cursor() as cursor, cursor.copy(copy) as rows:
        body = b"".join([columns.upper().encode(), b"\n", *rows])
    s3.put_object(Bucket=bucket, Key="interactions.csv", Body=body)
    job = client.create_dataset_import_job(
        jobName="once",
        datasetArn=f"{ACCOUNT}:dataset/shop/INTERACTIONS",
        dataSource={"dataLocation": f"s3://{bucket}/interactions.csv"},
        roleArn="arn:aws:iam::000000000000:role/reader",
    )["datasetImportJobArn"]
    imported = settled(lambda: client.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
    assert imported["status"] == "ACTIVE", imported


def life_of(key: str, arn: str) -> Any:
    """What `train` does with a version that has passed the gate; a task that fails is not tried again."""
    from airflow.sdk import chain, dag

    from aisle.dag.campaign import admit, serve_live
    from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
    from aisle.stages.train.evaluation import promote_solution

    group = dataset_group("shop")

    @dag(**stage_dag("life", None) | {"default_args": {"retries": 0}}, params=RUN_KEY_PARAM | param_of(group))
    def life() -> None:
        chain(promote_solution(group, key, admit({key: arn})), *serve_live(group))

    return life()


@pytest.fixture
def release(
    airflow_metadata: None, canaries: BetweenCanaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Release:
    """Let a trained version go through canary, promotion and campaigns; gives the state of each task by its name."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    folder = tmp_path / "dags"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(folder))
    DagBundlesManager().sync_bundles_to_db()

    def run(key: str, arn: str, run_key: str) -> dict[str, str]:
        bag = DagBag(str(folder))
        bag.bag_dag(life := life_of(key, arn))
        sync_bag_to_db(bag, "dags-folder", None)
        ended = life.test(run_conf={"run_key": run_key})
        return {task.task_id: str(task.state) for task in ended.get_task_instances()} | {"run": str(ended.state)}

    return run


def campaigns(client: Any) -> dict[str, str]:
    """Which version each campaign serves."""
    arns = [campaign["campaignArn"] for campaign in client.list_campaigns()["campaigns"]]
    described = [client.describe_campaign(campaignArn=arn)["campaign"] for arn in arns]
    return {campaign["name"]: campaign["solutionVersionArn"] for campaign in described}


def serve(client: Any, key: str, campaign: str, arn: str) -> None:
    """Make a version live, and let a campaign serve it."""
    registry.register(dataset_group("shop"), key, arn, "zero")
    registry.promote(key, arn, "gate", "the first")
    client.create_campaign(name=campaign, solutionVersionArn=arn)


def receipt_of(marts: str, run_key: str, subject: str = "shop-home-canary") -> dict[str, Any]:
    query = "select details from ops.receipts where stage = 'evaluate' and run_key = %s and subject = %s"
    with psycopg.connect(marts) as connection:
        [[details]] = connection.execute(query, (run_key, subject)).fetchall()
    assert isinstance(details, dict)
    return details


def test_a_canary_that_answers_lets_the_campaign_move_and_goes(
    marts: str, file: Path, service: Service, trained: Trained, release: Release
) -> None:
    first, second, _ = trained["for-you"]
    assert set(release("for-you", first, "one").values()) <= {"success", "skipped"}
    assert campaigns(service.client) == {"shop-home": first}
    receipt = receipt_of(marts, "one")
    assert (receipt["n_questions"], receipt["n_empty"], receipt["errors"], receipt["overlap"]) == (20, 0, {}, None)

    states = release("for-you", second, "two")
    assert (states[f"{CANARY}.ask_canary"], states["run"]) == ("success", "success")
    assert campaigns(service.client) == {"shop-home": second}
    receipt = receipt_of(marts, "two")
    assert (receipt["solution_version"], receipt["objections"], receipt["overlap"]) == (second, [], 1.0)
    assert 0 < receipt["median_ms"] <= receipt["p95_ms"]
    plan = plans(service, load(file))[0]
    assert [change.resource.title for change in plan.changes if change.action != "unchanged"] == [
        "campaign shop-search"
    ]


def test_a_version_that_cannot_answer_is_rejected_and_nothing_else_changes(
    marts: str, service: Service, trained: Trained, release: Release, canaries: BetweenCanaries
) -> None:
    first, second, _ = trained["for-you"]
    serve(service.client, "for-you", "shop-home", first)
    canaries.instead = NOTHING
    states = release("for-you", second, "one")
    assert states[f"{CANARY}.ask_canary"] == states["run"] == "failed"
    assert states[f"{CANARY}.delete"] == "success"
    assert {states["promote-for-you.promote"], states["campaigns.shop-home.update"]} == {"upstream_failed"}
    assert campaigns(service.client) == {"shop-home": first}
    assert registry.live_version("for-you") == first
    reason = "20 of 20 questions without an answer (20 empty lists, no errors), at most 1.0% may be"
    assert registry.newest_in_state("for-you", "rejected") == Version(
        "for-you", second, "rejected", f"canary: {reason}"
    )
    assert receipt_of(marts, "one")["objections"] == [reason]

    canaries.instead = None
    assert release("for-you", second, "two")[f"{CANARY}.plan_canary"] == "skipped"
    assert campaigns(service.client) == {"shop-home": first}


def test_a_broken_connection_leaves_the_first_version_a_candidate_and_empty_lists_keep_it_from_going_live(
    service: Service, trained: Trained, release: Release, canaries: BetweenCanaries
) -> None:
    arn = trained["for-you"][0]
    for instead, state in ((Fault.REQUEST_LOST, "candidate"), (NOTHING, "rejected")):
        canaries.instead = instead
        states = release("for-you", arn, "one")
        assert (states[f"{CANARY}.ask_canary"], states[f"{CANARY}.delete"]) == ("failed", "success")
        assert campaigns(service.client) == {}
        assert registry.newest_in_state("for-you", state) is not None
        assert registry.live_version("for-you") is None


def test_a_leftover_canary_answers_for_the_new_version(
    service: Service, trained: Trained, release: Release, canaries: BetweenCanaries
) -> None:
    old, new, _ = trained["for-you"]
    service.client.create_campaign(name="shop-home-canary", solutionVersionArn=old)
    served_when_asked: set[str] = set()
    answer = canaries.answer

    def look(operation: str, path: str, headers: dict[str, str], body: bytes) -> Answer | Fault:
        served_when_asked.add(campaigns(service.client)["shop-home-canary"])
        return answer(operation, path, headers, body)

    canaries.answer = look  # type: ignore[method-assign]
    assert release("for-you", new, "one")["run"] == "success"
    assert served_when_asked == {new}
    assert campaigns(service.client) == {"shop-home": new}


def test_a_ranking_follows_its_newest_version_once_that_has_ranked_what_users_turned_to(
    marts: str, service: Service, trained: Trained, release: Release, canaries: BetweenCanaries
) -> None:
    first, second, third = trained["sorted"]
    serve(service.client, "sorted", "shop-search", first)
    assert release("sorted", second, "one")["run"] == "success"
    assert canaries.sent == {"personalize-ranking": 2 * 20}
    assert campaigns(service.client) == {"shop-search": second}
    assert receipt_of(marts, "one", "shop-search-canary")["overlap"] == 1.0
    reason = "only campaigns ask it, so nothing measures it"
    assert registry.newest_in_state("sorted", "live") == Version("sorted", second, "live", reason)

    canaries.instead = REFUSED
    assert release("sorted", third, "two")["run"] == "failed"
    assert receipt_of(marts, "two", "shop-search-canary")["errors"] == {"InvalidInputException": 20}
    assert campaigns(service.client) == {"shop-search": second}


@pytest.mark.usefixtures("file")
def test_who_clears_the_questions_clears_the_campaign_that_is_asked_and_its_deletion() -> None:
    cleared = life_of("for-you", "arn").partial_subset(
        f"{CANARY}.ask_canary", include_upstream=False, include_downstream=True
    )
    names = {"plan_canary", "campaign", "ask_canary", "delete"}
    assert {f"{CANARY}.{name}" for name in names} <= set(cleared.task_ids)
