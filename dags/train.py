"""
# Train

Reads  asset `personalize_input` (the newest imports), the marts (for the hold-out).
Writes one version per solution in Personalize, its metrics to ops.model_metrics; the decision on it to
ops.model_evaluations and ops.model_versions; asset `models`.

1. find_data – which imports there are to learn from
2. per solution: solution, plan_version, version (the training itself), store_metrics
3. find_candidates – which versions are new, and on which days they can be measured
4. twin – the same recipes, trained without those days, and asked; skipped where nothing can be measured
5. decide – the gate: against popularity and the live version (docs/model-life.md)
6. per published solution: approve (a person, if the settings want it), canary (if its campaign wants one), promote
7. campaigns – serve the live versions in real time; only where the file describes some
8. announce

There is one such DAG per dataset group.
A solution whose data and recipe are those of its newest version is not trained again, unless `force` is set.
Safe to rerun: the run key names the versions, so a rerun finds the training it started; what is decided stays decided.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, chain, dag

from aisle.dag.campaign import admit, only_served, serve_live
from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.groups import param_of
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.stages.train.evaluation import decide, find_candidates, promote_solution, train_twins
from aisle.stages.train.tasks import announce, find_data, train_solution

PARAMS = {
    "force": Param(False, type="boolean", description="Train even if neither data nor recipe has changed."),
    "reason": Param("on schedule, or by hand", type="string", description="Why this training was asked for."),
}
#: A person may take days to approve.
LIMITS = {"dagrun_timeout": timedelta(days=7)}


def train_for(group: DatasetGroup) -> None:
    """Create the train DAG of a group."""
    published, served = [question.solution for question in group.questions], only_served(group)

    @dag(
        **stage_dag("train", __doc__, group=group, clock="train") | LIMITS,
        params=RUN_KEY_PARAM | PARAMS | param_of(group),
    )
    def train() -> None:
        data = find_data()
        trained = {key: train_solution(group, key, data) for key in group.solutions}
        candidates = find_candidates({key: trained[key] for key in published})
        decisions = decide(candidates)
        train_twins(group, candidates) >> decisions
        promoted = [promote_solution(group, key, decisions) for key in published]
        if served:
            admitted = admit({key: trained[key] for key in served})
            promoted += [promote_solution(group, key, admitted) for key in served]
        chain([*trained.values(), *promoted], *serve_live(group), announce(group))

    train()


for dataset_group in dataset_groups():
    train_for(dataset_group)
