"""Write deferred tasks into Airflow's tables, as workers do: one run of one mapped task, with a trigger for each.

Run by `benchmarks.airflow.deferred_waits` as a process of its own, because Airflow reads its configuration on import.
"""

from __future__ import annotations

import argparse
from itertools import cycle, islice
from typing import Any

from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.sdk import DAG, timezone
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete

from airflow_personalize.operators.personalize import PersonalizeCreateDatasetGroupOperator
from airflow_personalize.triggers.personalize import PersonalizeDatasetGroupActiveTrigger

BUNDLE = "benchmark"


def main() -> None:
    options = _options()
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
    dag = _stored(_dag(options.waits))
    with create_session() as session:
        run = _run(dag, session)
        session.execute(delete(TaskInstance))  # the task instance from before the mapping
        version = SerializedDagModel.get(dag.dag_id, session=session).dag_version_id
        for index, arn in enumerate(islice(cycle(options.arns), options.waits)):
            session.add(_deferred(dag.get_task("wait"), version, run.run_id, index, arn, options.delay))


def _dag(waits: int) -> DAG:
    with DAG("waits", schedule=None) as dag:
        names = [str(number) for number in range(waits)]
        PersonalizeCreateDatasetGroupOperator.partial(task_id="wait", deferrable=True).expand(name=names)
    return dag


def _stored(dag: DAG) -> SerializedDAG:
    """Store a DAG and return it as Airflow serializes it."""
    lazy = LazyDeserializedDAG.from_dag(dag)
    SerializedDAG.bulk_write_to_db(BUNDLE, None, [lazy])
    SerializedDagModel.write_dag(lazy, BUNDLE)
    return DagSerialization.from_dict(lazy.data)


def _run(dag: SerializedDAG, session: Any) -> Any:
    now = timezone.utcnow()
    return dag.create_dagrun(
        run_id="benchmark", run_after=now, run_type=DagRunType.MANUAL, state=DagRunState.RUNNING,
        triggered_by=DagRunTriggeredByType.TEST, session=session,
    )  # fmt: skip


def _deferred(task: Any, version: Any, run_id: str, index: int, arn: str, delay: int) -> TaskInstance:
    instance = TaskInstance(task, dag_version_id=version, run_id=run_id, map_index=index)
    instance.state = TaskInstanceState.DEFERRED
    instance.next_method = "execute_complete"
    instance.trigger = Trigger.from_object(PersonalizeDatasetGroupActiveTrigger(arn=arn, waiter_delay=delay))
    return instance


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, required=True)
    parser.add_argument("--delay", type=int, required=True)
    parser.add_argument("arns", nargs="+", help="resources to wait for, in turn")
    return parser.parse_args()


if __name__ == "__main__":
    main()
