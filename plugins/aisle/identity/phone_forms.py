"""Forms of phone numbers: what a newer phone library makes of a known number leads to the number as it was kept."""

from __future__ import annotations

from importlib.metadata import version

from psycopg import Connection

from aisle.identity.hashing import PersonHasher
from aisle.warehouse import sql


def keep_forms(connection: Connection, hasher: PersonHasher) -> int:
    """Compare the numbers of all customers with the phone library, once per version of it.

    Return how many have another form by now. New spellings of them are the same customer from here on.
    """
    library = {"version": version("phonenumbers")}
    with connection.transaction():
        if connection.execute(sql("identity/phone_forms/is_compared").encode(), library).fetchone() == (True,):
            return 0
        phones = connection.execute(sql("identity/phone_forms/phones").encode()).fetchall()
        changed = [
            {"written_hash": written_hash, "contact_hash": contact_hash}
            for phone, contact_hash in phones
            if (written_hash := hasher.phone_hash(phone)) and written_hash != contact_hash
        ]
        if changed:
            connection.cursor().executemany(sql("identity/phone_forms/insert").encode(), changed)
        connection.execute(sql("identity/phone_forms/forget_library").encode())
        connection.execute(sql("identity/phone_forms/note_library").encode(), library)
    return len(changed)
