"""Whether an endpoint is Amazon's, or that of a server which speaks the service's protocol in its place."""

from __future__ import annotations

from urllib.parse import urlsplit

#: The domains of AWS, China's partition included, each with that of its dual-stack endpoints.
_DOMAINS = (".amazonaws.com", ".api.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn")


def is_amazons(endpoint_url: str | None) -> bool:
    """Say whether calls to an endpoint reach Amazon, and cost money. None is boto3's own choice, which is Amazon."""
    return not endpoint_url or (urlsplit(endpoint_url).hostname or "").endswith(_DOMAINS)
