"""The documents of the systems that Aisle takes the place of, where this machine has them."""

from __future__ import annotations

import pytest

from tests.conftest import DATASETS

DOCUMENTS = DATASETS.parent / "mission"
NEEDS_DOCUMENTS = pytest.mark.skipif(not DOCUMENTS.exists(), reason=f"no documents: {DOCUMENTS} does not exist")


def example(document: str, language: str, *words: str) -> str:
    """Return the first block of a document in a language that has these words."""
    (path,) = DOCUMENTS.glob(f"{document}-*.md")
    blocks = path.read_text().split(f"```{language}\n")[1:]
    return next(code for code in (block.partition("```")[0] for block in blocks) if all(word in code for word in words))
