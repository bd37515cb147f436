"""Kills a night and a rebuild at every durable step and at random moments, with SIGKILL and SIGTERM.

    PYTHONPATH=tests .venv/bin/python -m reliability.kills [--random 70] [--seed 1]

The steps come from leaderboard_etl.durable.STEPS, before and after each, so that a new step is tried as well. After
each kill `status` and `sql` must work, the next run must continue, a rebuild from raw must succeed, and the content
must be the same as without a kill. Random moments lie anywhere within the usual time of such a night, and slightly
after it; each warehouse gets five of them, one killed run after another, before a run continues. Prints one row per
kill; exit code 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from faulty_hub import HubServer
from reliability.children import Ended, import_all, in_child
from reliability.values import values
from worlds import World, small_world, v2_row, without_marts

from leaderboard_etl import durable
from leaderboard_etl.cli import main as cli
from leaderboard_etl.report import EXIT_CODES
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import EXIT_CODE, Terminated, is_asked, terminable

KINDS = ("first night", "second night", "after an older version", "beside a log", "rebuild")
_AT_ONCE = 5
# The state that a run must find to reach these steps at all.
_ONLY_IN = {"line aside": "after an older version", "wal aside": "beside a log"}


@dataclass(frozen=True)
class Kill:
    """One kill: the kind of run, the signal, and the step or the share of the run's time."""

    kind: str
    number: int
    at: str | float

    def __str__(self) -> str:
        where = self.at if isinstance(self.at, str) else f"{self.at:.0%}"
        return f"{signal.Signals(self.number).name}, {self.kind}, {where}"


def at_every_step() -> Iterator[Kill]:
    """Every durable step of every kind of run that reaches it."""
    for step in durable.STEPS:
        for kind in [_ONLY_IN[step]] if step in _ONLY_IN else ["first night", "second night", "rebuild"]:
            if kind == "rebuild" and step in ("blobs", "ledger line"):
                continue  # it only reads raw
            for when in ("before", "after"):
                for number in (signal.SIGKILL, signal.SIGTERM):
                    yield Kill(kind, number, f"{when} {step}")


class Proof:
    """The warehouses from which the kinds of run start, and their content without a kill."""

    def __init__(self, folder: Path, hub: str, kinds: set[str]) -> None:
        """Makes the warehouses of `kinds` in children. Raises RuntimeError if a run fails without a kill."""
        self.folder, self.hub = folder, hub
        self.undisturbed: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self._in_child(lambda: _make(folder, hub))
        one = self.world("one")
        if kinds != {KINDS[0]}:
            self._night(one, 1)
        self._in_child(lambda: _change(one))
        if KINDS[0] in kinds:
            (folder / "empty").mkdir()
            self.seconds[KINDS[0]] = self._night(self.world("fresh"), 2)
            self.undisturbed[KINDS[0]] = self.values("fresh")
        if kinds == {KINDS[0]}:
            return
        shutil.copytree(folder / "one", folder / "two")
        self.seconds[KINDS[1]] = self._night(self.world("two"), 2)
        self.undisturbed |= dict.fromkeys(KINDS[1:], self.values("two"))
        # A line whose bytes are missing, as left by an earlier version that wrote the line first.
        shutil.copytree(folder / "one", folder / "torn")
        shutil.copy(folder / "two" / "raw" / "ledger.jsonl", folder / "torn" / "raw" / "ledger.jsonl")
        shutil.copytree(folder / "one", folder / "log")
        (folder / "log" / "leaderboard.duckdb.wal").write_bytes(b"left by a writer")

    def world(self, name: str) -> World:
        return World(self.folder / "hub", self.hub, Warehouse(self.folder / name))

    def values(self, name: str) -> str:
        return self._in_child(lambda: print(values(self.world(name).warehouse.database))).out

    def try_all(self, kills: Sequence[Kill]) -> str | None:
        """The promise that a series of kills of one kind of run broke; null if none."""
        start = dict(zip(KINDS, ("empty", "one", "torn", "log", "two"), strict=True))[kills[0].kind]
        shutil.rmtree(self.folder / "tried", ignore_errors=True)
        shutil.copytree(self.folder / start, self.folder / "tried")
        for kill in kills:
            if (fault := self._killed(kill)) is not None:
                return f"{kill}: {fault}"
        return self._continued(self.undisturbed[kills[0].kind])

    def _killed(self, kill: Kill) -> str | None:
        """What is wrong directly after a kill; null if nothing."""
        world, root = self.world("tried"), str(self.folder / "tried")
        killed = in_child(
            (lambda: cli(["run", "--offline", "-w", root])) if kill.kind == "rebuild" else lambda: night(world, 2),
            at_start=lambda: _arm(kill, self.seconds.get(kill.kind, 0.0)),
        )
        wanted = -signal.SIGKILL if kill.number == signal.SIGKILL else EXIT_CODE
        if killed.code not in (wanted, 0) or (killed.code == 0 and isinstance(kill.at, str)):
            return f"it ended with {killed.code} instead of {wanted}: {killed.line[-300:]}"
        if world.warehouse.database.exists():
            asked = in_child(lambda: cli(["sql", "-w", root, "select count(*) from core.scores"]))
            if asked.code != 0 and kill.kind != "beside a log":
                return f"sql ended with {asked.code}: {asked.line}"
        if (world.warehouse.raw / "ledger.jsonl").exists():
            told = in_child(lambda: cli(["status", "-w", root]))
            if told.code not in (0, 3):  # 3: the last success is long ago, because these nights are dated in the past
                return f"status ended with {told.code}: {told.line}"
        return None

    def _continued(self, wanted_values: str) -> str | None:
        """What is wrong with the next night and a rebuild; null if nothing."""
        world, root = self.world("tried"), str(self.folder / "tried")
        again = in_child(lambda: night(world, 2))
        if again.code != 0:
            return f"the next night ended with {again.code}: {again.line}"
        if self.values("tried") != wanted_values:
            return "the next night ended with other values"
        rebuilt = in_child(lambda: cli(["run", "--offline", "-w", root]))
        if rebuilt.code != 0 or self.values("tried") != wanted_values:
            return f"the rebuild ended with {rebuilt.code} or other values: {rebuilt.line}"
        left = [*Path(root).glob("*.staging.*"), *Path(root).glob("*.believed.*")]
        return f"{left[0].name} was left behind" if left else None

    def _night(self, world: World, day: int) -> float:
        return self._in_child(lambda: night(world, day)).seconds

    def _in_child(self, work: Callable[[], int | None]) -> Ended:
        ended = in_child(work)
        if ended.code != 0:
            raise RuntimeError(f"without a kill it ended with {ended.code}: {ended.err}")
        return ended


def _make(folder: Path, hub: str) -> None:
    small_world(folder, hub)


def _change(world: World) -> None:
    world.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])


def night(world: World, day: int) -> int:
    """One night without Prefect; returns the command line's exit code."""
    try:
        with terminable():
            outcome = world.night(day)
    except Terminated:
        return EXIT_CODE
    if outcome.message:
        print(outcome.message, file=sys.stderr)
    return EXIT_CODE if is_asked() and outcome.status == "failed" else EXIT_CODES[outcome.status]


def _arm(kill: Kill, whole_s: float) -> None:
    """Arranges that this process is killed at the moment of `kill`, in a run that takes `whole_s` seconds."""
    if isinstance(kill.at, float):
        seconds = kill.at * whole_s

        def wait() -> None:
            time.sleep(seconds)
            os.kill(os.getpid(), kill.number)

        threading.Thread(target=wait, daemon=True).start()
        return

    def watch(moment: str) -> None:
        if moment == kill.at:
            durable.watcher = None
            os.kill(os.getpid(), kill.number)

    durable.watcher = watch


def main(arguments: list[str]) -> int:
    """Prints the table; returns 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=70, help="kills at random moments beside those at each step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="only kills whose description holds this text")
    parser.add_argument(
        "--without-marts", action="store_true", help="leave the mart tables empty, which halves a night"
    )
    given = parser.parse_args(arguments)
    chance = random.Random(given.seed)
    tries = [[kill] for kill in at_every_step()]
    for first in range(0, given.random, _AT_ONCE):
        kind = chance.choice(KINDS[:2])
        numbers = [
            chance.choice((signal.SIGKILL, signal.SIGTERM)) for _ in range(first, min(first + _AT_ONCE, given.random))
        ]
        tries.append([Kill(kind, number, chance.uniform(0, 1.1)) for number in numbers])
    tries = [kills for kills in tries if not given.only or given.only in "; ".join(map(str, kills))]
    broken = 0
    import_all()
    with without_marts() if given.without_marts else nullcontext(), tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "hub").mkdir()
        with HubServer(Path(scratch) / "hub") as server:
            proof = Proof(Path(scratch), server.url, {kills[0].kind for kills in tries})
            for kills in tries:
                fault = proof.try_all(kills)
                broken += fault is not None
                print(f"{'; '.join(map(str, kills)):55} {fault or 'lost nothing'}", flush=True)
    print(f"{sum(map(len, tries))} kills of {len(tries)} warehouses: {broken} broke a promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
