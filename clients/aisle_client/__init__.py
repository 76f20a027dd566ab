"""Python client of Aisle's serving API.

Four services, each also asynchronous (`Async…`), with one method per call of the API:

    from aisle_client import PersonalizeService

    service = PersonalizeService("https://recommendations.example", "the API key")
    for item in service.get_recommendations("12345", num_results=20):
        print(item["item_id"], item["score"])

Without arguments a service reads `AISLE_URL` and `AISLE_API_KEY` from the environment.
"""

from aisle_client.answers import (
    ChurnPrediction,
    EventResult,
    ItemList,
    RecommendedContent,
    RegionHistory,
    RegionList,
    RegionResult,
    ScoredItem,
    Stats,
)
from aisle_client.errors import AisleClientError, ApiError, NotConfigured, Unreachable
from aisle_client.services import (
    AmazonPersonalizeService,
    AsyncAmazonPersonalizeService,
    AsyncEventProcessor,
    AsyncPersonalizeService,
    AsyncRecommendationService,
    EventProcessor,
    PersonalizeService,
    RecommendationService,
)

__all__ = [
    "AisleClientError",
    "AmazonPersonalizeService",
    "ApiError",
    "AsyncAmazonPersonalizeService",
    "AsyncEventProcessor",
    "AsyncPersonalizeService",
    "AsyncRecommendationService",
    "ChurnPrediction",
    "EventProcessor",
    "EventResult",
    "ItemList",
    "NotConfigured",
    "PersonalizeService",
    "RecommendationService",
    "RecommendedContent",
    "RegionHistory",
    "RegionList",
    "RegionResult",
    "ScoredItem",
    "Stats",
    "Unreachable",
]
