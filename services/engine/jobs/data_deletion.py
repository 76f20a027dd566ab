"""Deletion of users: remove the users in CSV files from datasets, single records and trained models.

Reads   all `.csv` files below `dataSource.dataLocation` and its subfolders: one column USER_ID.
Writes  new parts and model folders, each of which replaces the old one at once. A job that runs again after a crash
continues where it stopped: `removed` in its record counts the rows removed so far.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog

from personalize_kinds.kinds import DATASET, DATASET_GROUP, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE
from services.engine import s3
from services.engine.data import csv_rows
from services.engine.data.datasets import Datasets
from services.engine.data.ids import Ids, places_of
from services.engine.data.interactions import Interactions
from services.engine.errors import JobFailed
from services.engine.files import DataFolder, discard, publish
from services.engine.jobs.train import recipe_name
from services.engine.lifecycle import Completion
from services.engine.models.storage import TrainedModel, load, save
from services.engine.resources import Resource
from services.engine.schemas import Column, DatasetSchema
from services.engine.store import Store

log = structlog.get_logger()

MAX_BYTES = 100 * 10**6
USER_ID = "USER_ID"
_LIST_OF_USERS = DatasetSchema("USERS", (Column(USER_ID, "string", nullable=False),))


class DataDeletion:
    """The job of CreateDataDeletionJob."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._storage = storage

    def __call__(self, job: Resource) -> Completion:
        group_arn = job.body["datasetGroupArn"]
        users = _users(job, self._storage)
        for dataset in self._store.page(DATASET, where=(DATASET_GROUP.arn_member, group_arn)):
            if self._datasets.schema_of(dataset).column(USER_ID) is not None:
                self._remove_rows(job, dataset, users)
        for version in self._store.page(SOLUTION_VERSION, where=(DATASET_GROUP.arn_member, group_arn)):
            if version.status == ACTIVE:
                self._remove_from_model(version, users)
        n_deleted = sum(job.inner.get("removed", {}).values())
        log.info("users deleted", arn=job.arn, users=len(users), rows=n_deleted)

        def complete(job: Resource) -> None:
            job.body["numDeleted"] = n_deleted

        return complete

    def _remove_rows(self, job: Resource, dataset: Resource, users: Ids) -> None:
        """Rewrite the parts that hold any of the users; delete the old ones from disk, and retired ones too."""
        replaced, n_rows = {}, 0
        for part in self._datasets.parts(dataset):
            kept, n_removed = _without(part, users)
            if n_removed:
                replaced[part.name] = self._write(kept, part)
                n_rows += n_removed
        n_rows += self._datasets.records.remove(dataset.arn, (user.decode() for user in users.tolist()))
        with self._store.transaction():
            current = self._store.get(DATASET, dataset.arn)
            retired = _exchange(current, replaced)
            removed = job.inner.setdefault("removed", {})
            removed[dataset.arn] = removed.get(dataset.arn, 0) + n_rows
            self._store.save(current, job)
        for name in retired:
            discard(self._files.dataset(dataset) / name)
        self._datasets.refresh(dataset)

    def _write(self, table: object, part: Path) -> str:
        final = part.with_name(f"{part.stem.partition('~')[0]}~{uuid.uuid4().hex[:8]}.parquet")
        with self._files.scratch() as scratch:
            pq.write_table(table, scratch, compression="snappy")
            publish(scratch, final)
        return final.name

    def _remove_from_model(self, version: Resource, users: Ids) -> None:
        """Save the model without the users' histories and ids in a new folder, in place of the old one."""
        trained = load(recipe_name(version.body["recipeArn"]), self._files.model(version))
        known = trained.interactions
        kept = places_of(users, known.user_ids) < 0
        if kept.all():
            return
        remaining = Interactions(known.user_ids[kept], known.item_ids, known.histories.take(np.flatnonzero(kept)))
        with self._files.scratch() as scratch:
            save(TrainedModel(trained.model.without_users(kept), remaining), scratch)
            publish(scratch, self._files.model(version))


def _users(job: Resource, storage: s3.Storage) -> Ids:
    """Read the ids in all files of the job, sorted."""
    place = s3.location(job.body["dataSource"]["dataLocation"])
    sizes = storage.sizes(place, suffix=".csv", subfolders=True)
    if not sizes:
        raise JobFailed(f"No CSV file was found at {place}. Check the location.")
    if (n_bytes := sum(sizes.values())) > MAX_BYTES:
        raise JobFailed(
            f"The files at {place} have {n_bytes} bytes; a deletion takes at most {MAX_BYTES}. Create several jobs."
        )
    users: set[str] = set()
    for source in sizes:
        with storage.opened(source) as stream:
            rows = csv_rows.Rows(stream, _LIST_OF_USERS, source, [USER_ID])
            for batch in rows:
                users.update(batch[USER_ID].to_pylist())
    return np.sort(np.array([user.encode() for user in users], np.bytes_))


def _without(part: Path, users: Ids) -> tuple[object, int]:
    """Return the rows of a part without those of some users, and the number of rows left out."""
    table = pq.read_table(part)
    removed = pa.array([user.decode() for user in users.tolist()], pa.string())
    kept = table.filter(pc.invert(pc.is_in(table[USER_ID], value_set=removed)))
    return kept, len(table) - len(kept)


def _exchange(dataset: Resource, replaced: dict[str, str]) -> Iterable[str]:
    """Replace parts in a dataset's record; return the files that are no longer needed."""
    inner = dataset.inner
    parts: list[str] = inner.get("parts", [])
    unneeded = [*inner.get("retired", ()), *(part for part in parts if part in replaced)]
    after: dict[str, int] = inner.get("after", {})
    inner["parts"] = [replaced.get(part, part) for part in parts]
    inner["after"] = {replaced.get(part, part): seq for part, seq in after.items()}
    inner["retired"] = []
    return unneeded
