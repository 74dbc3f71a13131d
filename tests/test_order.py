"""The tests' order: workers get equal numbers that take equally long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.order import dealt

FILES = st.dictionaries(st.text(max_size=5), st.tuples(st.integers(0, 9), st.sampled_from((0.0, 2.0, 30.0, 150.0))))


@given(FILES, st.integers(1, 6))
def test_each_test_is_dealt_once(drawn: dict[str, tuple[int, float]], workers: int) -> None:
    files = {name: [(name, n) for n in range(count)] for name, (count, _) in drawn.items()}
    order = dealt(files, {name: seconds for name, (_, seconds) in drawn.items()}, workers)
    assert sorted(order) == sorted(test for tests in files.values() for test in tests)


def test_the_parts_that_workers_get_take_as_long_as_each_other() -> None:
    slow = {f"slow {seconds}": float(seconds) for seconds in (60, 50, 40, 30, 20, 10)}
    files = {name: [name] for name in slow} | {"quick": ["quick"] * 24}
    order = dealt(files, slow | {"quick": 0.0}, 3)
    assert [sum(slow.get(test, 0.0) for test in order[begin : begin + 10]) for begin in (0, 10, 20)] == [70, 70, 70]
