"""A whole generated company."""

from __future__ import annotations

import numpy as np

from aisle.contracts.company_orders import CANCELLED, COMPLETED, PENDING
from services.company_api.order_book import SOURCES, Array, Coded, Company, ItemColumns, OrderColumns, shelve
from services.company_api.world.baskets import Visits, fill, visits
from services.company_api.world.catalogue import Catalogue
from services.company_api.world.dirt import soil
from services.company_api.world.names import PLACES
from services.company_api.world.people import OE, People
from services.company_api.world.scales import SCALES, ScaleName
from services.company_api.world.spoilt import spoil

_WALK_INS = 0.04  # share of orders
_AWAY = 0.06  # share of orders placed in another city than home
_PAYMENT_MODES: list[str | None] = ["cash", "card", "wallet", "cod"]
_PAYS_AT_TILL, _PAYS_ONLINE = (0.6, 0.3, 0.1, 0.0), (0.0, 0.25, 0.15, 0.6)
_STATUSES = [COMPLETED, PENDING, CANCELLED]
_STATUS_SHARES = (0.93, 0.03, 0.04)
_STORES: list[str | None] = ["Sehan Mart", "Sehan Express"]
_DISCOUNTS, _DISCOUNT_SHARES = (1.0, 0.95, 0.9, 0.8), (0.7, 0.1, 0.12, 0.08)


def generate(scale_name: ScaleName, seed: int, *, spoilt: bool = False) -> Company:
    """The company of this scale and seed: the same, byte for byte, every time; with one `spoilt` order of each sort."""
    scale = SCALES[scale_name]
    streams = [np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(5)]
    catalogue = Catalogue(scale, streams[0])
    people = People(scale, round(scale.orders * _WALK_INS), catalogue, streams[1])
    baskets = visits(scale, people, streams[2])
    orders, source = _orders(baskets, people, streams[3])
    order_of_item = np.repeat(np.arange(scale.orders), baskets.sizes)
    order_items = _order_items(fill(baskets, people, catalogue, streams[4]), catalogue, streams[3])
    soil(order_items, order_of_item, streams[3])
    books = shelve(orders, source, order_items, order_of_item)
    if spoilt:
        spoil(books)
    return Company(books, people.known, len(order_items))


def _orders(baskets: Visits, people: People, rng: np.random.Generator) -> tuple[OrderColumns, Array]:
    rows = len(baskets.person)
    source = people.sources(baskets.person, rng)
    ordered_at = baskets.at.astype("datetime64[us]")
    place = np.where(rng.random(rows) < _AWAY, rng.integers(len(PLACES), size=rows), people.home[baskets.person])
    columns = OrderColumns(
        order_id=_order_ids(source, ordered_at),
        ordered_at=ordered_at,
        updated_at=ordered_at + _settling_time(source, rng),
        status=Coded(_STATUSES, rng.choice(3, rows, p=_STATUS_SHARES)),
        customer=people.accounts(baskets.person, source, rng),
        city=Coded([place.city for place in PLACES], place),
        province=Coded([place.province for place in PLACES], place),
        payment_mode=Coded(_PAYMENT_MODES, _payments(source, rng)),
        brand=Coded(_STORES, rng.choice(2, rows, p=(0.7, 0.3))),
    )
    return columns, source


def _order_ids(source: Array, ordered_at: Array) -> Array:
    """Each system numbers its orders as they come in."""
    ids = np.empty(len(source), "U11")
    for place, named in enumerate(SOURCES):
        own = np.flatnonzero(source == place)
        own = own[np.argsort(ordered_at[own], kind="stable")]
        ids[own] = [f"{named.name.upper()}-{number:07d}" for number in range(1, len(own) + 1)]
    return ids


def _settling_time(source: Array, rng: np.random.Generator) -> Array:
    """From order to last edit: about a day online, a moment at the till."""
    seconds = np.minimum(rng.exponential(np.where(source == OE, 86_400, 60)), 5 * 86_400)
    return seconds.astype("timedelta64[s]")


def _payments(source: Array, rng: np.random.Generator) -> Array:
    bounds = np.cumsum([_PAYS_AT_TILL, _PAYS_ONLINE], axis=1)[:, :-1]
    mode: Array = (rng.random(len(source))[:, None] > bounds[source]).sum(axis=1)
    return mode


def _order_items(product: Array, catalogue: Catalogue, rng: np.random.Generator) -> ItemColumns:
    discount = rng.choice(_DISCOUNTS, len(product), p=_DISCOUNT_SHARES)
    return ItemColumns(
        product=Coded(catalogue.products(), product.astype(np.int32)),
        quantity=np.minimum(rng.geometric(0.7, len(product)), 12).astype(np.float64),
        price=np.round(catalogue.list_price[product] * discount, 2),
    )
