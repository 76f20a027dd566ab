"""What users did lately to items, as `serving.interactions` has it: the next answer knows of it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aisle.warehouse import sql
from services.serving.batches import Batches
from services.serving.database import Database
from services.serving.errors import TableMissing

#: Reactions of a user that count, the newest ones.
_N_REACTIONS = 500


@dataclass(frozen=True, slots=True)
class Reactions:
    """The last thing that a user did to each item: `disliked` items, and when they did something to the others.

    `liked` has the newest first.
    """

    disliked: frozenset[str] = frozenset()
    liked: Mapping[str, datetime] = field(default_factory=dict)

    def since(self, moment: datetime) -> dict[str, datetime]:
        """Return what of `liked` is not older than a moment."""
        return {item_id: at for item_id, at in self.liked.items() if at >= moment}


NO_REACTIONS = Reactions()


class RecentReactions:
    """Looks reactions up in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = Batches(self.look_up)

    async def of(self, user_id: str) -> Reactions:
        """Return the reactions of a user; none while nothing is migrated."""
        return await self._batches.get(user_id) or NO_REACTIONS

    async def look_up(self, user_ids: Sequence[str]) -> Mapping[str, Reactions]:
        """Return the reactions of those of some users who have any."""
        values = {"user_ids": user_ids, "n_reactions": _N_REACTIONS}
        try:
            rows = await self._database.fetch(sql("serving/reactions/of_users"), values)
        except TableMissing:
            return {}
        last: defaultdict[str, dict[str, tuple[bool, datetime]]] = defaultdict(dict)
        for user_id, item_id, is_negative, occurred_at in rows:
            last[user_id].setdefault(item_id, (is_negative, occurred_at))
        return {user_id: _of_one_user(items) for user_id, items in last.items()}


def _of_one_user(items: Mapping[str, tuple[bool, datetime]]) -> Reactions:
    return Reactions(
        disliked=frozenset(item_id for item_id, (is_negative, _) in items.items() if is_negative),
        liked={item_id: at for item_id, (is_negative, at) in items.items() if not is_negative},
    )
