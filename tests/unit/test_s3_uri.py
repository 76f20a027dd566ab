from __future__ import annotations

import pytest

from aisle.errors import ConfigurationError
from aisle.objects import S3Uri


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://shop/export/users/", "shop", "export/users/"),
        ("s3://shop/export/users.csv", "shop", "export/users.csv"),
        ("s3://shop/", "shop", ""),
        ("s3://shop/run #1?/a b.out", "shop", "run #1?/a b.out"),
        ("s3://shop//twice//", "shop", "/twice//"),
        ("s3://shop/s3://other/", "shop", "s3://other/"),
    ],
)
def test_a_location_is_read_character_by_character_and_written_as_it_was(text: str, bucket: str, key: str) -> None:
    uri = S3Uri.parse(text)
    assert (uri, str(uri)) == (S3Uri(bucket, key), text)


def test_a_bucket_alone_is_all_of_it() -> None:
    assert S3Uri.parse("s3://shop") == S3Uri("shop", "")


@pytest.mark.parametrize(
    "text", ["", "shop/key", "/prefix/", "s3:/shop/key", "S3://shop/key", "s3:///key", "https://b/k"]
)
def test_a_location_without_scheme_or_bucket_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write it as s3://bucket/prefix/") as refused:
        S3Uri.parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("key", "folder"), [("a/b/c.csv", "a/b/"), ("a/b/", "a/b/"), ("c.csv", ""), ("", ""), ("a//c", "a//")]
)
def test_the_folder_of_an_object_ends_in_a_slash(key: str, folder: str) -> None:
    assert S3Uri("shop", key).folder == S3Uri("shop", folder)
    assert S3Uri("shop", key).is_folder == (bool(key) and key == folder)
