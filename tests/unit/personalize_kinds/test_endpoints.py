from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.loaders import Loader

from personalize_kinds.endpoints import is_amazons


@pytest.mark.parametrize("service", ["personalize", "personalize-runtime", "personalize-events"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1"])
@pytest.mark.parametrize("use_dualstack_endpoint", [False, True])
def test_what_boto3_chooses_by_itself_is_amazons(service: str, region: str, use_dualstack_endpoint: bool) -> None:
    config = Config(use_dualstack_endpoint=use_dualstack_endpoint)
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    assert is_amazons(boto3.client(service, region_name=region, config=config, **keys).meta.endpoint_url)


def test_the_domains_are_those_of_the_partitions_that_have_the_service() -> None:
    partitions = [part for part in Loader().load_data("partitions")["partitions"] if part["id"] in ("aws", "aws-cn")]
    assert len(partitions) == 2
    for outputs in (partition["outputs"] for partition in partitions):
        for domain in (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]):
            assert is_amazons(f"https://personalize.region.{domain}")


@pytest.mark.parametrize(
    ("endpoint_url", "expected"),
    [
        (None, True),
        ("", True),
        ("https://vpce-1.personalize.us-east-1.vpce.amazonaws.com", True),
        ("https://personalize.eu-west-1.amazonaws.com:443/", True),
        ("HTTPS://PERSONALIZE.EU-WEST-1.AMAZONAWS.COM", True),
        ("http://127.0.0.1:8010", False),
        ("http://engine:8002", False),
        ("https://personalize.example.com/.amazonaws.com", False),
        ("https://personalize.amazonaws.com.example.com", False),
        ("https://notamazonaws.com", False),
    ],
)
def test_an_endpoint_is_amazons_by_its_host(endpoint_url: str | None, expected: bool) -> None:
    assert is_amazons(endpoint_url) is expected
