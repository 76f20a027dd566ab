"""Who a caller means: from the id that it sends to the user id under which every table knows that person.

A user id of Aisle is kept. Any other id is the shop's own: it becomes the keyed hash that ingest makes of it, and,
where an order has told more of the same person, their user id. The id itself is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from aisle.contracts.company_orders import Customer
from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.text import tidy
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.warehouse import sql
from services.serving.batches import Batches
from services.serving.database import Database
from services.serving.errors import IdentityKeyMissing
from services.serving.settings import PREFIX, ServingSettings

#: Ids of one query.
_MOST_IDS = 1000


def usable_id(sent_id: str | None) -> str | None:
    """Return an id as it is hashed, or None if it cannot be anybody's."""
    written = tidy(sent_id)
    return written if written and len(written) <= LONGEST_ID else None


class People:
    """Finds the user ids of those whom callers name."""

    def __init__(self, database: Database, settings: ServingSettings) -> None:
        self._database = database
        self._key = settings.identity_hash_key
        self._source = settings.user_id_source
        self._batches = Batches(self._resolve, _MOST_IDS)

    async def of(self, sent_ids: Collection[str]) -> Mapping[str, str]:
        """Return the user id of each id. Raises IdentityKeyMissing, DatabaseUnreachable, TableMissing."""
        return await self._batches.get_all(sent_ids) if sent_ids else {}

    async def user_id(self, sent_id: str) -> str:
        """Return the user id of one id. Raises as `of` does."""
        return (await self.of([sent_id]))[sent_id]

    async def _resolve(self, sent_ids: Sequence[str]) -> Mapping[str, str]:
        values = {"sent_ids": sent_ids, "contact_hashes": [self._hash(sent_id) for sent_id in sent_ids]}
        return dict(await self._database.fetch(sql("serving/people/resolve"), values))

    @cached_property
    def _hasher(self) -> PersonHasher:
        """Made at its first use: without a key, only callers that name users are refused."""
        if not self._key.get_secret_value():
            raise IdentityKeyMissing(
                f"ids of users cannot be turned into user ids: {PREFIX}IDENTITY_HASH_KEY is empty; set it to the value "
                "of AISLE_IDENTITY__HASH_KEY"
            )
        return PersonHasher(Identity(hash_key=self._key))

    def _hash(self, sent_id: str) -> str:
        """Hash an id as ingest does: an e-mail address is known in every source, any other id in its own."""
        hashes = self._hasher.hashes(self._source, Customer(id=sent_id, email=sent_id))
        return hashes.email or hashes.source_id or ""
