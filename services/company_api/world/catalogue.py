"""The products of a generated company."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.company_api.order_book import Array, Product
from services.company_api.world.scales import Scale


@dataclass(frozen=True, slots=True)
class Category:
    """One department. `rhythm_days` is how soon it is used up (None: it lasts), `peak_month` when it sells most."""

    name: str
    code: str
    price: float
    nouns: tuple[str, ...]
    rhythm_days: int | None = None
    peak_month: int | None = None


#: Neighbours (first and second, third and fourth, …) hold each other's companions: see `Catalogue.companion`.
CATEGORIES: tuple[Category, ...] = (
    Category("Tea & Coffee", "TEA", 650, ("Black Tea", "Green Tea", "Instant Coffee", "Filter Coffee", "Chai Mix"), 30),
    Category("Biscuits & Snacks", "SNK", 180, ("Biscuits", "Rusks", "Nimko", "Chips", "Wafers"), 14),
    Category("Baby Care", "BAB", 1_450, ("Diapers", "Wipes", "Baby Lotion", "Feeding Bottle", "Cereal"), 21),
    Category("Toys", "TOY", 1_200, ("Blocks", "Puzzle", "Ball", "Doll", "Toy Car")),
    Category("Summer Wear", "SUM", 2_800, ("Lawn Suit", "Kurta", "Dupatta", "Shirt", "Trousers"), None, 5),
    Category("Footwear", "FTW", 3_200, ("Sandals", "Slippers", "Sneakers", "Khussa", "Socks")),
    Category("Winter Wear", "WIN", 4_500, ("Shawl", "Sweater", "Jacket", "Cap", "Gloves"), None, 12),
    Category("Bedding", "BED", 5_200, ("Quilt", "Blanket", "Bed Sheet", "Pillow", "Mattress Cover"), None, 11),
    Category("Rice & Grains", "GRN", 1_900, ("Basmati Rice", "Flour", "Lentils", "Chickpeas", "Oats"), 45),
    Category("Spices", "SPC", 320, ("Red Chilli", "Turmeric", "Garam Masala", "Cumin", "Biryani Masala"), 60),
    Category("Skin Care", "SKN", 950, ("Face Wash", "Cream", "Sunblock", "Serum", "Scrub"), 60),
    Category("Hair Care", "HAR", 780, ("Shampoo", "Conditioner", "Hair Oil", "Hair Mask", "Comb"), 45),
    Category("Cold Drinks", "DRK", 220, ("Cola", "Mango Drink", "Lemonade", "Sharbat", "Water"), 14, 6),
    Category("Ice Cream & Desserts", "ICE", 480, ("Kulfi", "Ice Cream", "Custard", "Jelly", "Falooda Mix"), 21, 7),
    Category("Laundry", "LAU", 880, ("Washing Powder", "Liquid Detergent", "Softener", "Bleach", "Laundry Soap"), 30),
    Category("Home Cleaning", "CLN", 540, ("Floor Cleaner", "Dish Wash", "Glass Cleaner", "Sponge", "Mop"), 30),
    Category("Kitchenware", "KIT", 2_400, ("Cooking Pot", "Frying Pan", "Knife", "Storage Jar", "Tea Set")),
    Category("Small Appliances", "APP", 8_900, ("Blender", "Kettle", "Iron", "Toaster", "Hand Mixer")),
    Category("Stationery", "STA", 260, ("Notebook", "Pen Set", "Colour Pencils", "Geometry Box", "Marker"), None, 8),
    Category("School Bags", "BAG", 2_100, ("School Bag", "Lunch Box", "Bottle", "Pencil Case", "Umbrella"), None, 8),
    Category("Tools", "TLS", 1_600, ("Drill", "Hammer", "Screwdriver Set", "Pliers", "Tape Measure")),
    Category("Lighting", "LGT", 720, ("LED Bulb", "Tube Light", "Lamp", "Torch", "Extension Lead")),
    Category("Sports", "SPT", 1_900, ("Cricket Bat", "Tape Ball", "Football", "Badminton Set", "Skipping Rope")),
    Category("Gifts", "GFT", 1_300, ("Perfume", "Candle", "Photo Frame", "Mug", "Gift Box"), None, 4),
)

_BRANDS = ("Aruvi", "Belnor", "Cassim", "Dorava", "Elmira", "Falora", "Gulrez", "Havani", "Ishmar", "Jorani", "Kelvar")
_BRANDS_PER_CATEGORY = 6
_STYLE_WORDS = ("Classic", "Daily", "Fresh", "Royal", "Prime")
_SIZES = ("Small", "Medium", "Large", "Family", "Value", "Mini")

#: How fast popularity falls with rank inside one category and style: the long tail.
_TAIL = 0.9


class Catalogue:
    """Products by number. Number = rank * cells + cell, where a cell is one category in one style.

    So the products of a cell, best-selling first, are `cell`, `cell + cells`, `cell + 2 * cells`, …
    """

    def __init__(self, scale: Scale, rng: np.random.Generator) -> None:
        self.size = scale.products
        self.n_categories, self.n_styles = scale.categories, scale.styles
        self.categories = CATEGORIES[: scale.categories]
        self.cells = scale.categories * scale.styles
        numbers = np.arange(self.size)
        self.category = numbers % self.cells // self.n_styles
        self.list_price = self._list_prices(rng)
        self.companion = self._companions(numbers)
        self._code = rng.permutation(self.size)
        self._tail = np.cumsum(1 / np.arange(1, self.size // self.cells + 2) ** _TAIL)
        self._by_month = self._category_shares_by_month()

    def products(self) -> list[Product]:
        return [self._product(number) for number in range(self.size)]

    def draw(self, category: Array, style: Array, rng: np.random.Generator) -> Array:
        """One product of each given category and style, the popular ones more often."""
        cell = category * self.n_styles + style
        depth = (self.size - cell - 1) // self.cells
        ceiling = self._tail[depth]
        rank = np.searchsorted(self._tail, rng.random(len(cell)) * ceiling, side="right")
        product: Array = rank * self.cells + cell
        return product

    def draw_category(self, month: Array, rng: np.random.Generator) -> Array:
        """A category as it sells in each given month (1 to 12)."""
        place = np.searchsorted(self._by_month, month - 1 + rng.random(len(month)), side="right")
        category: Array = np.minimum(place - (month - 1) * self.n_categories, self.n_categories - 1)
        return category

    def rhythm_days(self, category: Array) -> Array:
        """How soon a person who likes each category comes back."""
        days: Array = np.array([category.rhythm_days or 120 for category in self.categories])[category]
        return days

    def _product(self, number: int) -> Product:
        cell, rank = number % self.cells, number // self.cells
        category, style = self.categories[cell // self.n_styles], _STYLE_WORDS[cell % self.n_styles]
        noun = category.nouns[rank % len(category.nouns)]
        brand = self._brand(cell // self.n_styles, rank // len(category.nouns))
        size = _SIZES[(rank // (len(category.nouns) * _BRANDS_PER_CATEGORY) + rank) % len(_SIZES)]
        return Product(
            id=f"{category.code}-{self._code[number] + 1:05d}",
            title=f"{brand} {style} {noun} {size}",
            base_price=float(self.list_price[number]),
            category=category.name,
            brand=brand,
        )

    def _brand(self, category: int, turn: int) -> str:
        return _BRANDS[(category * 3 + turn % _BRANDS_PER_CATEGORY) % len(_BRANDS)]

    def _list_prices(self, rng: np.random.Generator) -> Array:
        typical = np.array([category.price for category in self.categories])[self.category]
        return np.maximum(np.round(typical * rng.lognormal(0, 0.5, self.size) / 5) * 5, 10.0)

    def _companions(self, numbers: Array) -> Array:
        """The product that goes with each: same style and rank in the neighbouring category. -1: none."""
        cell, rank = numbers % self.cells, numbers // self.cells
        other = rank * self.cells + (self.category ^ 1) * self.n_styles + cell % self.n_styles
        return np.where((rank % 2 == 0) & (other < self.size), other, -1)

    def _category_shares_by_month(self) -> Array:
        """Running sums of what each month buys, month after month: January's lie in (0, 1], February's in (1, 2], …"""
        months = np.arange(1, 13)[:, None]
        peaks = np.array([category.peak_month or 0 for category in self.categories])
        away = np.minimum((months - peaks) % 12, (peaks - months) % 12)
        shares = np.where(peaks == 0, 0.4, 4.0 * np.exp(-((away / 1.3) ** 2)))
        running: Array = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1) + months - 1
        return running.ravel()
