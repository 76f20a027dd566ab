"""The people of a generated company: what they like, where they live, and how the order systems know them."""

from __future__ import annotations

import numpy as np

from aisle.contracts.company_orders import Customer
from services.company_api.order_book import Array, Coded
from services.company_api.world.catalogue import Catalogue
from services.company_api.world.names import PLACES, address, email, person_name, phone
from services.company_api.world.scales import Scale

POS, OE = 0, 1  # places in SOURCES
_POS_ONLY, _OE_ONLY, _BOTH = 0, 1, 2
#: How a person can be recognised: by phone, by e-mail alone, or only by the source's own number.
_BY_PHONE, _BY_EMAIL, _BY_REF = 0, 1, 2

_FAVOURITES = (0.5, 0.3, 0.2)  # how a person divides money among three favourite categories
_REPERTOIRE = 6


class People:
    """Everyone who buys. The first `known` are customers; those behind them are walk-ins, who come once.

    Shapes   favourites (people, 3) categories; repertoire (people, 6) products; all else (people,).
    """

    def __init__(self, scale: Scale, walk_ins: int, catalogue: Catalogue, rng: np.random.Generator) -> None:
        self.known = scale.customers
        self.size = scale.customers + walk_ins
        self._catalogue = catalogue
        segment = rng.integers(scale.segments, size=self.size)
        self.favourites = self._favourites(segment, scale, rng)
        usual_style = (segment % scale.styles).astype(np.int64)
        self.style = np.where(rng.random(self.size) < 0.7, usual_style, rng.integers(scale.styles, size=self.size))
        self.repertoire = self._repertoire(rng)
        self.rhythm_days = catalogue.rhythm_days(self.favourites[:, 0])
        sizes = 1 / np.arange(1, len(PLACES) + 1) ** 0.8
        self.home = rng.choice(len(PLACES), self.size, p=sizes / sizes.sum())
        self._channel = rng.choice(3, self.size, p=(0.5, 0.38, 0.12))
        self._contact = rng.choice(3, self.size, p=(0.93, 0.05, 0.02))
        self._channel[(self._contact == _BY_REF) & (self._channel == _BOTH)] = _OE_ONLY
        self._registered_twice = (rng.random(self.size) < 0.08) & (self._contact != _BY_REF)

    def taste(self, person: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """A category and a style that each person would look at."""
        choice = np.searchsorted(np.cumsum(_FAVOURITES)[:-1], rng.random(len(person)))
        strays = rng.random(len(person)) < 0.1
        style = np.where(strays, rng.integers(self._catalogue.n_styles, size=len(person)), self.style[person])
        return self.favourites[person, choice], style

    def sources(self, person: Array, rng: np.random.Generator) -> Array:
        """Which system each order goes through. Walk-ins are mostly seen at a till."""
        at_till = np.array([1.0, 0.0, 0.5])[self._channel[person]]  # _POS_ONLY, _OE_ONLY, _BOTH
        at_till[person >= self.known] = 0.9
        return np.where(rng.random(len(person)) < at_till, POS, OE)

    def accounts(self, person: Array, source: Array, rng: np.random.Generator) -> Coded[Customer | None]:
        """The customer record on each order: one per person, system and registration; None for walk-ins."""
        second = self._registered_twice[person] & (rng.random(len(person)) < 0.35)
        key = np.where(person < self.known, person * 4 + source * 2 + second, -1)
        keys, codes = np.unique(key, return_inverse=True)
        return Coded([self._account(key) for key in keys.tolist()], codes.astype(np.int32))

    def _account(self, key: int) -> Customer | None:
        if key < 0:
            return None
        person, source, second = key // 4, key // 2 % 2, key % 2
        contact = self._contact[person]
        name = person_name(person)
        writes_email = contact == _BY_EMAIL or (contact == _BY_PHONE and (source == OE or person % 3 == 0))
        return Customer(
            id=f"{'C' if source == POS else 'W'}{person * 2 + second:07d}",
            name=name.upper() if second else name,
            phone=phone(person, person + 2 * source + second) if contact == _BY_PHONE else None,
            email=email(person) if writes_email else None,
            address=address(person, PLACES[self.home[person]]) if source == OE else None,
        )

    def _favourites(self, segment: Array, scale: Scale, rng: np.random.Generator) -> Array:
        """Three of the four categories a segment favours, in the person's own order."""
        of_segment = np.array([rng.permutation(scale.categories)[:4] for _ in range(scale.segments)])
        order = rng.permuted(np.tile(np.arange(4), (self.size, 1)), axis=1)[:, :3]
        favourites: Array = of_segment[segment[:, None], order]
        return favourites

    def _repertoire(self, rng: np.random.Generator) -> Array:
        person = np.repeat(np.arange(self.size), _REPERTOIRE)
        return self._catalogue.draw(*self.taste(person, rng), rng).reshape(self.size, _REPERTOIRE)
