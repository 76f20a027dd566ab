"""The shop page in object storage: published by one command, it asks the API from another origin."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from markupsafe import escape
from typer.testing import CliRunner

from services.cli import app
from services.migrations import upgrade
from services.serving.shop.site import site_files
from tests.serving_shop import KEY, Shop


@pytest.fixture
def run(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command of `aisle shop` against the S3 server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    return lambda *arguments: CliRunner().invoke(app, ["shop", *arguments, "--aws"])


@pytest.fixture
def website(s3: Any, bucket: str) -> str:
    """Name of a bucket that everybody may read."""
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    return bucket


def keys(s3: Any, bucket: str) -> set[str]:
    return {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_s3_12_the_page_is_published_by_one_command_and_works_from_there_with_a_key(
    shop: Shop, serving_program: Any, s3_endpoint: str, website: str, run: Any, browser_page: Any
) -> None:
    upgrade(shop.url)
    for place in range(7):
        shop.product(f"P{place}", 10 - place, product_name=f"Product {place}")
        shop.ordered(f"P{place}", 10 - place)
    shop.publish()
    api = serving_program(shop, SERVING_ALLOWED_ORIGINS=s3_endpoint)
    done = run("publish", "--bucket", website, "--api-url", f"{api}/")
    assert done.exit_code == 0, done.output
    assert f"ApiUrl      {api}\n" in done.output
    assert s3_endpoint in done.output
    website_url = re.findall(r"WebsiteURL +(\S+)", done.output)[0]

    browser_page.goto(website_url)
    browser_page.get_by_label("API key").fill(KEY)
    browser_page.get_by_role("button", name="Unlock").click()
    browser_page.locator("#carousel .card").first.wait_for()
    for place in range(5):
        browser_page.locator("#carousel .card").nth(place).click()
    browser_page.get_by_role("button", name="Get Recommendations").click()
    browser_page.locator("#results").wait_for()
    assert browser_page.locator("#list b").all_text_contents() == ["Product 5", "Product 6"]
    assert browser_page.evaluate("getComputedStyle(document.querySelector('.card')).position") == "relative"


def test_a_key_that_is_not_accepted_is_asked_for_again(
    shop: Shop, serving_program: Any, website: str, s3_endpoint: str, run: Any, browser_page: Any
) -> None:
    api = serving_program(shop, SERVING_ALLOWED_ORIGINS=s3_endpoint)
    website_url = re.findall(r"WebsiteURL +(\S+)", run("publish", "--bucket", website, "--api-url", api).output)[0]
    browser_page.goto(website_url)
    for key in ("wrong", "also wrong"):
        browser_page.get_by_label("API key").fill(key)
        browser_page.get_by_role("button", name="Unlock").click()
        browser_page.get_by_text("The API asks for a key.").wait_for()
    assert browser_page.locator("#key").is_visible()


def test_s3_26_the_page_is_removed_and_nothing_else_of_the_bucket(s3: Any, bucket: str, run: Any) -> None:
    s3.put_object(Bucket=bucket, Key="orders.csv", Body=b"")
    assert run("publish", "--bucket", bucket, "--api-url", "https://api.example").exit_code == 0
    assert keys(s3, bucket) == {"orders.csv", "index.html", "shop.css", "shop.js"}
    for _ in range(2):
        assert run("remove", "--bucket", bucket).exit_code == 0
        assert keys(s3, bucket) == {"orders.csv"}


def test_s3_9_a_bucket_that_is_missing_is_made(s3: Any, run: Any) -> None:
    assert run("publish", "--bucket", "shop-of-the-tests", "--api-url", "https://api.example").exit_code == 0
    page = s3.get_object(Bucket="shop-of-the-tests", Key="index.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert b'data-api="https://api.example"' in page["Body"].read()


@pytest.mark.parametrize(
    "api_url",
    ["http://api.example", "http://10.0.0.5:8000", "ftp://api.example", "api.example", "https://", "https://a/b",
     "https://user:word@a", "https://a?x=1", "https://a#x",
     "https://[", "https://[::1", "https://a:99999", "https://a:0", "https://a:b"],
)  # fmt: skip
def test_s3_30_an_address_that_is_none_or_not_https_is_refused(s3: Any, bucket: str, run: Any, api_url: str) -> None:
    done = run("publish", "--bucket", bucket, "--api-url", api_url)
    assert done.exit_code != 0
    assert keys(s3, bucket) == set()


@pytest.mark.parametrize(
    "api_url", ['https://a"><script>b', "https://a'onload='b", "https://<b>", "https://a b", 'https://a:443"x']
)
def test_s3_11_an_address_with_markup_is_refused_and_stays_text_in_a_page(
    s3: Any, bucket: str, run: Any, api_url: str
) -> None:
    done = run("publish", "--bucket", bucket, "--api-url", api_url)
    assert done.exit_code != 0
    assert keys(s3, bucket) == set()
    page = site_files(api_url)[-1].content.decode()
    assert f'data-api="{escape(api_url)}"' in page


@pytest.mark.parametrize(
    "api_url",
    ["https://user:pass-word@api.example", "http://:pass-word@127.0.0.1:8000", "https://a:pass-word@",
     "https://user:pass-word@[::1", "https://api.example?key=pass-word"],
)  # fmt: skip
def test_a_password_in_the_address_is_printed_nowhere(s3: Any, bucket: str, run: Any, api_url: str) -> None:
    done = run("publish", "--bucket", bucket, "--api-url", api_url)
    assert done.exit_code != 0
    assert "pass-word" not in done.output + str(done.exception)
    assert keys(s3, bucket) == set()
