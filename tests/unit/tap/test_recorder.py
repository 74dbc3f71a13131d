"""The tap is never in an answer's way: what can go wrong with it changes no answer, raises nothing and is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_tap.recorder import Recorder
from rollout_tap.settings import Settings
from rollout_tap.wrapping import wrapped
from tests.unit.tap.requests import Kept, answer, event

SOON = 10.0


class Blocked(Kept):
    """Writes once it is let go on, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on, self.asked = threading.Event(), threading.Event()

    def write(self, lines: Sequence[bytes]) -> int:
        self.asked.set()
        self.go_on.wait(SOON)
        return super().write(lines)


class Failing:
    """Raises, or gives what no sink should."""

    def __init__(self, what: Any) -> None:
        self.what = what

    def write(self, _lines: Sequence[bytes]) -> Any:
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what


@contextmanager
def blocked() -> Iterator[Blocked]:
    sink = Blocked()
    yield sink
    sink.go_on.set()


def recorder(sink: Any, **how: Any) -> Recorder:
    return Recorder(Settings.of({"percent": 100, "sink": sink, **how}, {}))


def calls(tap: Recorder, count: int, said: Any = None) -> None:
    tapped = wrapped(lambda _event, _context: said or answer({}), tap)
    for number in range(count):
        tapped(event(f"/{number}"), None)


def test_requests_and_answers_are_written_in_batches_at_the_start_of_later_requests() -> None:
    sink = Kept()
    tap = recorder(sink, batch=2, every=3600)
    calls(tap, 2)
    assert sink.batches == []
    calls(tap, 1)
    assert tap.flush(SOON)
    assert [line["path"] for line in sink.lines] == ["/0", "/1", "/0"]
    assert [len(batch) for batch in sink.batches] == [2, 1]
    assert sink.lines[0]["answer"]["status"] == 200
    assert (tap.counts.seen, tap.counts.written, tap.counts.dropped.total()) == (3, 3, 0)


def test_what_waits_too_long_is_written_at_the_start_of_the_next_request() -> None:
    with blocked() as sink:
        tap = recorder(sink, batch=1000, every=0)
        calls(tap, 1)
        assert not sink.asked.is_set()
        calls(tap, 1)
        assert sink.asked.wait(SOON)


def test_a_share_is_recorded() -> None:
    sink = Kept()
    for percent, least, most in ((0, 0, 0), (50, 350, 650), (100, 1000, 1000)):
        sink.batches.clear()
        tap = recorder(sink, percent=percent, batch=10_000, memory=10**8)
        calls(tap, 1000)
        tap.flush(SOON)
        assert least <= len(sink.lines) <= most


def test_what_fills_half_of_the_memory_is_written_before_a_batch_is_full() -> None:
    sink = Kept()
    tap = recorder(sink, batch=10_000, every=3600, memory=100_000, wait=1)
    calls(tap, 200)
    assert len(sink.batches) > 1
    assert tap.counts.dropped == {}


def test_a_sink_that_hangs_takes_a_batch_of_memory_and_the_rest_is_dropped_and_counted() -> None:
    with blocked() as sink:
        tap = recorder(sink, batch=1, memory=10_000)
        calls(tap, 100)
        assert sink.asked.wait(SOON)
        dropped = tap.counts.dropped
        assert 80 <= dropped["full"] < 100
        assert dropped.total() == dropped["full"]
        assert not tap.flush(0)
        sink.go_on.set()
        assert tap.flush(SOON)
        assert tap.counts.written == len(sink.lines) == 100 - dropped["full"]


def test_a_request_waits_for_a_batch_no_longer_than_it_may_and_none_waits_again_until_one_is_written() -> None:
    waited: list[float] = []

    class Clocked(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0)
            return False

    with blocked() as sink:
        tap = recorder(sink, batch=1, wait=0.5)
        calls(tap, 1)
        tap._idle = Clocked()
        tap._idle.set()
        calls(tap, 5)
        assert waited == [0.5]
        sink.go_on.set()
        assert threading.Event.wait(tap._idle, SOON)
        calls(tap, 1)
        assert waited == [0.5, 0.5]


def test_a_batch_that_is_waited_for_is_written_before_the_handler_is_called() -> None:
    sink = Kept()
    tap = recorder(sink, batch=1, wait=1)
    calls(tap, 1)
    seen: list[int] = []
    wrapped(lambda _event, _context: seen.append(len(sink.lines)), tap)(event(), None)
    assert seen == [1]


@pytest.mark.parametrize("what", [OSError("no route"), SystemExit(1), KeyboardInterrupt(), None, "many", -5, 10**9])
def test_what_a_sink_raises_or_gives_is_a_count(what: Any) -> None:
    tap = recorder(Failing(what))
    calls(tap, 3)
    assert tap.flush(SOON)
    assert tap.counts.written + tap.counts.dropped["lost"] == 3
    calls(tap, 1)
    assert tap.flush(SOON), "the thread goes on"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"source": "aws.events"}, "others"),
        ({**event(), "requestContext": {"http": {}}}, "others"),
        (event(headers={"user-agent": "ELB-HealthChecker/2.0"}), "others"),
        (event(body="x" * 300_000), "large"),
        (event(body="a=b&c=d"), "no JSON"),
        (event(body="!", isBase64Encoded=True), "no JSON"),
        (event(body="[1e999]"), "no JSON"),
        (event(body="[" * 100_000), "faults"),
        ("text", "faults"),
        (None, "faults"),
    ],
)
def test_what_is_not_recorded_is_counted_by_its_reason(asked: Any, reason: str) -> None:
    sink = Kept()
    tap = recorder(sink)
    wrapped(lambda _event, _context: answer(), tap)(asked, None)
    assert tap.flush(SOON)
    assert (sink.lines, dict(tap.counts.dropped)) == ([], {reason: 1})


def test_a_handler_may_change_its_event_and_its_answer_afterwards() -> None:
    sink = Kept()
    tap = recorder(sink, answers="shown")
    said = answer({"a": 1})

    def handler(asked: Any, _context: Any) -> Any:
        asked["headers"]["host"] = asked["path"] = "changed"
        return said

    wrapped(handler, tap)(event("/a"), None)
    said["headers"].clear()
    said.update(statusCode=500, body="changed")
    assert tap.flush(SOON)
    (line,) = sink.lines
    assert (line["path"], line["headers"]["host"]) == ("/a", "api.example.com")
    assert line["answer"] == {"status": 200, "headers": {"content-type": "application/json"}, "body": {"a": 1}}


class Hostile(dict[str, Any]):
    """What a framework may give in place of a dictionary, broken."""

    def get(self, key: str, default: Any = None) -> Any:
        raise RuntimeError(key, default)


@pytest.mark.parametrize(("asked", "said"), [(Hostile(), answer()), (event(), Hostile())])
def test_a_fault_of_the_tap_itself_is_a_count(asked: Any, said: Any) -> None:
    tap = recorder(Kept())
    assert wrapped(lambda _event, _context: said, tap)(asked, None) is said
    assert tap.counts.dropped == {"faults": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ERRORS = (ValueError("no"), KeyError(1), SystemExit(2), KeyboardInterrupt(), RecursionError(), MemoryError())
LIKE_EVENTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"requestContext": st.just({"elb": {}}) | JSON},
    optional=dict.fromkeys(("httpMethod", "path", "headers", "multiValueHeaders", "body", "isBase64Encoded"), JSON),
)
LIKE_ANSWERS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("statusCode", "headers", "body"), JSON)
)
SINKS = [Kept(), Failing(OSError()), Failing(SystemExit()), Failing(object())]


@settings(max_examples=40)
@given(
    LIKE_EVENTS | JSON | st.builds(object),
    LIKE_ANSWERS | JSON | st.builds(object) | st.sampled_from(ERRORS),
    st.sampled_from(SINKS),
    st.sampled_from([0, 1]),
)
def test_whatever_a_handler_is_asked_and_does_it_gives_and_raises_the_same(
    asked: Any, said: Any, sink: Any, every: float
) -> None:
    got: list[Any] = []

    def handler(given: Any, context: Any) -> Any:
        got.append((given, context))
        if isinstance(said, BaseException):
            raise said
        return said

    tap = recorder(sink, every=every)
    context = object()
    before = repr(asked)
    for _ in range(2):
        if isinstance(said, BaseException):
            with pytest.raises(type(said)) as raised:
                wrapped(handler, tap)(asked, context)
            assert raised.value is said
        else:
            assert wrapped(handler, tap)(asked, context) is said
    assert all(given is asked and other is context for given, other in got)
    assert (len(got), repr(asked)) == (2, before)
    assert tap.flush(SOON)
    assert tap.counts.seen == tap.counts.written + tap.counts.dropped.total() == 2


def test_handlers_on_several_threads_lose_no_count() -> None:
    sink = Kept()
    tap = recorder(sink, batch=7)
    threads = [threading.Thread(target=calls, args=(tap, 200)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    while tap._kept:
        assert tap.flush(SOON)
    assert len(sink.lines) + tap.counts.dropped.total() == 800
