"""Working ahead changes when something is made, never what the reader gets."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from leaderboard_etl.reading.ahead import begun, made_ahead
from leaderboard_etl.reading.runners import _taking_turns


def test_the_reader_gets_items_in_their_order_whichever_is_made_first() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number * 10

    assert list(made_ahead(slow_first, range(9), threads=2, most=3)) == [number * 10 for number in range(9)]
    assert list(made_ahead(slow_first, [], threads=2, most=3)) == []


def test_an_error_comes_in_the_place_of_its_item() -> None:
    def broken_at_three(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        return number

    got = []
    with pytest.raises(ValueError, match="3"):
        for number in made_ahead(broken_at_three, range(9), threads=2, most=3):
            got.append(number)
    assert got == [0, 1, 2]


def test_no_more_is_made_than_the_reader_needs_and_the_threads_hold() -> None:
    made = []
    reader = made_ahead(lambda number: made.append(number), range(100), threads=2, most=3)
    next(reader)
    reader.close()
    assert len(made) <= 4


def test_a_reader_that_nobody_has_any_more_may_end_in_one_of_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    readers: list[Iterator[int]] = []
    is_read, is_gone = threading.Event(), threading.Event()

    def forgets_its_reader(number: int) -> int:
        if number == 1 and is_read.wait(10):
            readers.clear()
            is_gone.set()
        return number

    readers.append(made_ahead(forgets_its_reader, range(9), threads=2, most=3))
    assert next(readers[0]) == 0
    is_read.set()
    assert is_gone.wait(10)
    assert ignored == []


def test_threads_take_turns_as_usual_after_the_block() -> None:
    usual_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), _taking_turns():
        assert sys.getswitchinterval() < usual_s
        raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(usual_s)


def test_threads_take_turns_as_usual_after_blocks_that_overlap() -> None:
    usual_s = sys.getswitchinterval()
    first, second = _taking_turns(), _taking_turns()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() < usual_s
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(usual_s)


def test_polars_has_found_numpy_before_any_thread_needs_it() -> None:
    look = "import polars, leaderboard_etl.sources.registry; print(type(polars._dependencies.numpy).__name__)"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "module"


def test_the_first_item_is_made_before_the_reader_begins() -> None:
    is_made = threading.Event()

    def items() -> Iterator[int]:
        for number in range(3):
            is_made.set()
            yield number

    reader = begun(items())
    assert is_made.wait(10)
    assert list(reader) == [0, 1, 2]
    assert list(begun([])) == []


def test_an_error_of_the_first_item_is_raised_where_it_is_read() -> None:
    reader = begun(1 // number for number in (0, 1))
    with pytest.raises(ZeroDivisionError):
        next(reader)
