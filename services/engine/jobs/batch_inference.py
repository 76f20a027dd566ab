"""Batch inference: JSON lines in S3 → `<input file>.out`, in the same order, streamed in blocks.

Reads   the objects that `jobInput.s3DataSource.path` means.
Writes  an output file for each, and `_CHECK`, to `jobOutput.s3DataDestination.path`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple

import numpy as np
import orjson

from services.engine import s3
from services.engine.errors import JobFailed
from services.engine.files import DataFolder
from services.engine.jobs.train import recipe_name
from services.engine.lifecycle import Completion
from services.engine.models.model import Ranked
from services.engine.models.storage import TrainedModel, load
from services.engine.resources import SOLUTION_VERSION, Resource
from services.engine.store import Store

DEFAULT_RESULTS = 25
BLOCK_LINES = 4_096
SCORE_DECIMALS = 7
LEAST_SCORE = 10.0**-SCORE_DECIMALS


class Line(NamedTuple):
    """One line of input: the object as given, the id it asks about, or what is wrong with it."""

    given: Any
    wanted: str | None
    error: str | None = None


class BatchInference:
    """The job of CreateBatchInferenceJob."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files

    def __call__(self, job: Resource) -> Completion:
        version = self._store.get(SOLUTION_VERSION, job.body["solutionVersionArn"])
        target = s3.location(job.body["jobOutput"]["s3DataDestination"]["path"])
        # Before any work: a destination that cannot be written to fails now and not after an hour.
        s3.put(b"", target.within("_CHECK"))
        trained = load(recipe_name(version.body["recipeArn"]), self._files.model(version))
        n_results = job.body.get("numResults", DEFAULT_RESULTS)
        n_lines = sum(self._answer_file(source, target, trained, n_results) for source in _sources(job))

        def complete(job: Resource) -> None:
            job.inner["lines"] = n_lines

        return complete

    def _answer_file(self, source: s3.Location, target: s3.Location, trained: TrainedModel, n_results: int) -> int:
        n_lines = 0
        with self._files.scratch() as scratch:
            with s3.opened(source) as stream, scratch.open("wb") as output:
                lines = _lines(stream, trained.model.input_key)
                while block := [*islice(lines, BLOCK_LINES)]:
                    output.writelines(answers(block, trained, n_results))
                    n_lines += len(block)
            s3.upload(scratch, target.within(f"{source.name}.out"))
        return n_lines


def answers(block: Sequence[Line], trained: TrainedModel, n_results: int) -> Iterator[bytes]:
    """The output lines of a block of input lines, in order."""
    asked = [line.wanted for line in block if line.wanted is not None]
    ranked = trained.model.rank(trained.queries(asked), n_results)
    found = _outputs(ranked, trained)
    for line in block:
        output = next(found) if line.wanted is not None else {"recommendedItems": []}
        yield orjson.dumps(
            {"input": line.given, "output": output, "error": line.error}, option=orjson.OPT_APPEND_NEWLINE
        )


def _outputs(ranked: Ranked, trained: TrainedModel) -> Iterator[dict[str, Any]]:
    names = np.array([name.decode() for name in trained.interactions.item_ids.tolist()], dtype=object)
    items = names[ranked.items].tolist()
    if ranked.scores is None:
        return ({"recommendedItems": row} for row in items)
    # A share so small that it would be rounded to 0 is still one.
    scores = np.maximum(ranked.scores.astype(np.float64).round(SCORE_DECIMALS), LEAST_SCORE).tolist()
    return ({"recommendedItems": row, "scores": marks} for row, marks in zip(items, scores, strict=True))


def _sources(job: Resource) -> list[s3.Location]:
    place = s3.location(job.body["jobInput"]["s3DataSource"]["path"])
    sources = s3.objects(place, subfolders=True)
    if not sources:
        raise JobFailed(f"Invalid S3 input path. There is no object at {place}. Check the location.")
    return sources


def _lines(stream: IO[bytes], key: str) -> Iterator[Line]:
    for raw in stream.iter_lines(chunk_size=1 << 20):  # type: ignore[attr-defined]
        if raw.strip():
            yield _line(raw, key)


def _line(raw: bytes, key: str) -> Line:
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Line(raw.decode(errors="replace"), None, "User error: The line is not valid JSON")
    wanted = given.get(key) if isinstance(given, dict) else None
    if not isinstance(wanted, str) or not wanted:
        return Line(given, None, f"User error: Required fields for the provided recipe are {key}")
    return Line(given, wanted)
