"""The shop page's recommendations: five chosen products, facts about an anonymous customer, or both, become a list.

The serving API and the DAG `shop` answer the same selection by the same rules.
"""

from aisle.shop.campaign import CampaignAddress, ShopCampaign
from aisle.shop.ranking import N_POPULAR, Evidence, RankedProduct, ShopAnswer, Source, answer
from aisle.shop.selection import BETA, MODES, Metadata, Mode, Selection, SelectionRefused, anonymous_user

__all__ = [
    "BETA",
    "MODES",
    "N_POPULAR",
    "CampaignAddress",
    "Evidence",
    "Metadata",
    "Mode",
    "RankedProduct",
    "Selection",
    "SelectionRefused",
    "ShopAnswer",
    "ShopCampaign",
    "Source",
    "anonymous_user",
    "answer",
]
