"""The price list of Amazon Personalize: one TOML file, checked when it is read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from aisle.errors import ConfigurationError

#: The list that comes with Aisle. It says itself how far it is to be trusted.
PRICE_LIST = Path(__file__).with_name("prices.toml")


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tier of a price: up to this quantity in a month; None: without limit."""

    usd: float
    up_to: float | None = None


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price of `per` units. Without tiers they are counted, but the price is unknown."""

    of: str
    per: float
    tiers: list[Tier]

    def cost(self, quantity: float, used_before: float = 0.0) -> float | None:
        """Dollars for `quantity` more, after `used_before` in the same month; None where no price is known."""
        if not self.tiers:
            return None
        return self._total(used_before + quantity) - self._total(used_before)

    def _total(self, quantity: float) -> float:
        total = reached = 0.0
        for tier in self.tiers:
            end = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += max(0.0, end - reached) / self.per * tier.usd
            reached = max(reached, end)
        return total


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures that no record has and a sum needs."""

    event_bytes: int
    campaign_tps: int


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One price for each thing that is charged."""

    training: Price
    batch: Price
    ingestion: Price
    campaign: Price


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices, and where and when they were read."""

    currency: str
    as_of: str
    source: str
    verified: bool
    prices: Prices
    assumptions: Assumptions


def read_price_list(path: Path = PRICE_LIST) -> PriceList:
    """Read a price list. Raises ConfigurationError that names the file and the wrong entry."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), PriceList)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"reading the price list {path}: {error}; correct it, or leave AISLE_COST__PRICE_LIST empty for the list "
            "that comes with Aisle"
        ) from error
