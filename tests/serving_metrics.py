"""What the serving API has counted of itself."""

from __future__ import annotations

from collections import Counter

import httpx
from prometheus_client.parser import text_string_to_metric_families


def samples(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample of `/metrics` by its name and its labels, sorted."""
    text = client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(client: httpx.Client, name: str, label: str, **others: str) -> Counter[str]:
    """Return the samples of a counter by one of its labels, where all others are as given."""
    counts: Counter[str] = Counter()
    for (sample, labels), value in samples(client).items():
        rest = dict(labels)
        if sample == name and label in rest:
            key = rest.pop(label)
            if rest == others:
                counts[key] = int(value)
    return counts
