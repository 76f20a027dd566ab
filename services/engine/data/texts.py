"""Textual values as the service stores them."""

from __future__ import annotations

import re
from html import unescape

from personalize_kinds.limits import MAX_TEXTUAL_LENGTH

_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"[\s\0]+")


def clean_text(text: str) -> str:
    """Strip tags, entities, line breaks and repeated blanks from a text, and cut it at 20,000 characters."""
    return _BLANKS.sub(" ", unescape(_TAG.sub(" ", text))).strip()[:MAX_TEXTUAL_LENGTH]
