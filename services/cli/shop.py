"""Commands around the shop page: put it into object storage, and take it away again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import SplitResult, urlsplit

import typer

from services.terminal import TerminalConsole
from services.usage import UsageError

if TYPE_CHECKING:
    from services.stack.running import RunningStack

commands = typer.Typer(no_args_is_help=True, help="The shop page in object storage.")
console = TerminalConsole()

#: A name or an address, and a port: no user, and no markup that `urlsplit` would let through.
_HOST = re.compile(r"(\w[\w.-]*|\[[0-9A-Fa-f:.]+\])(:\d+)?")

Bucket = Annotated[str, typer.Option(help="Bucket of the website (BucketName).")]
ApiUrl = Annotated[str | None, typer.Option(help="Address of the serving API (ApiUrl); else the running stack's.")]
Aws = Annotated[bool, typer.Option("--aws", help="Use the AWS of the environment, even if a stack runs here.")]


@commands.command()
def publish(bucket: Bucket, api_url: ApiUrl = None, aws: Aws = False) -> None:
    """Upload the page, which then asks the API at its address. The bucket is made if it is missing."""
    from services.resources import clients
    from services.serving.shop.site import INDEX, site_files

    address = _checked(api_url or _running_stack().addresses.serving)
    with clients.told_plainly():
        storage = clients.storage(aws=aws)
        _create_missing(storage, bucket)
        for file in site_files(address):
            storage.put_object(
                Bucket=bucket, Key=file.name, Body=file.content, ContentType=file.media_type, CacheControl="no-cache"
            )
        website_url = _url(storage, bucket, INDEX)
    console.print(f"ApiUrl      {address}", highlight=False, soft_wrap=True)
    console.print(f"WebsiteURL  {website_url}", highlight=False, soft_wrap=True)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(website_url))
    console.print(
        f"The API answers that page where SERVING_ALLOWED_ORIGINS names {origin}; visitors need to be allowed to read "
        "the bucket.", style="dim", soft_wrap=True,
    )  # fmt: skip


@commands.command()
def remove(bucket: Bucket, aws: Aws = False) -> None:
    """Delete the page's files; the bucket and whatever else is in it stay."""
    from services.resources import clients
    from services.serving.shop.site import site_files

    with clients.told_plainly():
        storage = clients.storage(aws=aws)
        for file in reversed(site_files("https://nowhere")):  # the page first: no visitor sees it without its style
            storage.delete_object(Bucket=bucket, Key=file.name)
    console.print(f"the shop page is gone from bucket {bucket}", soft_wrap=True)


def _checked(api_url: str) -> str:
    """Return the address without its path's end. Raises UsageError for one that browsers cannot or must not use."""
    from aisle.web_guard import address_of

    parts = _split(api_url)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise UsageError(
            "--api-url is no address of an API; write https://host, with a port if it needs one, and no password"
        )
    address = address_of(parts.hostname or "")
    is_local = parts.hostname == "localhost" or (address is not None and address.is_loopback)
    if parts.path.strip("/"):
        raise UsageError(f"--api-url {api_url} has a path; the API lies at the root of its host")
    if parts.scheme == "http" and not is_local:
        raise UsageError(
            f"--api-url {api_url} is not encrypted: put a proxy with TLS before the API and name it by https"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL; None unless a host, with or without a port, is all that comes before the path."""
    try:
        parts = urlsplit(url)
        is_usable = parts.port != 0
    except ValueError:  # brackets that do not match, a port beyond 65535
        return None
    return parts if is_usable and _HOST.fullmatch(parts.netloc) else None


def _create_missing(storage: Any, bucket: str) -> None:
    from botocore.exceptions import ClientError

    try:
        storage.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        region = storage.meta.region_name
        # Amazon refuses its oldest region as a constraint.
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        storage.create_bucket(Bucket=bucket, **where)


def _url(storage: Any, bucket: str, key: str) -> str:
    """Return where a file is read without a signature."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    unsigned = boto3.client(
        "s3", region_name=storage.meta.region_name, endpoint_url=storage.meta.endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )  # fmt: skip
    url: str = unsigned.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    return url


def _running_stack() -> RunningStack:
    from services.stack.running import NoStack, running_stack

    try:
        return running_stack()
    except NoStack as error:
        raise UsageError(f"which API the page is to ask is not known: {error}; or give --api-url") from error
