"""Tell Amazon's endpoints from those of other servers with the same protocol."""

from __future__ import annotations

from urllib.parse import urlsplit

#: The domains of AWS and of its partition in China, each with that of its dual-stack endpoints.
_DOMAINS = (".amazonaws.com", ".api.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn")


def is_amazons(endpoint_url: str | None) -> bool:
    """Return whether calls to an endpoint reach Amazon, and cost money. None is boto3's default, which is Amazon's."""
    return not endpoint_url or (urlsplit(endpoint_url).hostname or "").endswith(_DOMAINS)
