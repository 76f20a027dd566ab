"""Experiments: who is in which arm, what the file may say, and how often a comparison without an effect finds one."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from aisle.errors import ConfigurationError
from services.serving.assignment.assigner import Assigner
from services.serving.assignment.definitions import Arm, Experiment, read_experiments
from services.serving.experiments.statistics import (
    ALPHA,
    MIN_USERS,
    SAMPLE_RATIO_ALPHA,
    Rate,
    difference,
    sample_ratio_p_value,
)

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DURING = datetime(2026, 11, 15, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)


def experiment(name: str = "weights", **changes: object) -> Experiment:
    arms = (Arm("control", "shop"), Arm("heavy", "shop_heavy"))
    return Experiment(**{"name": name, "starts_at": BEGIN, "ends_at": END, "arms": arms, **changes})  # type: ignore[arg-type]


def arms_of(assigner: Assigner, n_users: int) -> list[str | None]:
    assignments = (assigner.of(f"u{nth}", DURING) for nth in range(n_users))
    return [assignment and assignment.arm.name for assignment in assignments]


def test_s1_66_a_user_is_always_in_the_same_arm() -> None:
    first, second = (arms_of(Assigner([experiment()], "key"), 200) for _ in range(2))
    assert first == second
    assert set(first) == {"control", "heavy"}


def test_another_key_or_experiment_splits_the_users_anew() -> None:
    arms = arms_of(Assigner([experiment()], "key"), 2_000)
    for other in (Assigner([experiment()], "other"), Assigner([experiment("another")], "key")):
        same = sum(ours == theirs for ours, theirs in zip(arms, arms_of(other, 2_000), strict=True))
        assert 850 < same < 1_150, "as many agree as by chance"


@pytest.mark.parametrize(("weights", "share"), [((1, 1), 1.0), ((9, 1), 1.0), ((1, 1), 0.2), ((2, 1, 1), 0.5)])
def test_users_are_split_by_weight_and_share(weights: tuple[float, ...], share: float) -> None:
    arms = tuple(Arm(f"arm-{nth}", f"group-{nth}", weight) for nth, weight in enumerate(weights))
    counted = Counter(arms_of(Assigner([experiment(arms=arms, share=share)], "key"), 20_000))
    taken = [counted[arm.name] for arm in arms]
    p_value = sample_ratio_p_value(
        [*taken, counted[None]], [*(share * w / sum(weights) for w in weights), 1 - share + 1e-12]
    )
    assert p_value is not None
    assert p_value > SAMPLE_RATIO_ALPHA


@pytest.mark.parametrize("moment", [datetime(2026, 10, 31, 23, 59, tzinfo=UTC), END])
def test_nobody_takes_part_before_the_start_and_from_the_end(moment: datetime) -> None:
    assert Assigner([experiment()], "key").of("u1", moment) is None


def test_a_user_takes_part_in_one_experiment_at_a_time() -> None:
    assigner = Assigner([experiment("first", share=0.5), experiment("second")], "key")
    names = [assignment.experiment.name for nth in range(400) if (assignment := assigner.of(f"u{nth}", DURING))]
    assert len(names) == 400
    assert 150 < names.count("first") < 250


FILE = """
[[experiments]]
name = "weights"
starts_at = 2026-11-01T00:00:00Z
outcome = "purchased"
arms = [{ name = "control", group = "shop" }, { name = "heavy", group = "shop_heavy", weight = 2.0 }]
"""


def test_the_file_says_what_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "experiments.toml"
    path.write_text(FILE)
    (read,) = read_experiments(path)
    assert (read.name, read.outcome, read.starts_at, read.ends_at) == ("weights", "purchased", BEGIN, None)
    assert read.arms == (Arm("control", "shop"), Arm("heavy", "shop_heavy", 2.0))
    assert read_experiments(None) == ()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('outcome = "purchased"', 'outcome = "liked"', "outcome"),
        ("weight = 2.0", "weight = 0.0", "weight"),
        ("weight = 2.0", "weight = inf", "weight"),
        ("weight = 2.0", "wieght = 2.0", "wieght"),
        ('"heavy", group', '"control", group', "each name"),
        (', { name = "heavy", group = "shop_heavy", weight = 2.0 }', "", "two"),
        ("00:00:00Z", "00:00:00", "zone"),
        ("outcome =", "ends_at = 2026-10-01T00:00:00Z\noutcome =", "ends before"),
        ("outcome =", "share = 1.5\noutcome =", "share"),
        ("outcome =", "effect = 0.0\noutcome =", "effect"),
        ("outcome =", "outcome_days = 0.0\noutcome =", "outcome_days"),
        ('name = "weights"', 'name = "<b>"', "a-z"),
        (FILE, "[[", "at end of document"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_file_and_the_fault(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    path = tmp_path / "experiments.toml"
    path.write_text(FILE.replace(old, new))
    with pytest.raises(ConfigurationError, match=fault) as raised:
        read_experiments(path)
    assert str(path) in str(raised.value)


N_RUNS, N_LOOKS, BATCH = 400, 40, 250


def looks(seed: int, control: float, arm: float) -> list[tuple[Rate, Rate]]:
    """What an experiment shows at each of many looks, a batch of users further each time."""
    generator = np.random.default_rng(seed)
    counts = [np.cumsum(generator.binomial(BATCH, rate, N_LOOKS)).tolist() for rate in (control, arm)]
    return [
        (Rate(BATCH * (look + 1), counts[0][look]), Rate(BATCH * (look + 1), counts[1][look]))
        for look in range(N_LOOKS)
    ]


def fixed_sample_p_value(control: Rate, arm: Rate) -> float:
    """Return that of the usual test, which holds at one look only."""
    return math.erfc(abs(arm.value - control.value) / math.sqrt(2 * (control.variance + arm.variance)))


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
def test_an_experiment_without_an_effect_shows_none_whenever_somebody_looks(rate: float) -> None:
    shown = usual = 0
    for seed in range(N_RUNS):
        seen = looks(seed, rate, rate)
        effects = [difference(control, arm, effect=0.02) for control, arm in seen]
        shown += any(effect is not None and effect.p_value < ALPHA for effect in effects)
        usual += any(fixed_sample_p_value(control, arm) < ALPHA for control, arm in seen)
    assert shown / N_RUNS <= ALPHA
    assert usual / N_RUNS > 3 * ALPHA, "the simulation would catch a test that does not allow for many looks"


@pytest.mark.parametrize(("control", "arm"), [(0.10, 0.12), (0.05, 0.04), (0.3, 0.3)])
def test_the_interval_holds_the_true_difference_at_all_looks_together(control: float, arm: float) -> None:
    missed = 0
    for seed in range(N_RUNS):
        effects = [difference(*rates, effect=0.02) for rates in looks(seed, control, arm)]
        missed += any(effect is not None and not effect.low <= arm - control <= effect.high for effect in effects)
    assert missed / N_RUNS <= ALPHA


def test_an_effect_is_found_and_interval_and_p_value_agree() -> None:
    shown = 0
    for seed in range(100):
        effects = [difference(*rates, effect=0.02) for rates in looks(seed, 0.10, 0.13)]
        shown += any(effect is not None and effect.low > 0 for effect in effects)
        for effect in effects:
            assert effect is None or (effect.p_value < ALPHA) == (effect.low > 0 or effect.high < 0)
    assert shown > 95


@pytest.mark.parametrize(
    ("control", "arm"),
    [
        (Rate(0, 0), Rate(0, 0)),
        (Rate(MIN_USERS - 1, 50), Rate(5_000, 2_500)),
        (Rate(5_000, 4), Rate(5_000, 5)),
        (Rate(5_000, 4_996), Rate(5_000, 4_995)),
    ],
)
def test_too_few_users_or_outcomes_say_nothing(control: Rate, arm: Rate) -> None:
    assert difference(control, arm, effect=0.02) is None


@pytest.mark.parametrize("rates", [(Rate(100, 0), Rate(100, 100)), (Rate(10**7, 5 * 10**6), Rate(10**7, 0))])
def test_extreme_rates_have_an_interval_within_the_possible(rates: tuple[Rate, Rate]) -> None:
    effect = difference(*rates, effect=0.02)
    assert effect is not None
    assert -1 <= effect.low <= effect.value <= effect.high <= 1
    assert 0 <= effect.p_value <= 1


@pytest.mark.parametrize(
    ("exposed", "weights", "is_mismatched"),
    [
        ([5_000, 5_010], [1, 1], False),
        ([5_000, 5_400], [1, 1], True),
        ([9_000, 1_010], [9, 1], False),
        ([9_000, 800], [9, 1], True),
        ([334, 333, 333], [1, 1, 1], False),
        ([1_000, 0], [1, 1], True),
    ],
)
def test_a_split_that_is_not_the_one_asked_for_is_noticed(
    exposed: list[int], weights: list[float], is_mismatched: bool
) -> None:
    p_value = sample_ratio_p_value(exposed, weights)
    assert p_value is not None
    assert (p_value < SAMPLE_RATIO_ALPHA) == is_mismatched


def test_nobody_exposed_is_no_mismatch() -> None:
    assert sample_ratio_p_value([0, 0], [1, 1]) is None
