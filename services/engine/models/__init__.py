"""Trained models: arrays on disk that rank items or users."""

from __future__ import annotations

from services.engine.models.model import Model
from services.engine.models.personalized_ranking import PersonalizedRanking
from services.engine.models.popularity_count import PopularityCount
from services.engine.models.segments import ItemAffinity, ItemAttributeAffinity
from services.engine.models.similar_items import SimilarItems
from services.engine.models.sims import Sims
from services.engine.models.trending_now import TrendingNow
from services.engine.models.user_personalization import UserPersonalization

#: The model of each recipe that the engine trains.
MODELS: dict[str, type[Model]] = {
    "aws-user-personalization": UserPersonalization,
    "aws-user-personalization-v2": UserPersonalization,
    "aws-personalized-ranking": PersonalizedRanking,
    "aws-personalized-ranking-v2": PersonalizedRanking,
    "aws-popularity-count": PopularityCount,
    "aws-trending-now": TrendingNow,
    "aws-sims": Sims,
    "aws-similar-items": SimilarItems,
    "aws-item-affinity": ItemAffinity,
    "aws-item-attribute-affinity": ItemAttributeAffinity,
}
