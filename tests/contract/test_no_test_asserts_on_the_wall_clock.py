"""A test that says how long something may take fails on a machine that is busy. Read from the source.

What should be quick is counted instead: calls made, queries sent, files read; or its CPU time is held against that of a
reference in the same process; or it is a benchmark. To wait for a condition until a deadline is no assertion on time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parents[1]
#: Functions that tell the time of day or of the machine; the CPU time of a process runs only while it works.
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns", "now", "utcnow"}
#: What libraries call a time that they have measured.
MEASURED = {"elapsed", "duration"}
#: Modules and classes by which the clocks are called: `time.time()`, `datetime.now()`.
OWNERS = {"time", "datetime"}
#: Functions whose result is as long as what they are given.
PASSING_ON = {"abs", "float", "fmean", "int", "list", "max", "mean", "median", "min", "round", "sorted", "sum"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(IntEnum):
    """What an expression says about time: nothing, when, or how long by the clock on the wall."""

    NOTHING = 0
    MOMENT = 1
    INTERVAL = 2


class Reader:
    """Reads one module, function by function."""

    def __init__(self, module: ast.Module) -> None:
        self._module = module
        self._functions: dict[str, Kind] = {}
        self._names: dict[str, Kind] = {}

    def offences(self) -> list[int]:
        """Lines of the assertions that compare an interval of the wall clock."""
        functions = [node for node in ast.walk(self._module) if isinstance(node, Function)]
        for function in (*functions, *functions):  # twice: a helper may stand below the one that calls it
            self._read(function)
            returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
            if any(self._kind(value) == Kind.INTERVAL for value in returned):
                self._functions[function.name] = Kind.INTERVAL
        return sorted({line for function in functions for line in self._asserted(function)})

    def _read(self, scope: ast.AST) -> None:
        """Note what the names of a function say about time."""
        self._names = {}
        for node in (*ast.walk(self._module_level()), *ast.walk(scope)):
            match node:
                case ast.Assign(targets=targets, value=value):
                    self._note(targets, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._note([target], value)
                case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                    self._note([target], value)

    def _module_level(self) -> ast.Module:
        return ast.Module([node for node in self._module.body if isinstance(node, ast.Assign)], [])

    def _note(self, targets: list[ast.expr], value: ast.expr) -> None:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        for target in targets:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
                pairs += zip(target.elts, value.elts, strict=True)
            else:
                pairs.append((target, value))
        for target, part in pairs:
            for name in (node.id for node in ast.walk(target) if isinstance(node, ast.Name)):
                self._names[name] = max(self._names.get(name, Kind.NOTHING), self._kind(part))

    def _asserted(self, function: Function) -> Iterator[int]:
        self._read(function)
        for assertion in (node for node in ast.walk(function) if isinstance(node, ast.Assert)):
            compared = [node for node in ast.walk(assertion.test) if isinstance(node, ast.Compare)]
            if any(self._kind(side) == Kind.INTERVAL for node in compared for side in (node.left, *node.comparators)):
                yield assertion.lineno

    def _kind(self, node: ast.AST) -> Kind:
        match node:
            case ast.Name(id=name):
                return self._names.get(name, Kind.NOTHING)
            case ast.Attribute(attr=name) if name in MEASURED:
                return Kind.INTERVAL
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                return self._functions[name]
            case ast.Call(func=function) if _is_clock(function):
                return Kind.MOMENT
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in PASSING_ON:
                return max((self._kind(argument) for argument in arguments), default=Kind.NOTHING)
            case ast.Call(func=function):
                return self._kind(function)  # of a method, what its owner says; what other calls make of it is theirs
            case ast.BinOp(left=left, op=ast.Sub(), right=right) if self._kind(left) == Kind.MOMENT:
                return Kind.MOMENT if _is_length(right) else Kind.INTERVAL
        return max((self._kind(child) for child in ast.iter_child_nodes(node)), default=Kind.NOTHING)


def _is_clock(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return owner in OWNERS and name in CLOCKS
        case ast.Name(id=name):
            return name in CLOCKS - OWNERS
    return False


def _is_length(node: ast.expr) -> bool:
    """Whether a moment less this is a moment: so many seconds, or a timedelta."""
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "timedelta"
    )


def offences(source: str) -> list[int]:
    return Reader(ast.parse(source)).offences()


def test_no_test_asserts_how_long_something_takes_on_the_wall() -> None:
    files = sorted(TESTS.rglob("*.py"))
    places = [f"{file.relative_to(TESTS)}:{line}" for file in files for line in offences(file.read_text())]
    assert len(files) > 100
    assert places == []


BROKEN = {
    "monotonic": "started = time.monotonic()\n    work()\n    assert time.monotonic() - started < 1",
    "a name": "started = perf_counter()\n    took = perf_counter() - started\n    assert took <= 0.3, took",
    "at least": "started = time.time()\n    assert time.time() - started >= 0.3",
    "milliseconds": "started = time.perf_counter_ns()\n    assert (time.perf_counter_ns() - started) / 1e6 < 300",
    "of a library": "answer = get()\n    assert answer.elapsed.total_seconds() < 0.2",
    "in a comprehension": "took = [one.duration for one in stats]\n    assert [t for t in took if t > 1] == []",
    "a date": "began = datetime.now(UTC)\n    assert datetime.now(UTC) - began < timedelta(seconds=50)",
    "how old a row is": "assert abs((datetime.now(UTC) - row.updated_at).total_seconds()) < 60",
    "the median": "took = sorted(one() for _ in range(9))\n    assert took[4] < 0.2\n"
    "def one():\n    began = time.monotonic()\n    return time.monotonic() - began",
}
ALLOWED = {
    "a deadline": "deadline = time.monotonic() + 60\n    while not done():\n        assert time.monotonic() < deadline",
    "between two moments": "before = datetime.now(UTC)\n    assert before <= row.at <= datetime.now(UTC)",
    "a date before now": "assert row.at > datetime.now(UTC) - timedelta(days=2)",
    "CPU time": "began = time.process_time()\n    assert time.process_time() - began < 20 * reference",
    "a count": "calls = effort_of(work)\n    assert calls < 1_000",
    "a clock of its own": "now, later = clock.now(), clock.later()\n    assert later - now == 300",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_an_assertion_on_the_wall_clock_is_found(body: str) -> None:
    assert offences(f"def test_it():\n    {body}\n") != []


@pytest.mark.parametrize("body", ALLOWED.values(), ids=ALLOWED.keys())
def test_waiting_ordering_and_counting_are_no_assertions_on_the_wall_clock(body: str) -> None:
    assert offences(f"def test_it():\n    {body}\n") == []


def test_hypothesis_fails_nothing_for_being_slow() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check
