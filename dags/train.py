"""
# Train

Reads  asset `personalize_input` (the newest imports), the marts (for the hold-out).
Writes one version per solution in Personalize, its metrics to ops.model_metrics; the verdict on it to
ops.model_evaluations and ops.model_versions; asset `models`.

1. find_data – which imports there are to learn from
2. per solution: solution, plan_version, version (the training itself), store_metrics
3. find_candidates – which versions are new, and on which days they can be measured
4. twin – the same recipes, trained without those days, and asked; skipped where nothing can be measured
5. judge – the gate: against popularity and the live version (docs/model-life.md)
6. per published solution: approve (a person, if the settings want it), promote
7. campaign – serves the live version in real time; only where the settings name a campaign
8. announce

A solution whose data and recipe are those of its newest version is not trained again, unless `force` is set.
Safe to rerun: the run key names the versions, so a rerun finds the training it started; what is decided stays decided.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, chain, dag

from aisle.contracts.personalize import SOLUTIONS
from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.evaluate.campaign import serve_live
from aisle.evaluate.tasks import find_candidates, judge, promote_solution, train_twins
from aisle.personalize import QUESTIONS
from aisle.train.tasks import announce, find_data, train_solution

PARAMS = {
    "force": Param(False, type="boolean", description="Train even if neither data nor recipe has changed."),
    "reason": Param("on schedule, or by hand", type="string", description="Why this training was asked for."),
}
#: A person may take days to approve.
LIMITS = {"dagrun_timeout": timedelta(days=7)}


@dag(**line_dag("train", __doc__, clock="train") | LIMITS, params=RUN_KEY_PARAM | PARAMS)
def train() -> None:
    """The train leg."""
    data = find_data()
    trained = {solution.name: train_solution(solution, data) for solution in SOLUTIONS}
    published = {question.solution.name: trained[question.solution.name] for question in QUESTIONS}
    found = find_candidates(published)
    judged = judge(found)
    promoted = [promote_solution(question.solution, judged) for question in QUESTIONS]
    train_twins(found) >> judged
    chain([*trained.values(), *promoted], *serve_live(), announce())


train()
