from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from aisle.groups.environment import Campaign, Canary, Solution
from aisle.models.campaign_answers import Answer, Question, about_what, ask, objections, report_on

QUESTIONS = [Question("u1", ["P1", "P2"]), Question("u2", ["P3"])]


class Campaigns:
    """A runtime that gives each user the same two items, and has never heard of u2."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_recommendations(self, **request: Any) -> Any:
        self.asked.append(request)
        if request.get("userId") == "u2":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetRecommendations")
        return {"itemList": [{"itemId": "A"}, {"itemId": "B"}]}

    def get_personalized_ranking(self, **request: Any) -> Any:
        self.asked.append(request)
        return {"personalizedRanking": [{"itemId": item} for item in reversed(request["inputList"])]}


def answers(*lists: str, milliseconds: float = 10.0) -> list[Answer]:
    return [Answer(list(items), milliseconds) for items in lists]


def test_a_refused_question_is_an_answer_that_counts_as_none() -> None:
    first, second = ask(Campaigns(), "arn", "user", QUESTIONS)
    assert (first.items, first.error) == (["A", "B"], None)
    assert (second.items, second.error) == ([], "ResourceNotFoundException")
    report = report_on([first, second], [])
    assert (report.errors, report.n_empty, report.n_failures) == ({"ResourceNotFoundException": 1}, 0, 1)


def test_an_item_is_asked_about_by_the_users_newest_and_a_ranking_gets_all_of_them() -> None:
    runtime = Campaigns()
    ask(runtime, "arn", "item", QUESTIONS)
    assert [question["itemId"] for question in runtime.asked] == ["P1", "P3"]
    assert ask(runtime, "arn", "ranking", QUESTIONS)[0].items == ["P2", "P1"]
    assert runtime.asked[-1] == {"campaignArn": "arn", "userId": "u2", "inputList": ["P3"]}


@pytest.mark.parametrize(
    ("recipe", "about"),
    [
        ("aws-user-personalization-v2", "user"),
        ("arn:aws:personalize:::recipe/aws-sims", "item"),
        ("aws-personalized-ranking", "ranking"),
        ("aws-popularity-count", "user"),
    ],
)
def test_the_recipe_decides_what_a_campaign_is_asked_about(recipe: str, about: str) -> None:
    assert about_what(Solution(recipe=recipe)) == about


def test_lists_are_compared_by_their_first_ten_places_where_both_have_any() -> None:
    own, other = answers("ABCDEFGHIJKLM", "AB", ""), answers("ABCDEKLMNO", "", "AB")
    assert report_on(own, other).overlap == 0.5
    assert report_on(own, []).overlap is None


def test_as_many_failures_as_are_allowed_pass_and_one_more_does_not() -> None:
    limits = Canary(max_failures=0.1)
    assert objections(report_on(answers(*["A"] * 9, ""), []), limits) == []
    [objection] = objections(report_on(answers(*["A"] * 8, "", ""), []), limits)
    assert objection == "2 of 10 questions without an answer (2 empty lists, no errors), at most 10.0% may be"


def test_slow_answers_are_an_objection_only_where_there_is_a_limit() -> None:
    report = report_on([*answers(*["A"] * 18), *answers("A", "A", milliseconds=900)], [])
    assert report.median_ms == 10
    assert objections(report, Canary()) == []
    assert "900.0 ms, 200 ms are allowed" in objections(report, Canary(max_p95_ms=200))[0]


def test_one_answer_is_enough_for_figures() -> None:
    assert report_on(answers("A", milliseconds=7), []).p95_ms == 7


def test_a_campaign_that_takes_every_version_at_once_has_no_canary() -> None:
    with pytest.raises(ValidationError, match="leave `canary` out"):
        Campaign(follow_newest=True, canary=Canary())
