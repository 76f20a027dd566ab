from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aisle.errors import RetryableError
from aisle.objects import ObjectsNotDeleted, S3Uri, delete_objects, list_objects, list_versions


class Refusing:
    """A boto3 client of S3 that refuses to delete some keys, as a bucket's policy would, and counts its calls."""

    def __init__(self, s3: Any, *keys: str) -> None:
        self._s3, self._keys = s3, keys
        self.calls: list[int] = []

    def delete_objects(self, **request: Any) -> Any:
        objects = request["Delete"]["Objects"]
        self.calls.append(len(objects))
        allowed = [entry for entry in objects if entry["Key"] not in self._keys]
        answer = self._s3.delete_objects(Bucket=request["Bucket"], Delete={"Objects": allowed}) if allowed else {}
        refused = [entry for entry in objects if entry["Key"] in self._keys]
        return {**answer, "Errors": [{**entry, "Code": "AccessDenied"} for entry in refused]} if refused else answer


@pytest.fixture
def put(s3: Any, bucket: str) -> Callable[..., None]:
    def put(*keys: str) -> None:
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    return put


def left(s3: Any, bucket: str) -> list[str]:
    return [entry.key for entry in list_objects(s3, S3Uri(bucket))]


def test_nothing_to_delete_asks_nobody(s3: Any, bucket: str) -> None:
    client = Refusing(s3)
    delete_objects(client, bucket, [])
    assert client.calls == []


@pytest.mark.parametrize("keys", [["a"], ["a b", "ä+?", "a%20b"], [f"run/{number}" for number in range(5)]])
def test_what_is_given_is_deleted_and_nothing_else(
    s3: Any, bucket: str, put: Callable[..., None], keys: list[str]
) -> None:
    put(*keys, "stays")
    delete_objects(s3, bucket, [entry for entry in list_objects(s3, S3Uri(bucket)) if entry.key != "stays"])
    assert left(s3, bucket) == ["stays"]


def test_one_call_deletes_at_most_a_thousand(s3: Any, bucket: str, put: Callable[..., None]) -> None:
    put("a")
    (entry,) = list_objects(s3, S3Uri(bucket))
    client = Refusing(s3)
    delete_objects(client, bucket, [entry] * 2001)
    assert client.calls == [1000, 1000, 1]


def test_versions_and_marks_of_deletion_are_deleted_each(s3: Any, bucket: str, put: Callable[..., None]) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put("a", "a", "b")
    s3.delete_object(Bucket=bucket, Key="a")
    newest, *others = list_versions(s3, bucket)
    delete_objects(s3, bucket, others)
    assert list(list_versions(s3, bucket)) == [newest]


@pytest.mark.parametrize("refused", [["a"], ["a", "c"], ["a", "b", "c"]])
def test_a_refusal_names_the_first_key_and_its_code_and_deletes_the_others(
    s3: Any, bucket: str, put: Callable[..., None], refused: list[str]
) -> None:
    put("a", "b", "c")
    with pytest.raises(ObjectsNotDeleted) as error:
        delete_objects(Refusing(s3, *refused), bucket, list(list_objects(s3, S3Uri(bucket))))
    assert (error.value.bucket, error.value.key, error.value.code) == (bucket, "a", "AccessDenied")
    assert error.value.n_refused == len(refused)
    assert isinstance(error.value, RetryableError)
    assert left(s3, bucket) == refused
