"""A trained model on disk: one `.npy` per array, three for a sparse matrix, and the rest as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.data.ids import look_up
from services.engine.data.interactions import Interactions
from services.engine.models import MODELS
from services.engine.models.model import Model
from services.engine.recipes.histories import Histories

_PLAIN = "settings.json"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model with the ids and histories of its training: everything that inference needs."""

    model: Model
    interactions: Interactions

    def queries(self, ids: list[str]) -> Histories:
        """Return a query for each id: a user's history, or a single item; empty for an unknown id."""
        if self.model.input_key == "userId":
            return self.interactions.histories.take(look_up(self.interactions.user_ids, ids))
        return single_items(look_up(self.interactions.item_ids, ids))


def single_items(items: Any) -> Histories:
    """Return a query for each item number; -1 means an empty one."""
    known = items >= 0
    starts = np.concatenate([[0], np.cumsum(known)])
    chosen = items[known]
    nothing = np.zeros(len(chosen), np.int32)
    return Histories(starts, chosen, nothing, np.ones(len(chosen), np.float32), nothing.astype(np.int64))


def save(trained: TrainedModel, folder: Path) -> None:
    """Write a model into a new folder."""
    folder.mkdir(parents=True)
    _save_fields(trained.model, folder / "model")
    _save_fields(trained.interactions.histories, folder / "histories")
    np.save(folder / "user_ids.npy", trained.interactions.user_ids)
    np.save(folder / "item_ids.npy", trained.interactions.item_ids)


def load(recipe: str, folder: Path) -> TrainedModel:
    """Read a folder that `save` wrote; arrays are read from disk when they are used."""
    model: Model = _load_fields(MODELS[recipe], folder / "model")
    histories: Histories = _load_fields(Histories, folder / "histories")
    user_ids, item_ids = np.load(folder / "user_ids.npy"), np.load(folder / "item_ids.npy")
    return TrainedModel(model, Interactions(user_ids, item_ids, histories))


def _save_fields(record: Any, folder: Path) -> None:
    folder.mkdir()
    plain = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            np.save(folder / f"{field.name}.npy", value)
        elif sp.issparse(value):
            for part in ("data", "indices", "indptr"):
                np.save(folder / f"{field.name}.{part}.npy", getattr(value, part))
        else:
            plain[field.name] = value
    (folder / _PLAIN).write_text(json.dumps(plain))


def _load_fields(record: Any, folder: Path) -> Any:
    values = json.loads((folder / _PLAIN).read_text())
    for field in dataclasses.fields(record):
        if (folder / f"{field.name}.npy").exists():
            values[field.name] = np.asarray(np.load(folder / f"{field.name}.npy", mmap_mode="r"))
        elif field.name not in values:
            parts = [np.load(folder / f"{field.name}.{part}.npy") for part in ("data", "indices", "indptr")]
            n_rows = len(parts[2]) - 1
            values[field.name] = sp.csr_matrix(tuple(parts), shape=(n_rows, n_rows))
    return record(**values)
