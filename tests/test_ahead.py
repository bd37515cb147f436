"""Working ahead changes when something is made, never what the reader gets."""

from __future__ import annotations

import sys
import time

import pytest

from leaderboard_etl.reading.ahead import made_ahead
from leaderboard_etl.reading.runners import _taking_turns


def test_the_reader_gets_items_in_their_order_whichever_is_made_first() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number * 10

    assert list(made_ahead(slow_first, range(9), threads=2)) == [number * 10 for number in range(9)]
    assert list(made_ahead(slow_first, [], threads=2)) == []


def test_an_error_comes_in_the_place_of_its_item() -> None:
    def broken_at_three(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        return number

    got = []
    with pytest.raises(ValueError, match="3"):
        for number in made_ahead(broken_at_three, range(9), threads=2):
            got.append(number)
    assert got == [0, 1, 2]


def test_no_more_is_made_than_the_reader_needs_and_the_threads_hold() -> None:
    made = []
    reader = made_ahead(lambda number: made.append(number), range(100), threads=2)
    next(reader)
    reader.close()
    assert len(made) <= 4


def test_threads_take_turns_as_usual_after_the_block() -> None:
    usual_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), _taking_turns():
        assert sys.getswitchinterval() < usual_s
        raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(usual_s)
