"""What the current user is shown, and what becomes of what the user does with it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.dependencies import Dependencies
from services.serving.errors import InvalidRequest, PersonErased, RecommendationUnknown
from services.serving.feed.algorithms import Algorithms
from services.serving.feed.repository import Counts, FeedRepository, MadeList
from services.serving.feed.schemas import (
    Algorithm,
    Feedback,
    GivenFeedback,
    Interaction,
    LoggedInteraction,
    RecommendedContent,
    RecommendedContents,
    Stats,
)
from services.serving.interactions.events import IncomingEvent, event_id_of
from services.serving.interactions.service import MAX_PROPERTIES_BYTES
from services.serving.recommendations.questions import Filters, Page
from services.serving.recommendations.schemas import UserRecommendations
from services.serving.recommendations.service import RecommendationsService

_CLICKED, _DISMISSED = "click", "not_interested"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which request and session."""

    user_id: str
    request_id: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The recommendations of one algorithm, and where they come from."""

    contents: RecommendedContents
    recommendation_id: str
    sources: str


def now() -> datetime:
    """Return the time by which lists are too old."""
    return datetime.now(UTC)


class FeedService:
    """The feed and the recommendations of the current user, and the events that go with them."""

    def __init__(
        self,
        recommendations: RecommendationsService,
        algorithms: Algorithms,
        repository: FeedRepository,
        dependencies: Dependencies,
    ) -> None:
        self._recommendations = recommendations
        self._algorithms = algorithms
        self._repository = repository
        self._interactions = dependencies.interactions
        self._assigner = dependencies.assigner
        self._exposures = dependencies.exposures
        self._time_to_live = timedelta(seconds=dependencies.settings.recommendation_ttl_seconds)

    async def personalized(self, caller: Caller, page: Page) -> UserRecommendations:
        """Return the feed, after its impression is stored: once for a request id, however often it is sent."""
        feed = await self._feed(caller.user_id, page)
        if feed.items:
            await self._interactions.store([_impression_of(feed, caller)])
        return feed

    async def recommend(self, caller: Caller, algorithm: Algorithm, top_k: int) -> Answer:
        """Return the best of what an algorithm has for the user, without what the user refuses, and record it."""
        made = await self._made(caller.user_id, algorithm)
        unwanted = await self._recommendations.disliked(caller.user_id)
        shown = [product for product in made.products if product.product_id not in unwanted][:top_k]
        if shown:
            await self._repository.record(caller.user_id, algorithm, made, shown, caller.request_id)
        contents = [
            RecommendedContent(content_id=product.product_id, score=product.score, algorithm=algorithm)
            for product in shown
        ]
        answer = RecommendedContents(recommendations=contents, algorithm=algorithm, total_count=len(contents))
        return Answer(answer, made.recommendation_id, made.sources)

    async def log(self, caller: Caller, interaction: Interaction) -> LoggedInteraction:
        """Store what the user did. Raises InvalidRequest, PersonErased."""
        event_id = event_id_of("s4", caller.user_id, caller.request_id)
        await self._store(
            IncomingEvent(
                event_id=event_id,
                source="api",
                event_type=interaction.interaction_type,
                occurred_at=now(),
                user_id=caller.user_id,
                session_id=caller.session_id,
                item_id=interaction.content_id,
                item_type=interaction.content_type or None,
                platform=interaction.platform or None,
                properties=interaction.metadata,
                request_id=caller.request_id,
            )
        )
        return LoggedInteraction(interaction_id=event_id, **interaction.model_dump())

    async def give_feedback(self, caller: Caller, feedback: Feedback) -> GivenFeedback:
        """Write feedback to the newest recommendation of an item. Raises RecommendationUnknown, PersonErased.

        A click becomes an interaction and a dismissal a negative one, once for each time that the user turns to it.
        """
        latest = await self._repository.latest(caller.user_id, feedback.content_id)
        if latest is None:
            raise RecommendationUnknown(
                f"this user was never recommended {feedback.content_id!r}: ask for recommendations first"
            )
        events = [event async for event in self._events_of(caller, feedback, latest.recommendation_id)]
        if events:
            await self._store(*events)
        await self._repository.give_feedback(
            caller.user_id, feedback.content_id, latest.recommendation_id,
            is_clicked=feedback.is_clicked, is_dismissed=feedback.is_dismissed,
        )  # fmt: skip
        return GivenFeedback(algorithm=latest.algorithm, **feedback.model_dump())

    async def _events_of(
        self, caller: Caller, feedback: Feedback, recommendation_id: str
    ) -> AsyncIterator[IncomingEvent]:
        """Make the events of feedback. Who changes their mind says something new: what counts is the last word."""
        said = {_CLICKED: feedback.is_clicked, _DISMISSED: feedback.is_dismissed}
        for event_type, opposite in ((_CLICKED, _DISMISSED), (_DISMISSED, _CLICKED)):
            if said[event_type]:
                revoked = (
                    None
                    if said[opposite]
                    else await self._repository.newest_reaction(
                        caller.user_id, feedback.content_id, recommendation_id, opposite
                    )
                )
                yield _event_of(caller, feedback.content_id, event_type, recommendation_id, revoked)

    async def stats(self, user_id: str) -> Stats:
        """Return the figures of a user."""
        return stats_of(await self._repository.counts(user_id))

    async def _feed(self, user_id: str, page: Page) -> UserRecommendations:
        """Return the list of a user, of the arm of an experiment if the user takes part in one."""
        assignment = self._assigner.of(user_id)
        if assignment is None:
            return await self._recommendations.for_user(user_id, page, Filters(), None)
        feed = await self._recommendations.in_arm(assignment, user_id, page, Filters())
        if feed.arm is not None:
            self._exposures.add(assignment, user_id)
        return feed

    async def _made(self, user_id: str, algorithm: Algorithm) -> MadeList:
        """Return the kept list of a user if it is young enough and of what is live, else make and keep one."""
        moment, live = now(), await self._repository.live_generations()
        kept = await self._repository.find_list(user_id, algorithm, live, moment - self._time_to_live)
        if kept is not None:
            return kept
        sourced = await self._algorithms.make(algorithm, user_id)
        made = MadeList(uuid.uuid4().hex, sourced.sources, sourced.products[:LONGEST_ANSWER])
        await self._repository.keep_list(user_id, algorithm, live, made, moment)
        return made

    async def _store(self, *events: IncomingEvent) -> None:
        for outcome in await self._interactions.store(events):
            if outcome.reason == "too_large":
                raise InvalidRequest(f"metadata has more than {MAX_PROPERTIES_BYTES:,} bytes of JSON: send less")
            if outcome.reason == "erased":
                raise PersonErased("this user was erased at this moment: nothing was stored")
            if outcome.reason is not None:
                raise InvalidRequest(f"this interaction cannot be stored: {outcome.reason}")


def stats_of(counts: Counts) -> Stats:
    """Return the figures with the rate of clicks."""
    n_recommended = counts.n_recommended
    return Stats(
        total_recommendations=n_recommended,
        clicked_recommendations=counts.n_clicked,
        dismissed_recommendations=counts.n_dismissed,
        click_through_rate=counts.n_clicked / n_recommended if n_recommended else None,
        total_interactions=counts.n_interactions,
        latest_churn_risk=counts.latest_churn_risk,
    )


def _impression_of(feed: UserRecommendations, caller: Caller) -> IncomingEvent:
    """What the user is shown of the feed. It is an impression: who is shown an item has not viewed it yet."""
    return IncomingEvent(
        event_id=event_id_of("feed", caller.user_id, caller.request_id),
        source="feed",
        event_type="initial_impression",
        occurred_at=now(),
        user_id=caller.user_id,
        session_id=caller.session_id,
        item_ids=tuple(item.item_id for item in feed.items),
        feed_type="personalized",
        recommendation_id=feed.recommendation_id,
        request_id=caller.request_id,
    )


def _event_of(
    caller: Caller, item_id: str, event_type: str, recommendation_id: str, revoked: str | None
) -> IncomingEvent:
    """The event of a click or dismissal; `revoked` is the id of the event that it takes back."""
    return IncomingEvent(
        event_id=event_id_of("feedback", caller.user_id, recommendation_id, item_id, event_type, revoked),
        source="api",
        event_type=event_type,
        occurred_at=now(),
        user_id=caller.user_id,
        session_id=caller.session_id,
        item_id=item_id,
        recommendation_id=recommendation_id,
        request_id=caller.request_id,
    )
