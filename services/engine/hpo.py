"""Hyperparameter optimisation: a seeded random search, judged on the validation users of the evaluation's split.

The first trial is what the solution is set to without a search, so a search never chooses worse on those users. The
test users have no part in it. Trials run one after another: each uses all the cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.engine.catalogue import Parameter
from services.engine.data.training import Training
from services.engine.metrics import LIST_LENGTH, examples, hits, mean_reciprocal_rank, ndcg, split_users
from services.engine.models.evaluation import fitted
from services.engine.models.model import Model

USUAL_TRIALS = 16
KINDS = ("integer", "continuous", "categorical")


@dataclass(frozen=True)
class Search:
    """Hyperparameters with the ranges to search, and how many models to train."""

    ranges: tuple[Parameter, ...]
    trials: int = USUAL_TRIALS

    @classmethod
    def of(cls, config: Mapping[str, Any], parameters: Sequence[Parameter]) -> Search:
        """What the `hpoConfig` of a `solutionConfig` asks for; without ranges, all that can be tuned is."""
        hpo = config.get("hpoConfig", {})
        given = {
            (kind, one["name"]): one
            for kind in KINDS
            for one in hpo.get("algorithmHyperParameterRanges", {}).get(f"{kind}HyperParameterRanges", ())
        }
        tunable = [parameter for parameter in parameters if parameter.tunable]
        ranges = [_narrowed(one, given[one.type, one.name]) for one in tunable if (one.type, one.name) in given]
        trials = int(hpo.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs", USUAL_TRIALS))
        return cls(tuple(ranges or tunable), max(trials, 1))

    def drawn(self, seed: int) -> Iterator[dict[str, str]]:
        """Settings of all trials but the first: at random within the ranges, each once."""
        random, seen = np.random.default_rng(seed), set[tuple[str, ...]]()
        attempts = 20 * self.trials  # a small space has fewer settings than trials
        for _ in range(attempts):
            setting = {one.name: _draw(one, random) for one in self.ranges}
            if len(seen) < self.trials - 1 and tuple(setting.values()) not in seen:
                seen.add(tuple(setting.values()))
                yield setting


def best_options(
    recipe: type[Model], training: Training, options: Mapping[str, str], search: Search, seed: int
) -> dict[str, str]:
    """The hyperparameters of the search's ranges that answer the validation users best, as strings.

    `options` holds what the solution sets itself. Empty if there is nothing to search; segments are not searched.
    """
    if not search.ranges or recipe.answers == "users":
        return {}
    split = split_users(training.histories, seed)
    validation = examples(training.histories, split.validation)

    def worth(setting: Mapping[str, str]) -> float:
        model = fitted(recipe, training, {**options, **setting}, split)
        relevant = hits(model.rank(validation.queries, LIST_LENGTH).items, validation.truths, training.n_items)
        return ndcg(relevant, LIST_LENGTH) + mean_reciprocal_rank(relevant)

    first = {one.name: options.get(one.name, one.default) for one in search.ranges}
    return max((first, *search.drawn(seed)), key=worth)


def _narrowed(parameter: Parameter, given: Mapping[str, Any]) -> Parameter:
    if parameter.type == "categorical":
        return parameter._replace(choices=tuple(given.get("values") or parameter.choices))
    low, high = given.get("minValue", parameter.low), given.get("maxValue", parameter.high)
    return parameter._replace(low=float(low), high=float(high))


def _draw(parameter: Parameter, random: np.random.Generator) -> str:
    if parameter.type == "categorical":
        return str(random.choice(parameter.choices))
    if parameter.type == "integer":
        return str(random.integers(int(parameter.low), int(parameter.high), endpoint=True))
    return f"{random.uniform(parameter.low, parameter.high):.4g}"
