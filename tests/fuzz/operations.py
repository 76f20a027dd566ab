"""`python -m tests.fuzz.operations --inputs 1000000`: requests built from the models' shapes, valid and invalid.

They are answered in process. Every answer must be a success or an error of the API: no InternalFailure, no crash, no
input that takes five seconds. The same seed gives the same requests. Names and ARNs come from small sets, so that calls
refer to resources of earlier calls.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import orjson
import structlog
from moto.server import ThreadedMotoServer

from personalize_kinds.kinds import CAMPAIGN, KINDS
from services.engine.app import Engine, Reply
from services.engine.protocol import SERVICES, Operation, operations, service_model
from services.engine.settings import EngineSettings
from tests.conformance.drivers import Boto
from tests.conformance.life import Life
from tests.integration.engine_process import EngineProcess

MAX_SECONDS = 5
REGION = "us-east-1"

Make = Callable[[random.Random], Any]

_NAMES = ("a", "shop", "shop-2", "x" * 63)
WORDS = (
    "", "a", "shop", "Interactions", "items", "USERS", "u1", "i1", "click", "0", "1", "-1", "1e309", "nan", "null",
    "true", "ß日本", "\u0000", "\n", '"', "\\", "'; drop table resources; --", "../../etc/passwd", "{}", "[]", "[1]",
    '{"price": 1}', '{"userId": {}}', "rate(1 day)", "rate(31 days)", "x" * 300, "$LATEST", "SUM(Items.PRICE)",
    "INCLUDE ItemID WHERE Items.PRICE > 3", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    "INCLUDE ItemID WHERE Items.GENRE_NAME IN ($GENRE)", '"horror"', "GENRE", "ITEMS", "GENRE_NAME", "DEVICE", "u4",
    "i4", "i6", "new", "explorationWeight", "0.5", "YWZ0ZXI6MQ==", "YWZ0ZXI6LTE=",
    "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    '{"price": 1.5, "genreName": "a|b", "creationTimestamp": 1}',
)  # fmt: skip
_PATHS = ("s3://bucket/in/", "s3://bucket/file.csv", "s3://", "s3:///", "http://host/x", "s3://bucket/" + "a" * 200)
NUMBERS = (0, 1, -1, 2, 25, 100, 501, 2**31 - 1, 2**31, 2**63, -(2**63), 0.5, -0.0, 1e-320, 1e308, 1_750_000_000)
_SCHEMAS = (
    '{"type":"record","name":"Interactions","fields":[{"name":"USER_ID","type":"string"},'
    '{"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"},{"name":"EVENT_TYPE","type":"string"}]}',
    '{"type":"record","name":"Items","fields":[{"name":"ITEM_ID","type":"string"},'
    '{"name":"PRICE","type":["float","null"]},{"name":"GENRE","type":"string","categorical":true}],"version":"1.0"}',
    '{"type":"record","name":"Users","fields":[{"name":"USER_ID","type":"string"},{"name":"AGE","type":"int"}]}',
    '{"type":"record","name":"Items","fields":[{"name":"ITEM_ID","type":{"type":"array"}},5,null,{"name":{}}]}',
    '{"type":"record","name":[],"fields":{}}', '{"type":"record","name":"Users","fields":[[]]}',
    '{"fields":[]}', "[]", "5", "null",
)  # fmt: skip
_DAMAGED: tuple[Any, ...] = (None, True, [], {}, [[]], [None], {"": None}, "x" * 3000, [{}] * 12, *NUMBERS, *WORDS)
_RECIPES = (
    "aws-user-personalization", "aws-user-personalization-v2", "aws-sims", "aws-popularity-count", "aws-hrnn", "none",
    "aws-item-affinity", "aws-personalized-ranking", "aws-next-best-action", "aws-ecomm-popular-items-by-views",
)  # fmt: skip
#: Nothing listens there: jobs that the requests start must not look for S3 on the network.
NO_S3 = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1", "AWS_ACCESS_KEY_ID": "fuzz",
          "AWS_SECRET_ACCESS_KEY": "fuzz", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip


def arns() -> tuple[str, ...]:
    """Return ARNs of resources that calls may have created, and some of no resource."""
    tails = {kind.arn_type for kind in KINDS.values()}
    of_names = [f"arn:aws:personalize:{REGION}:000000000000:{tail}/{name}" for tail in sorted(tails) for name in _NAMES]
    datasets = [
        f"arn:aws:personalize:{REGION}:000000000000:dataset/{name}/{type_}"
        for name in _NAMES
        for type_ in ("INTERACTIONS", "ITEMS", "USERS")
    ]
    recipes = [f"arn:aws:personalize:::recipe/{name}" for name in _RECIPES]
    odd = [
        f"arn:aws:personalize:{REGION}:000000000000:solution/shop/$LATEST", "arn:aws:personalize::::",
        "arn:aws:personalize:::x", "arn:aws:personalize:../..:0:dataset/../..",
        f"arn:aws:personalize:{REGION}:1:solution/\u0000",
    ]  # fmt: skip
    return (*of_names, *datasets, *recipes, *odd)


class Requests:
    """Generates requests. `seen` collects ARNs and ids from answers, for later requests."""

    def __init__(self, seed: int, known: Iterable[str] = ()) -> None:
        self.random = random.Random(seed)
        self.seen = [*arns(), *known]
        self._names = [(service, name) for service in SERVICES for name in operations(service)]
        self._makers = {
            (service, name): self._maker(service_model(service).operation_model(name).input_shape)
            for service, name in self._names
        }

    def next(self) -> tuple[Operation, bytes]:
        """Return an operation and the body of a call to it; one in ten bodies is damaged as text."""
        service, name = self.random.choice(self._names)
        body = orjson.dumps(self.request(service, name))
        return operations(service)[name], self._torn(body) if self.random.random() < 0.1 else body

    def request(self, service: str, name: str) -> Any:
        made = self._makers[service, name](self.random)
        if isinstance(made, dict) and made and self.random.random() < 0.3:
            made[self.random.choice([*made])] = self.random.choice(_DAMAGED)
        return made

    def learn(self, answer: bytes) -> None:
        """Collect the texts of an answer."""
        known = orjson.loads(answer)
        self.seen += [value for value in known.values() if isinstance(value, str) and len(self.seen) < 5_000]

    def _torn(self, body: bytes) -> bytes:
        place = self.random.randrange(len(body))
        return self.random.choice(
            [body[:place], body[:place] + bytes([self.random.randrange(256)]) + body[place + 1 :], body * 2, b""]
        )

    def _maker(self, shape: Any, name: str = "") -> Make:
        kinds: dict[str, Callable[[Any, str], Make]] = {
            "structure": self._structure, "list": self._list, "map": self._map, "string": self._string,
            "boolean": lambda _shape, _name: lambda r: r.random() < 0.5,
        }  # fmt: skip
        return kinds.get(shape.type_name, self._number)(shape, name)

    def _structure(self, shape: Any, _name: str) -> Make:
        members = [
            (name, self._maker(member, name), name in shape.required_members) for name, member in shape.members.items()
        ]

        def make(r: random.Random) -> dict[str, Any]:
            return {name: maker(r) for name, maker, required in members if r.random() < (0.97 if required else 0.3)}

        return make

    def _list(self, shape: Any, name: str) -> Make:
        member, sizes = self._maker(shape.member, name), (1, 1, 1, 2, 3, 0, 12)
        return lambda r: [member(r) for _ in range(r.choice(sizes))]

    def _map(self, shape: Any, name: str) -> Make:
        key, value, sizes = self._maker(shape.key, name), self._maker(shape.value, name), (1, 1, 2, 0, 30)
        return lambda r: {str(key(r)): value(r) for _ in range(r.choice(sizes))}

    def _string(self, shape: Any, name: str) -> Make:
        fitting = self._fitting(shape, name)
        return lambda r: r.choice(fitting) if r.random() < 0.93 else r.choice(WORDS)

    def _fitting(self, shape: Any, name: str) -> Any:
        lowered = name.lower()
        if shape.enum:
            return shape.enum
        if lowered == "rolearn":
            return ("arn:aws:iam::000000000000:role/r",)
        if lowered.endswith("arn") or lowered == "trackingid":
            return self.seen
        if lowered in ("name", "jobname"):
            return _NAMES
        if lowered in ("path", "datalocation"):
            return _PATHS
        return _SCHEMAS if lowered == "schema" else WORDS

    def _number(self, _shape: Any, _name: str) -> Make:
        return lambda r: r.choice(NUMBERS)


@dataclass
class Outcome:
    """The result of a run: number of inputs by error code (None is a success), the slowest input, and the failures."""

    codes: Counter[str | None] = field(default_factory=Counter)
    slowest_seconds: float = 0
    slowest: str = ""
    failures: list[str] = field(default_factory=list)


def known(engine: Engine) -> Iterator[str]:
    """Yield ARNs and tracking ids of an engine's resources; campaigns and trackers most often."""
    for kind in KINDS.values():
        for resource in engine.store.page(kind):
            yield from [resource.arn] * (20 if kind is CAMPAIGN else 4)
            yield from [resource.body["trackingId"]] * 20 if "trackingId" in resource.body else []


def run(engine: Engine, inputs: int, seed: int) -> Outcome:
    """Send `inputs` requests. On a hang, print the stack of every thread and exit."""
    requests, outcome = Requests(seed, known(engine)), Outcome()
    for _ in range(inputs):
        operation, body = requests.next()
        faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
        started = time.perf_counter()
        reply: Reply = engine.answer(operation, body, REGION)
        seconds = time.perf_counter() - started
        outcome.codes[reply.error] += 1
        if seconds > outcome.slowest_seconds:
            outcome.slowest_seconds, outcome.slowest = seconds, f"{operation.name} {body[:300]!r}"
        if reply.status >= 500:
            outcome.failures.append(f"{operation.name} {body!r}: {reply.body!r}")
        elif reply.error is None:
            requests.learn(reply.body)
    faulthandler.cancel_dump_traceback_later()
    return outcome


def grow(folder: Path) -> None:
    """Create a data folder `data` with datasets, models, campaigns, filters and events."""
    storage = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    storage.start()
    address = "http://{}:{}".format(*storage.get_host_and_port())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = boto3.client("s3", endpoint_url=address)
    s3.create_bucket(Bucket="bucket")
    engine = EngineProcess(folder / "data", address)
    Life("shop", Boto(engine.url), Boto(engine.url), s3, "bucket").grow()
    engine.stop()
    storage.stop()


def main() -> None:
    """Run and print the counts; exit with status 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.operations", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--empty", action="store_true", help="begin without data, models and campaigns")
    options = parser.parse_args()
    os.environ.update(NO_S3)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        if not options.empty:
            grow(Path(folder))
        engine = Engine.open(EngineSettings(data_dir=Path(folder) / "data"))
        started = time.monotonic()
        outcome = run(engine, options.inputs, options.seed)
        seconds = time.monotonic() - started
        engine.close()
    report = [f"{count:>9,} {code or 'success'}" for code, count in outcome.codes.most_common()]
    report += [f"slowest: {outcome.slowest_seconds:.3f} s, {outcome.slowest}"]
    report += [
        f"{options.inputs:,} inputs of seed {options.seed} in {seconds:.0f} s ({options.inputs / seconds:,.0f}/s)"
    ]
    report += [f"{len(outcome.failures)} failures", *outcome.failures[:20]]
    print("\n".join(report))  # noqa: T201 - a command's answer
    raise SystemExit(bool(outcome.failures))


if __name__ == "__main__":
    main()
