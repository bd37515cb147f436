"""Results of analyses are reused for equal inputs, and only for these."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from leaderboard_etl import apart
from leaderboard_etl.warehouse.answers import Answers


def total(rows: pl.DataFrame, factor: float) -> float:
    return factor * float(rows["score_pct"].sum())


POINTS = pl.DataFrame({"model_id": ["a", "b"], "score_pct": [50.0, 60.0]})


def test_equal_inputs_are_computed_once() -> None:
    answers = Answers()
    assert answers.of("total", total, POINTS, 1.0) == answers.of("total", total, POINTS.clone(), 1.0) == 110.0
    assert answers.n_computed == 1


def test_another_value_order_column_or_question_is_computed_again() -> None:
    answers = Answers()
    answers.of("total", total, POINTS, 1.0)
    others = [
        POINTS.with_columns(score_pct=pl.Series([50.0, 61.0])),
        POINTS.reverse(),
        POINTS.rename({"model_id": "name"}),
        POINTS.cast({"score_pct": pl.Float32}),
        POINTS.head(1),
    ]
    for number, other in enumerate(others, 2):
        answers.of("total", total, other, 1.0)
        assert answers.n_computed == number
    assert answers.of("total", total, POINTS, 2.0) == 220.0
    answers.of("another total", total, POINTS, 1.0)
    assert answers.n_computed == len(others) + 3


def test_only_the_latest_results_are_kept() -> None:
    answers = Answers(most_kept=2)
    for factor in (1.0, 2.0, 3.0, 1.0):
        answers.of("total", total, POINTS, factor)
    assert answers.n_computed == 4


def process_of(rows: pl.DataFrame) -> int:
    return os.getpid()


@pytest.mark.parametrize("n_processors", [1, 2])
def test_a_second_process_computes_ahead_what_is_asked_within_the_block_and_nothing_else(
    n_processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "n_processors", lambda: n_processors)
    answers = Answers()
    with answers.ahead("process", process_of, POINTS):
        computed_in = answers.of("process", process_of, POINTS)
        assert (computed_in == os.getpid()) == (n_processors == 1)
        assert answers.of("process", process_of, POINTS.head(1)) == os.getpid()
        assert answers.of("process", process_of, POINTS) == computed_in
    with answers.ahead("process", process_of, POINTS):
        assert answers.of("process", process_of, POINTS) == computed_in
    assert answers.n_computed == 2


def fails_apart(here: int) -> int:
    assert os.getpid() == here
    return here


def test_what_a_second_process_could_not_compute_is_computed_in_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "n_processors", lambda: 2)
    answers = Answers()
    with answers.ahead("here", fails_apart, os.getpid()):
        assert answers.of("here", fails_apart, os.getpid()) == os.getpid()


def test_an_answer_computed_ahead_is_read_by_one_of_those_who_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "n_processors", lambda: 3)
    answers = Answers()
    with answers.ahead("process", process_of, POINTS), answers.ahead("process", process_of, POINTS):
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(answers.of, "process", process_of, POINTS) for _ in range(8)]
        assert len({each.result() for each in asked} - {os.getpid()}) <= 1
