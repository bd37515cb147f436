"""Work in a second process gives its answer or none, and leaves no process behind."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time

import pytest

from leaderboard_etl import apart as module
from leaderboard_etl.apart import apart
from leaderboard_etl.settings import PACKAGE


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: 2)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_answer_comes_from_another_process() -> None:
    with apart(os.getpid) as pid:
        assert pid() not in (None, os.getpid())
    with apart(operator.mul, b"large", 1_000_000) as answer:
        assert answer() == b"large" * 1_000_000


def test_work_that_fails_has_no_answer() -> None:
    with apart(operator.truediv, 1, 0) as answer:
        assert answer() is None


def test_what_the_work_prints_is_no_part_of_the_answer() -> None:
    with apart(os.system, "echo printed") as status:
        assert status() == 0


def test_with_one_processor_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "n_processors", lambda: 1)
    with apart(os.getpid) as answer:
        assert answer() is None


def test_work_apart_never_asks_for_more_processors_than_there_are() -> None:
    with apart(time.sleep, 60), apart(os.getpid) as answer:
        assert answer() is None
    with apart(os.getpid) as answer:
        assert answer() is not None


def test_the_block_does_not_wait_for_an_answer_that_nobody_asked_for() -> None:
    begun = time.monotonic()
    with apart(time.sleep, 60):
        pass
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_second_process_ends_with_the_first(number: signal.Signals) -> None:
    code = (
        "import subprocess, time\n"
        "from leaderboard_etl import apart\n"
        "from leaderboard_etl.termination import terminable\n"
        "class Told(subprocess.Popen):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        super().__init__(*arguments, **options)\n"
        "        print(self.pid, flush=True)\n"
        "apart.subprocess.Popen, apart.n_processors = Told, lambda: 2\n"
        "with terminable(), apart.apart(time.sleep, 60) as answer:\n"
        "    answer()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert first.stdout is not None
    second = int(first.stdout.readline())
    time.sleep(1)  # it has begun its work
    first.send_signal(number)
    first.wait(30)
    until = time.monotonic() + 30
    while is_there(second) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_there(second)
