"""The engine called by pages in a real browser: with fetch, and with the published AWS SDK for JavaScript."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest

from tests.npm_packages import install

SHOP = "https://shop.example"
#: The SDK as it is published. It is fetched for the test, never kept.
PACKAGES = {
    "@aws-sdk/client-personalize": "3.1138.0",
    "@aws-sdk/client-personalize-events": "3.1138.0",
    "@aws-sdk/client-personalize-runtime": "3.1138.0",
    "esbuild": "0.28.2",
}
_ENTRY = """
export * from "@aws-sdk/client-personalize";
export * from "@aws-sdk/client-personalize-events";
export * from "@aws-sdk/client-personalize-runtime";
"""
_LIST_GROUPS = """
async url => {
  const headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonPersonalize.ListDatasetGroups"};
  const answer = await fetch(url, {method: "POST", headers, body: "{}"});
  return {status: answer.status, id: answer.headers.get("x-amzn-requestid"), ...(await answer.json())};
}
"""
#: Such a call needs no preflight: a browser sends it, and keeps only the answer from the page.
_SEND_WITHOUT_ASKING = """
url => fetch(`${url}/events`, {method: "POST", mode: "no-cors", body: "{}"}).then(answer => answer.type)
"""
_SHOP_VISIT = """
async ({endpoint, credentials, arn, trackingId}) => {
  const settings = {endpoint, credentials, region: "us-east-1", maxAttempts: 1};
  const told = call => call.catch(error => ({error: error.name, status: error.$metadata?.httpStatusCode}));
  const control = new aws.PersonalizeClient(settings);
  const events = new aws.PersonalizeEventsClient(settings);
  const runtime = new aws.PersonalizeRuntimeClient(settings);
  const event = {eventType: "purchase", itemId: "i1", sentAt: new Date()};
  return {
    groups: await told(control.send(new aws.ListDatasetGroupsCommand({}))),
    sent: await told(events.send(
      new aws.PutEventsCommand({trackingId, userId: "u1", sessionId: "s1", eventList: [event]}))),
    list: await told(runtime.send(
      new aws.GetRecommendationsCommand({campaignArn: arn, userId: "u1", numResults: 3}))),
    missing: await told(runtime.send(new aws.GetRecommendationsCommand({campaignArn: arn + "-gone", userId: "u1"}))),
  };
}
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page and the SDK as one script for it; without npm or its registry tests are skipped."""
    folder = tmp_path_factory.mktemp("sdk")
    install(folder, PACKAGES)
    (folder / "entry.js").write_text(_ENTRY)
    bundle = [
        "entry.js",
        "--bundle",
        "--format=iife",
        "--global-name=aws",
        "--outfile=page/sdk.js",
        "--log-level=error",
    ]
    subprocess.run([folder / "node_modules" / ".bin" / "esbuild", *bundle], cwd=folder, check=True)
    return folder / "page"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serves a folder, or an empty page, on a port of its own, which is an origin of its own; gives the address."""
    servers: list[ThreadingHTTPServer] = []

    def serve(folder: Path = tmp_path) -> str:
        (folder / "index.html").write_text("<!doctype html><script src=sdk.js></script>")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def open_shop(page: Any, folder: Path | None = None) -> None:
    """Open a page of a public shop: the browser gets it from here, and takes it for one of that origin."""
    script = f"<script>{(folder / 'sdk.js').read_text()}</script>" if folder else ""
    page.route(f"{SHOP}/", lambda route: route.fulfill(body=f"<!doctype html>{script}", content_type="text/html"))
    # Since version 142 Chromium asks the user before a page may call an address of this machine: he agrees.
    page.context.grant_permissions(["local-network-access"], origin=SHOP)
    page.goto(f"{SHOP}/")


def test_page_of_this_machine_reads_answers_and_request_ids(engine: Any, browser_page: Any, site: Any) -> None:
    browser_page.goto(site())
    answer = browser_page.evaluate(_LIST_GROUPS, engine.url)
    assert answer["status"] == 200
    assert answer["id"]
    assert isinstance(answer["datasetGroups"], list)


def test_foreign_page_can_neither_read_an_unsigned_engine_nor_change_it(engine: Any, browser_page: Any) -> None:
    open_shop(browser_page)
    with pytest.raises(Exception, match="Failed to fetch"):
        browser_page.evaluate(_LIST_GROUPS, engine.url)
    with browser_page.expect_response(f"{engine.url}/events") as sent:
        assert browser_page.evaluate(_SEND_WITHOUT_ASKING, engine.url) == "opaque"
    assert sent.value.status == 403


def test_page_that_the_setting_does_not_list_cannot_call(own_engine: Any, browser_page: Any, site: Any) -> None:
    listed, other = site(), site()
    engine = own_engine(ENGINE_CORS_ORIGINS=listed)
    browser_page.goto(listed)
    assert browser_page.evaluate(_LIST_GROUPS, engine.url)["status"] == 200
    browser_page.goto(other)
    with pytest.raises(Exception, match="Failed to fetch"):
        browser_page.evaluate(_LIST_GROUPS, engine.url)


def test_published_sdk_works_in_pages_of_listed_origins_and_in_no_others(
    own_engine: Any, make_shop: Any, csv_of_interactions: str, browser_page: Any, site: Any, sdk: Path
) -> None:
    engine = own_engine(ENGINE_ACCESS_KEYS="page:of-the-shop", ENGINE_CORS_ORIGINS=SHOP)
    keys = {"aws_access_key_id": "page", "aws_secret_access_key": "of-the-shop"}
    shop = make_shop(boto3.client("personalize", endpoint_url=engine.url, **keys))
    group = shop.group()
    shop.import_csv(shop.dataset(group), csv_of_interactions)
    tracker = shop.client.create_event_tracker(name="page", datasetGroupArn=group)
    shop.settled(shop.client.describe_event_tracker, eventTrackerArn=tracker["eventTrackerArn"])
    version = shop.train(group, "aws-popularity-count")["solutionVersionArn"]
    campaign = shop.client.create_campaign(name="page", solutionVersionArn=version)["campaignArn"]
    shop.settled(shop.client.describe_campaign, campaignArn=campaign)
    visit = {
        "endpoint": engine.url,
        "credentials": {"accessKeyId": "page", "secretAccessKey": "of-the-shop"},
        "arn": campaign,
        "trackingId": tracker["trackingId"],
    }

    open_shop(browser_page, sdk)
    seen = browser_page.evaluate(_SHOP_VISIT, visit)
    assert [entry["name"] for entry in seen["groups"]["datasetGroups"]] == [shop.name]
    assert seen["sent"]["$metadata"]["requestId"]
    assert len(seen["list"]["itemList"]) == 3
    assert seen["missing"] == {"error": "ResourceNotFoundException", "status": 404}

    wrong_secret = visit | {"credentials": {"accessKeyId": "page", "secretAccessKey": "of-another-shop"}}
    refused = browser_page.evaluate(_SHOP_VISIT, wrong_secret)
    assert refused["groups"] == {"error": "InvalidSignatureException", "status": 400}
    assert refused["sent"] == refused["list"] == {"error": "InvalidSignatureException", "status": 403}

    browser_page.goto(site(sdk))
    # The browser keeps the answers from the page, so the SDK has an error of fetch.
    elsewhere = browser_page.evaluate(_SHOP_VISIT, visit)
    assert {outcome["error"] for outcome in elsewhere.values()} == {"TypeError"}
