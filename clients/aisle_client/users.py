"""How a caller names a user."""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable


@runtime_checkable
class HasPrimaryKey(Protocol):
    """A user of a web framework, such as Django's `request.user`; an anonymous one has no key."""

    @property
    def pk(self) -> object: ...


User: TypeAlias = str | int | HasPrimaryKey


def user_id_of(user: User | None) -> str | None:
    """Return the id that a caller means; None for nobody in particular, who has a session only."""
    key = user.pk if isinstance(user, HasPrimaryKey) else user
    return None if key is None else _checked("user", key)


def required_user_id(user: User) -> str:
    """Return the id that a caller means. Raises ValueError for an anonymous user."""
    user_id = user_id_of(user)
    if user_id is None:
        raise ValueError("this call is about one user: give an id, not None or an anonymous user")
    return user_id


def item_id_of(item: str | int) -> str:
    """Return an item's id as text. Raises ValueError if it is empty."""
    return _checked("item", item)


def _checked(what: str, key: object) -> str:
    if isinstance(key, bool) or not str(key).strip():
        raise ValueError(f"the {what} id is empty or no id")
    return str(key)
