from __future__ import annotations

import pytest

from aisle.evaluation.gate import Measured, decide, decide_unmeasured
from aisle.settings import Evaluate

WANTED = Evaluate(min_lift=0.1, max_loss=0.2, min_coverage=0.3)


def measured(ndcg: float, popularity: float = 0.1, coverage: float = 0.5, stderr: float = 0.0) -> Measured:
    model = {"ndcg_at_10": ndcg, "coverage": coverage, "advantage_stderr": stderr}
    return Measured(model, {"ndcg_at_10": popularity, "coverage": 0.1})


def test_a_first_model_must_beat_popularity_by_the_asked_lift() -> None:
    assert decide(measured(0.1101), None, WANTED).passed
    refused = decide(measured(0.1099), None, WANTED)
    assert not refused.passed
    assert "popularity's is 0.1000" in refused.reason


def test_what_is_lost_against_the_live_model_is_counted_in_advantage_over_popularity() -> None:
    live = measured(0.4, popularity=0.2)  # twice as good as popularity in a good week
    assert decide(measured(0.161), live, WANTED).passed
    refused = decide(measured(0.159), live, WANTED)
    assert not refused.passed
    assert "live version's is 2.00 times" in refused.reason


def test_a_loss_that_may_be_chance_is_no_reason_to_refuse() -> None:
    live = measured(0.4, popularity=0.1, stderr=0.5)  # four times, so that 3.2 times are asked for
    assert decide(measured(0.23, stderr=0.5), live, WANTED).passed
    refused = decide(measured(0.21, stderr=0.5), live, WANTED)
    assert not refused.passed
    assert "at least 3.20 times is asked for, of which 1.05 may be chance" in refused.reason  # 1.645 * hypot(.5, .4)


def test_how_sure_the_gate_must_be_is_a_setting() -> None:
    live, doubtful = measured(0.4, stderr=0.5), measured(0.23, stderr=0.5)
    assert decide(doubtful, live, WANTED).passed
    assert not decide(doubtful, live, WANTED.model_copy(update={"confidence": 0.5})).passed


def test_chance_is_no_excuse_for_being_no_better_than_popularity() -> None:
    assert not decide(measured(0.105, stderr=5.0), None, WANTED).passed


def test_lists_that_show_too_little_of_the_assortment_are_refused_and_every_reason_is_given() -> None:
    refused = decide(measured(0.05, coverage=0.29), None, WANTED)
    assert not refused.passed
    assert "29.0%" in refused.reason
    assert "0.50 times" in refused.reason


def test_finding_nothing_is_no_advantage_even_where_popularity_finds_nothing_either() -> None:
    assert measured(0.0, popularity=0.0).advantage == 0
    assert not decide(measured(0.0, popularity=0.0), None, WANTED).passed
    assert decide(measured(0.01, popularity=0.0), None, WANTED).passed


@pytest.mark.parametrize(
    ("has_live", "policy", "passed"),
    [(False, "keep_live", True), (True, "keep_live", False), (True, "promote", True), (False, "promote", True)],
)
def test_with_too_little_data_the_first_model_goes_live_and_a_later_one_as_the_settings_say(
    has_live: bool, policy: str, passed: bool
) -> None:
    decision = decide_unmeasured("too few users", has_live, Evaluate.model_validate({"without_evidence": policy}))
    assert decision.passed is passed
    assert decision.reason.startswith("too few users; ")
