"""The datasets of a group as tables: the parts of bulk imports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import EventSelection, load_interactions
from services.engine.data.training import Training
from services.engine.errors import JobFailed
from services.engine.files import DataFolder
from services.engine.resources import DATASET, DATASET_GROUP, Resource
from services.engine.store import Store

ID_COLUMNS = {"ITEMS": "ITEM_ID", "USERS": "USER_ID"}


class Datasets:
    """What a dataset group holds at this moment."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files

    def find(self, group_arn: str, dataset_type: str) -> Resource | None:
        """The group's dataset of a type, such as INTERACTIONS."""
        found = self._store.page(DATASET, where=(DATASET_GROUP.arn_member, group_arn))
        return next((one for one in found if one.body["datasetType"] == dataset_type), None)

    def parts(self, dataset: Resource | None) -> list[Path]:
        """The files of its bulk imports; none if it is absent or empty."""
        if dataset is None:
            return []
        return [self._files.dataset(dataset) / part for part in dataset.inner.get("parts", ())]

    def training(self, group_arn: str, selection: EventSelection) -> Training:
        """Everything that a model of the group learns from. Raises JobFailed if there are no interactions."""
        parts = self.parts(self.find(group_arn, "INTERACTIONS"))
        if not parts:
            raise JobFailed("Create failed. The Interactions dataset has no data. Import into it before training.")
        items, users = self.items(group_arn), self.users(group_arn)
        interactions = load_interactions(parts, selection, items.ids)
        return Training(interactions, items.align(interactions.item_ids), users.align(interactions.user_ids))

    def items(self, group_arn: str) -> Attributes:
        """Attributes of the group's items."""
        return self._attributes(group_arn, "ITEMS")

    def users(self, group_arn: str) -> Attributes:
        """Attributes of the group's users."""
        return self._attributes(group_arn, "USERS")

    def _attributes(self, group_arn: str, dataset_type: str) -> Attributes:
        parts = self.parts(self.find(group_arn, dataset_type))
        if not parts:
            return Attributes.empty()
        return Attributes.of_table(_newest_rows(parts, ID_COLUMNS[dataset_type]), ID_COLUMNS[dataset_type])


def _newest_rows(parts: list[Path], id_column: str) -> Any:
    """One row per id, that of the latest part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.concat_tables([pq.read_table(part) for part in parts])
    numbered = table.append_column("row", pa.array(range(len(table))))
    last = numbered.group_by(id_column).aggregate([("row", "max")])["row_max"]
    return table.take(last)
