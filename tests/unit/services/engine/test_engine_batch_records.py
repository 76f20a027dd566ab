from __future__ import annotations

import io
import json
from dataclasses import astuple
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.errors import JobFailed
from services.engine.jobs.batch_files import MAX_RECORD_BYTES, READ_BYTES, Limits, blocks, check_sizes
from services.engine.jobs.batch_inference import REASONED, RELATED, SCORED
from services.engine.jobs.batch_lines import Fields, parse_block
from services.engine.jobs.batch_segment import LAYOUT
from services.engine.jobs.json_lines import Layout, Lists, Pieces, encode
from services.engine.s3 import Location

#: Whatever can be in a JSON string: quotes, backslashes, control characters, everything but lone surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
IDS = TEXTS.filter(bool)
USERS = Fields("userId")
RANKING = Fields("userId", "itemList")


def written(layout: Layout, errors: list[str | None], names: list[str], lists: Any, scores: Any) -> list[Any]:
    inputs = [orjson.dumps({"userId": f"u{n}"}) for n in range(len(errors))]
    ranked = Lists.of(
        [np.array(values, np.int64) for values in lists], [np.array(values, np.float64) for values in scores]
    )
    encoded = encode(layout, inputs, errors, Pieces.quoted(names), ranked)
    assert encoded.endswith(b"\n")
    return [json.loads(line) for line in encoded.decode().split("\n")[:-1]]


@given(st.lists(IDS, min_size=1, max_size=5), st.none() | TEXTS)
def test_hostile_ids_and_errors_come_back_as_they_were(names: list[str], error: str | None) -> None:
    (line,) = written(RELATED, [error], names, [range(len(names))], [[]])
    assert line == {"input": {"userId": "u0"}, "output": {"recommendedItems": names}, "error": error}


@given(st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=30))
def test_scores_are_rounded_to_seven_decimals_and_never_to_nothing(scores: list[float]) -> None:
    (line,) = written(SCORED, [None], ["i"], [[0] * len(scores)], [scores])
    assert line["output"]["scores"] == [max(round(score * 10_000_000), 1) / 10_000_000 for score in scores]


def test_numbers_are_written_without_exponent_and_without_idle_zeros() -> None:
    scores = np.array([1.0, 0.5, 0.0213377, 1e-9, 0.12345678, 123.25])
    ranked = Lists.of([np.zeros(6, np.int64)], [scores])
    encoded = encode(SCORED, [b"{}"], [None], Pieces.quoted(["i"]), ranked)
    assert b'"scores":[1.0,0.5,0.0213377,0.0000001,0.1234568,123.25]' in encoded


def test_records_are_those_of_the_service() -> None:
    names, ranked = Pieces.quoted(["a", "b"]), Lists.of([np.array([1, 0])], [np.array([0.75, 0.25])])
    given_user, given_item = b'{"userId":"u7"}', b'{"itemId": "i12"}'
    assert encode(SCORED, [given_user], [None], names, ranked) == (
        b'{"input":{"userId":"u7"},"output":{"recommendedItems":["b","a"],"scores":[0.75,0.25]},"error":null}\n'
    )
    assert encode(REASONED, [given_user], [None], names, ranked) == (
        b'{"input":{"userId":"u7"},"output":{"recommendedItems":["b","a"],"scores":[0.75,0.25],"reasons":[[],[]]},'
        b'"error":null}\n'
    )
    assert encode(LAYOUT, [given_item], [None], names, Lists.of([np.array([1, 0])], [np.empty(0)])) == (
        b'{"input": {"itemId": "i12"}, "output": {"usersList": ["b", "a"]}, "error": null}\n'
    )


def test_lists_may_have_fewer_scores_than_items_and_records_in_error_have_none() -> None:
    ranked, broken, nothing = written(
        REASONED, [None, "no", None], ["a", "b"], [[0, 1], [], []], [[0.5], [], []]
    )  # fmt: skip
    assert ranked["output"] == {"recommendedItems": ["a", "b"], "scores": [0.5], "reasons": [[], []]}
    assert (broken["output"], broken["error"]) == ({"recommendedItems": []}, "no")
    assert nothing["output"] == {"recommendedItems": [], "scores": [], "reasons": []}


@given(st.lists(IDS, min_size=1, max_size=6), st.booleans(), st.sampled_from(["", "\r"]))
def test_plain_records_are_read_as_any_others_are(ids: list[str], with_spaces: bool, ending: str) -> None:
    separators = (", ", ": ") if with_spaces else (",", ":")
    lines = [(json.dumps({"userId": user}, separators=separators) + ending).encode() for user in ids]
    together = parse_block(lines, USERS)
    alone = parse_block([*lines, b'{"userId":"last","x":1}'], USERS)  # which is not plain, so none is
    assert together.asked == ids
    assert [orjson.loads(line) for line in together.inputs] == [{"userId": user} for user in ids]
    assert [part[:-1] for part in astuple(alone)] == [*astuple(together)]


@given(st.binary().filter(lambda line: b"\n" not in line))
def test_any_record_is_echoed_as_json(line: bytes) -> None:
    block = parse_block([line], USERS)
    assert block.errors[0] is not None or block.asked[0]
    orjson.loads(block.inputs[0])


@pytest.mark.parametrize(
    ("line", "fields", "error"),
    [
        (b'{"userId":""}', USERS, "Required fields for the provided recipe are userId"),
        (b"[1]", USERS, "Required fields for the provided recipe are userId"),
        (b'{"userId":"u"}', RANKING, "Required fields for the provided recipe are userId, itemList"),
        (b'{"userId":"u","itemList":[]}', RANKING, "Required fields"),
        (b'{"userId":"u","itemList":["a",1]}', RANKING, "Required fields"),
        (b'{"userId":"u","filterValues":{"A":1}}', USERS, "filterValues must be an object"),
        (b'{"userId":"u","context":"phone"}', USERS, "context must be an object"),
        (b"[" * 300 + b"]" * 300, USERS, "not valid JSON"),
        (b'{"userId":"\xff"}', USERS, "not valid JSON"),
    ],
)  # fmt: skip
def test_bad_records_are_in_error(line: bytes, fields: Fields, error: str) -> None:
    block = parse_block([line], fields)
    assert block.errors[0] is not None
    assert block.errors[0].startswith("User error: ")
    assert error in block.errors[0]
    assert not block.asked[0]


def test_too_many_items_to_rank_are_refused() -> None:
    lines = [orjson.dumps({"userId": "u", "itemList": [f"i{n}" for n in range(size)]}) for size in (500, 501)]
    fits, refused = parse_block(lines, RANKING).errors
    assert fits is None
    assert refused == "User error: itemList has 501 items; at most 500 can be ranked"


@pytest.mark.parametrize("n_lines", [1, 7, 100_000])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n  \n"])
def test_blocks_hold_every_record_once_and_in_order(n_lines: int, ending: bytes) -> None:
    lines = [b"%d-" % n + b"x" * 90 for n in range(READ_BYTES // 60)]  # cut by the chunks that are read
    read = [*blocks(io.BytesIO(b"\n".join(lines) + ending), n_lines, "a file")]
    assert [line for block in read for line in block] == lines
    assert {len(block) for block in read[:-1]} <= {n_lines}


def test_an_endless_line_fails_the_job_before_memory_runs_out() -> None:
    with pytest.raises(JobFailed, match="a file has a line of more than"):
        next(blocks(io.BytesIO(b"x" * (MAX_RECORD_BYTES + READ_BYTES)), 10, "a file"))


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ([], "There is no object at s3://shop/in/"),
        ([1] * 1_001, "has 1,001 files; a job may have 1,000"),
        ([1 << 29, 1 << 29, 1], "has 1,073,741,825 bytes; a job may have 1,073,741,824"),
    ],
)
def test_input_that_no_job_may_have_is_refused(sizes: list[int], complaint: str) -> None:
    files = {Location("shop", f"in/{n}.json"): size for n, size in enumerate(sizes)}
    with pytest.raises(JobFailed, match=complaint):
        check_sizes(Location("shop", "in/"), files, Limits())


def test_input_at_its_limits_is_taken() -> None:
    files = {Location("shop", f"in/{n}.json"): (1 << 30) // 1_000 for n in range(1_000)}
    check_sizes(Location("shop", "in/"), files, Limits())
