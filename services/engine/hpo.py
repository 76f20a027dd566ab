"""Hyperparameter optimisation: a seeded random search, measured on the validation users of the evaluation's split.

The first trial uses the solution's own settings, so a search never chooses worse ones for those users. The test users
have no part in it. Trials run one after another: each uses all cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.engine.catalogue import Parameter
from services.engine.data.training import Training
from services.engine.metrics import LIST_LENGTH, examples, hits, mean_reciprocal_rank, ndcg, split_users
from services.engine.models.evaluation import fitted
from services.engine.models.model import Model

DEFAULT_TRIALS = 16
KINDS = ("integer", "continuous", "categorical")


@dataclass(frozen=True)
class Search:
    """Hyperparameters with the ranges to search, and how many models to train."""

    ranges: tuple[Parameter, ...]
    trials: int = DEFAULT_TRIALS

    @classmethod
    def of(cls, config: Mapping[str, Any], parameters: Sequence[Parameter]) -> Search:
        """Read the `hpoConfig` of a `solutionConfig`; without ranges, every tunable parameter is searched."""
        hpo = config.get("hpoConfig", {})
        given = {
            (kind, given_range["name"]): given_range
            for kind in KINDS
            for given_range in hpo.get("algorithmHyperParameterRanges", {}).get(f"{kind}HyperParameterRanges", ())
        }
        tunable = [parameter for parameter in parameters if parameter.tunable]
        ranges = [
            _narrowed(parameter, given[parameter.type, parameter.name])
            for parameter in tunable
            if (parameter.type, parameter.name) in given
        ]
        trials = int(hpo.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs", DEFAULT_TRIALS))
        return cls(tuple(ranges or tunable), max(trials, 1))

    def drawn(self, seed: int) -> Iterator[dict[str, str]]:
        """Yield the settings of all trials but the first: random within the ranges, without repetition."""
        random, seen = np.random.default_rng(seed), set[tuple[str, ...]]()
        attempts = 20 * self.trials  # a small space has fewer settings than trials
        for _ in range(attempts):
            setting = {parameter.name: _draw(parameter, random) for parameter in self.ranges}
            if len(seen) < self.trials - 1 and tuple(setting.values()) not in seen:
                seen.add(tuple(setting.values()))
                yield setting


def best_options(
    recipe: type[Model], training: Training, options: Mapping[str, str], search: Search, seed: int
) -> dict[str, str]:
    """Return the hyperparameters that answer the validation users best, as strings.

    `options` are the solution's own settings. Empty if there is nothing to search; segments are not searched.
    """
    if not search.ranges or recipe.answers == "users":
        return {}
    split = split_users(training.histories, seed)
    validation = examples(training.histories, split.validation)

    def worth(setting: Mapping[str, str]) -> float:
        model = fitted(recipe, training, {**options, **setting}, split)
        relevant = hits(model.rank(validation.queries, LIST_LENGTH).items, validation.truths, training.n_items)
        return ndcg(relevant, LIST_LENGTH) + mean_reciprocal_rank(relevant)

    first = {parameter.name: options.get(parameter.name, parameter.default) for parameter in search.ranges}
    return max((first, *search.drawn(seed)), key=worth)


def _narrowed(parameter: Parameter, given: Mapping[str, Any]) -> Parameter:
    if parameter.type == "categorical":
        return replace(parameter, choices=tuple(given.get("values") or parameter.choices))
    low, high = given.get("minValue", parameter.low), given.get("maxValue", parameter.high)
    return replace(parameter, low=float(low), high=float(high))


def _draw(parameter: Parameter, random: np.random.Generator) -> str:
    if parameter.type == "categorical":
        return str(random.choice(parameter.choices))
    if parameter.type == "integer":
        return str(random.integers(int(parameter.low), int(parameter.high), endpoint=True))
    return f"{random.uniform(parameter.low, parameter.high):.4g}"
