from __future__ import annotations

from typing import Any

from aisle.objects import S3Uri, StoredObject, list_objects, list_versions


class SmallPages:
    """A boto3 client that asks for pages of two entries."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def get_paginator(self, name: str) -> Any:
        paginator = self._s3.get_paginator(name)
        paginate = paginator.paginate
        paginator.paginate = lambda **request: paginate(**request, PaginationConfig={"PageSize": 2})
        return paginator


def put(s3: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def test_a_listing_goes_on_over_every_page_and_leaves_out_what_begins_otherwise(s3: Any, bucket: str) -> None:
    put(s3, bucket, *(f"run/{number}" for number in range(5)), "run-2/0", "other")
    listed = list(list_objects(SmallPages(s3), S3Uri(bucket, "run/")))
    assert [entry.key for entry in listed] == [f"run/{number}" for number in range(5)]
    assert {entry.size for entry in listed} == {5}


def test_a_listing_says_when_an_object_was_written(s3: Any, bucket: str) -> None:
    put(s3, bucket, "run/a")
    written = s3.head_object(Bucket=bucket, Key="run/a")["LastModified"]
    (entry,) = list_objects(s3, S3Uri(bucket, "run/"))
    assert entry == StoredObject("run/a", 5, entry.last_modified)
    assert entry.last_modified.replace(microsecond=0) == written.replace(microsecond=0)


def test_nothing_below_a_prefix_is_an_empty_listing(s3: Any, bucket: str) -> None:
    assert list(list_objects(s3, S3Uri(bucket, "run/"))) == []


def test_keys_of_other_letters_are_listed_as_they_were_written(s3: Any, bucket: str) -> None:
    keys = ["run/a b", "run/a#b", "run/a%20b", "run/ä+?"]
    put(s3, bucket, *keys)
    assert sorted(entry.key for entry in list_objects(s3, S3Uri(bucket, "run/"))) == sorted(keys)


def test_every_version_and_mark_of_deletion_is_listed(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(s3, bucket, "a", "a", "a", "bb")
    s3.delete_object(Bucket=bucket, Key="a")
    versions = list(list_versions(SmallPages(s3), bucket))
    assert sorted((version.key, version.size) for version in versions) == [
        ("a", 0),
        ("a", 1),
        ("a", 1),
        ("a", 1),
        ("bb", 2),
    ]
    assert len({version.version_id for version in versions}) == 5
