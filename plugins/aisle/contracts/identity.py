"""How a user is named where their id must not stay."""

from __future__ import annotations

from hashlib import sha256


def user_hash(user_id: str) -> str:
    """Hash a user id for params, logs and other places that outlive an erasure: 64 hex digits.

    Equal to `identity.user_hash` of the warehouse.
    """
    return sha256(user_id.encode()).hexdigest()
