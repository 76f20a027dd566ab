"""The terms by which wishes move the items of a list; blending.py has the formula."""

from __future__ import annotations

from collections.abc import Sequence

from services.serving.recommendations.blending import Term, shares_of
from services.serving.recommendations.questions import Wishes
from services.serving.recommendations.repository import ReactionsToItem, RecommendationsRepository

#: Weight of each: the device, the hour, and the place.
CONTEXT_WEIGHT = 0.2
#: So many interactions more than there are: a share of a few tells little.
_CAUTION = 5


async def terms_of(wishes: Wishes, item_ids: Sequence[str], repository: RecommendationsRepository) -> list[Term]:
    """Return a term for each wish, over these items.

    Shares: of the device and the hour, the item's interactions there among all of its own; of the place, its orders
    there against the item with most; of revenue, its price against the dearest; of satisfaction, the welcome ones among
    its interactions with a weight.
    """
    terms = []
    if wishes.need_reactions:
        reactions = await repository.reactions_to(item_ids, wishes)
        if wishes.device is not None:
            terms.append(Term(CONTEXT_WEIGHT, {i: _share(r.on_device, r) for i, r in reactions.items()}))
        if wishes.hour is not None:
            terms.append(Term(CONTEXT_WEIGHT, {i: _share(r.near_hour, r) for i, r in reactions.items()}))
        if wishes.satisfaction:
            terms.append(Term(wishes.satisfaction, {i: _satisfaction(reactions.get(i)) for i in item_ids}))
    if wishes.near is not None:
        terms.append(Term(CONTEXT_WEIGHT, shares_of(await repository.orders_in(wishes.near, item_ids))))
    if wishes.revenue:
        terms.append(Term(wishes.revenue, shares_of(await repository.prices_of(item_ids))))
    return terms


def _share(part: int, reactions: ReactionsToItem) -> float:
    return part / (reactions.interactions + _CAUTION)


def _satisfaction(reactions: ReactionsToItem | None) -> float:
    """An item without reactions has one half."""
    if reactions is None:
        return 0.5
    return (reactions.welcome + 1) / (reactions.welcome + reactions.unwelcome + 2)
