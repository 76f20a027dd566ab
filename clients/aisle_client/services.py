"""The services, a method per call. Signatures and descriptions of the methods are those of `calls`."""

from __future__ import annotations

from aisle_client import calls
from aisle_client.events import is_of_use
from aisle_client.transport import AsyncService, Service, asynchronous, sync


class AmazonPersonalizeService(Service):
    """The feed of a user, and what the user does there."""

    get_feed = sync(calls.feed)
    record_event = sync(calls.record_event)


class AsyncAmazonPersonalizeService(AsyncService):
    """The same, for `asyncio`."""

    get_feed = asynchronous(calls.feed)
    record_event = asynchronous(calls.record_event)


class EventProcessor(Service):
    """Events in Amplitude's words: which of them are of use, and the way to store one."""

    should_process_event = staticmethod(is_of_use)
    process_event = sync(calls.amplitude_event)


class AsyncEventProcessor(AsyncService):
    """The same, for `asyncio`."""

    should_process_event = staticmethod(is_of_use)
    process_event = asynchronous(calls.amplitude_event)


class PersonalizeService(Service):
    """Lists of items, regions, and events."""

    send_interaction_event = sync(calls.interaction_event)
    send_impression_data = sync(calls.impression_data)
    get_recommendations = sync(calls.recommendations)
    get_recommendation_list = sync(calls.recommendation_list)
    get_similar_items = sync(calls.similar_items)
    get_bought_together = sync(calls.bought_together)
    get_popular = sync(calls.popular)
    get_trending = sync(calls.trending)
    get_ranking = sync(calls.ranking)
    get_regions = sync(calls.regions)
    get_region_result = sync(calls.region_result)
    get_region_history = sync(calls.region_history)


class AsyncPersonalizeService(AsyncService):
    """The same, for `asyncio`."""

    send_interaction_event = asynchronous(calls.interaction_event)
    send_impression_data = asynchronous(calls.impression_data)
    get_recommendations = asynchronous(calls.recommendations)
    get_recommendation_list = asynchronous(calls.recommendation_list)
    get_similar_items = asynchronous(calls.similar_items)
    get_bought_together = asynchronous(calls.bought_together)
    get_popular = asynchronous(calls.popular)
    get_trending = asynchronous(calls.trending)
    get_ranking = asynchronous(calls.ranking)
    get_regions = asynchronous(calls.regions)
    get_region_result = asynchronous(calls.region_result)
    get_region_history = asynchronous(calls.region_history)


class RecommendationService(Service):
    """Recommendations by algorithm, interactions, feedback, and the risk of losing a user."""

    get_recommendations = sync(calls.recommended_content)
    log_interaction = sync(calls.logged_interaction)
    provide_feedback = sync(calls.feedback)
    predict_churn = sync(calls.churn_risk)
    get_churn_prediction = sync(calls.churn_prediction)
    get_stats = sync(calls.stats)


class AsyncRecommendationService(AsyncService):
    """The same, for `asyncio`."""

    get_recommendations = asynchronous(calls.recommended_content)
    log_interaction = asynchronous(calls.logged_interaction)
    provide_feedback = asynchronous(calls.feedback)
    predict_churn = asynchronous(calls.churn_risk)
    get_churn_prediction = asynchronous(calls.churn_prediction)
    get_stats = asynchronous(calls.stats)
