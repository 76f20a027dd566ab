"""The pipeline's stages, a row each, from left to right, and the DAGs that look after it.

Settings, pools, priorities, deadlines, the index of the DAGs, the page Pipeline, the demo, retention and erasure read
this table. To add a stage: a row here, a package in `aisle.stages`, a file in `dags/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: Instead of a cron expression: no clock starts the DAG.
BY_HAND: Final = "manual"

#: Airflow's pools: how many tasks may lean on one neighbour at a time. include/airflow/pools.json has their sizes.
WAREHOUSE: Final = "warehouse"
PERSONALIZE: Final = "personalize"
COMPANY_API: Final = "company_api"
BACKFILL: Final = "backfill"

POOLS: Final = (WAREHOUSE, PERSONALIZE, COMPANY_API, BACKFILL)

#: What the files below a prefix are, and with it how erasure takes a person out of them: from the customer of each
#: order of a page, or by leaving out the records of the user. A list of who is erased goes when that is done. A model
#: is of nobody.
Contents = Literal["pages", "records", "erasures", "models"]


@dataclass(frozen=True)
class Stage:
    """One DAG: when it runs, what it takes and gives, and what it leaves behind.

    `schedule` and `deadline_minutes` are the defaults of settings; None means that there is no such setting.
    """

    name: str
    #: What it does, in a few words; for the stages that have a card on the page Pipeline.
    purpose: str = ""
    #: Cron expression, UTC.
    schedule: str | None = None
    #: The stage whose new output starts it.
    follows: str | None = None
    #: What its output is called.
    output: str = ""
    #: The stage whose clock its output must keep pace with; its own if empty.
    paced_by: str = ""
    #: Each dataset group has a DAG of its own.
    is_per_group: bool = False
    #: Orders reach the cache without it.
    is_optional: bool = False
    #: A demo runs it nevertheless.
    is_in_demo: bool = False
    #: Minutes after which a run that is not over is late; 0: never.
    deadline_minutes: float | None = None
    #: The pool of its tasks, unless a task names another one.
    pool: str = WAREHOUSE
    #: Who gets the next free worker: minute schedules and DAGs started by hand first, background work last.
    priority: int = 5
    #: Prefix of its files on S3, which ends in '/', and what they are.
    prefix: str | None = None
    contents: Contents | None = None

    @property
    def pace(self) -> str:
        """The stage whose schedule says how fresh its output must be."""
        return self.paced_by or self.name

    @property
    def is_in_pipeline(self) -> bool:
        """Whether it has a place between the company API and the cache."""
        return bool(self.purpose)


STAGES: Final = (
    Stage(
        "ingest", "orders from the company API", schedule="*/15 * * * *", output="orders", deadline_minutes=15,
        pool=COMPANY_API, priority=10, prefix="ingest/", contents="pages",
    ),
    Stage(
        "transform", "raw orders into marts", follows="ingest", output="marts", paced_by="export", deadline_minutes=30,
    ),
    Stage(
        "export", "marts into Personalize's datasets", schedule="0 2 * * *", output="datasets", is_per_group=True,
        deadline_minutes=120, prefix="export/", contents="records",
    ),
    Stage(
        "train", "datasets into models", schedule="0 3 * * 0", output="models", is_per_group=True, deadline_minutes=720,
        prefix="evaluate/", contents="records",
    ),
    Stage(
        "retrain", "whether it is time to train again", schedule="0 4 * * *", is_per_group=True, is_optional=True,
        deadline_minutes=60,
    ),
    Stage(
        "recommend", "models into lists", schedule="0 */6 * * *", output="lists", is_per_group=True,
        deadline_minutes=240, prefix="recommend/", contents="records",
    ),
    Stage(
        "publish", "lists into the cache", follows="recommend", output="cache", paced_by="recommend", is_per_group=True,
        deadline_minutes=30,
    ),
    Stage(
        "events", "purchases to the event tracker", schedule="* * * * *", output="events", is_optional=True,
        deadline_minutes=5, pool=COMPANY_API, priority=10,
    ),
    Stage(
        "churn_train", "past purchases into a model of churn", schedule="0 5 * * 0", output="model of churn",
        is_optional=True, is_in_demo=True, deadline_minutes=120, priority=3, prefix="churn/", contents="models",
    ),
    Stage(
        "churn_score", "customers into risks of churn", schedule="30 5 * * *", output="risks", is_optional=True,
        is_in_demo=True, deadline_minutes=60,
    ),
    Stage("maintain", schedule="30 4 * * *", deadline_minutes=120, priority=1),
    Stage("backfill", pool=BACKFILL, priority=1),
    Stage("erase", prefix="erase/", contents="erasures"),
    Stage("accept", priority=10),
    Stage("invalidate", priority=10),
    Stage("rollback", priority=10),
    Stage("shop", priority=10),
    Stage("resources", pool=PERSONALIZE),
    Stage("teardown", pool=PERSONALIZE),
)  # fmt: skip

BY_NAME: Final = {stage.name: stage for stage in STAGES}
#: The stages between the company API and the cache, from left to right.
PIPELINE: Final = tuple(stage for stage in STAGES if stage.is_in_pipeline)
#: What a demo walks through: those that no order gets around, and some that are worth seeing.
DEMO: Final = tuple(stage for stage in PIPELINE if stage.is_in_demo or not stage.is_optional)
#: The names of those that each dataset group has for itself.
GROUP_STAGES: Final = tuple(stage.name for stage in STAGES if stage.is_per_group)


def prefixes(*contents: Contents) -> tuple[str, ...]:
    """Return the S3 prefixes whose files are of these kinds; of every kind if none is named."""
    return tuple(stage.prefix for stage in STAGES if stage.prefix and (not contents or stage.contents in contents))
