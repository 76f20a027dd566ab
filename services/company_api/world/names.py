"""Words for a company that does not exist: people, phones, e-mails, addresses, places."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A city where the company sells."""

    city: str
    province: str


#: Largest first: the share of customers falls down the list.
PLACES: tuple[Place, ...] = (
    Place("Karachi", "Sindh"),
    Place("Lahore", "Punjab"),
    Place("Faisalabad", "Punjab"),
    Place("Rawalpindi", "Punjab"),
    Place("Islamabad", "Islamabad Capital Territory"),
    Place("Multan", "Punjab"),
    Place("Peshawar", "Khyber Pakhtunkhwa"),
    Place("Hyderabad", "Sindh"),
    Place("Gujranwala", "Punjab"),
    Place("Quetta", "Balochistan"),
    Place("Sialkot", "Punjab"),
    Place("Bahawalpur", "Punjab"),
    Place("Sukkur", "Sindh"),
    Place("Abbottabad", "Khyber Pakhtunkhwa"),
    Place("Mardan", "Khyber Pakhtunkhwa"),
    Place("Larkana", "Sindh"),
    Place("Mirpur", "Azad Kashmir"),
    Place("Gilgit", "Gilgit-Baltistan"),
    Place("Gwadar", "Balochistan"),
    Place("Muzaffarabad", "Azad Kashmir"),
)

_FIRST_STARTS = ("Aru", "Bela", "Dani", "Fari", "Hali", "Jami", "Kera", "Lami", "Mani", "Nora", "Rasi", "Sami", "Zari")
_FIRST_ENDS = ("n", "sh", "ra", "yan", "bel", "mir", "va", "dal", "sa", "rik", "tha")
_LAST_STARTS = ("Bar", "Chan", "Dor", "Gul", "Har", "Jal", "Kor", "Mal", "Nur", "Pash", "Qal", "Sor", "Tal", "Zam")
_LAST_ENDS = ("ani", "dar", "eri", "wal", "zai", "mand", "oor", "pur")
_STREETS = ("Canal Road", "Garden Lane", "Mill Street", "Orchard Road", "Station Road", "Tower Street", "Well Lane")

#: Mobile numbers begin with 300 to 329 and seven digits more.
_NUMBERS = 30 * 10**7
_STRIDE = 48_271_913  # shares no factor with _NUMBERS, so no two people get one number


def person_name(person: int) -> str:
    parts = (_FIRST_STARTS, _FIRST_ENDS, _LAST_STARTS, _LAST_ENDS)
    scrambled = person * 2_654_435_761 % 2**32  # neighbours in number are not neighbours in name
    syllables = [part[(scrambled >> 8 * place) % 251 % len(part)] for place, part in enumerate(parts)]
    return "{}{} {}{}".format(*syllables)


def phone(person: int, spelling: int) -> str:
    """The person's one number, in one of four spellings."""
    number = str(3_000_000_000 + (person * _STRIDE + 1_234_567) % _NUMBERS)
    network, subscriber = number[:3], number[3:]
    spellings = (
        f"0{network}-{subscriber}",
        f"+92 {network} {subscriber}",
        f"92{network}{subscriber}",
        f"0{network} {subscriber[:3]} {subscriber[3:]}",
    )
    return spellings[spelling % len(spellings)]


def email(person: int) -> str:
    return f"{person_name(person).lower().replace(' ', '.')}.{person}@example.com"


def address(person: int, place: Place) -> str:
    return f"House {person % 397 + 1}, {_STREETS[person % len(_STREETS)]}, {place.city}"
