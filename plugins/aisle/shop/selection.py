"""What a visitor of the shop page gives: the mode, exactly five products, facts about themselves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec

from aisle.errors import FinalError

Mode = Literal["products", "metadata", "both"]
MODES: tuple[Mode, ...] = get_args(Mode)

#: Products in a selection: no more, no fewer.
N_SELECTED = 5
#: Modes whose answers may be inconsistent: what the metadata of an unknown customer are worth is being measured.
BETA: tuple[Mode, ...] = ("metadata", "both")
#: Items in an answer.
N_RECOMMENDED = 10


class SelectionRefused(FinalError):
    """A mode without its five products, or with values that it does not take."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a customer, as far as they are given; the columns of the dataset Users."""

    age: int | None = None  # years
    gender: str | None = None
    city: str | None = None
    province: str | None = None

    @property
    def location(self) -> str | None:
        """The place as the dataset Users writes it: city, province."""
        return ", ".join(place for place in (self.city, self.province) if place) or None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the shop page. The order of the products does not count."""

    mode: Mode
    product_ids: tuple[str, ...] = ()
    metadata: Metadata = Metadata()

    @classmethod
    def of(cls, mode: Mode, product_ids: Sequence[str], metadata: Metadata) -> Selection:
        """Check and sort a selection. Raises SelectionRefused."""
        if mode == "metadata" and product_ids:
            raise SelectionRefused("mode metadata takes no products; choose mode both to give products too")
        if mode == "products" and metadata != Metadata():
            raise SelectionRefused("mode products takes no metadata; choose mode both to give metadata too")
        if mode != "metadata" and not len(product_ids) == len(set(product_ids)) == N_SELECTED:
            raise SelectionRefused(
                f"mode {mode} takes exactly {N_SELECTED} products, each once; {len(product_ids)} were given, "
                f"{len(set(product_ids))} different ones"
            )
        return cls(mode=mode, product_ids=tuple(sorted(product_ids)), metadata=metadata)

    @property
    def columns(self) -> dict[str, Any]:
        """The selection as a row of `serving.shop_requests` has it; metadata as JSON."""
        return {
            "mode": self.mode,
            "product_ids": list(self.product_ids),
            "metadata": msgspec.json.encode(self.metadata).decode(),
        }


def anonymous_user(of: str | None = None) -> str:
    """Return an id for the customer of one request: a fresh one, or always the same one `of` a run.

    It names nobody, and the request itself.
    """
    number = uuid.uuid4() if of is None else uuid.uuid5(uuid.NAMESPACE_OID, of)
    return f"shop-{number.hex}"
