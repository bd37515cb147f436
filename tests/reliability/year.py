"""A year of nights: each is a real run over HTTP, with rows restated, added and withdrawn in a table of its real size.

    PYTHONPATH=tests .venv/bin/python -m reliability.year [--nights 365] [--rows 4576] [--share 0.01]

Prints how the file, the raw store, the ledger and the time of a night grow, compares twenty past days with the truth of
that day, and rebuilds the year from raw. Exit code 1 if a promise is broken:

* every past day shows exactly its own table;
* the published file is at most 1.5 times the size of one rebuilt from nothing;
* the rebuilt file has the same content;
* a night of the last month takes at most 1.5 times the processor time of one of the second month.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from faulty_hub import HubServer
from worlds import V2_SENTINELS, World, content, small_world, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.target.opening import open_published

FIRST_NIGHT = datetime(2025, 11, 1, 3)
_MOST_GROWN = 1.5
_SOURCE = "olb_v2_contents"


@dataclass
class Table:
    """The rows of a leaderboard table, which change from night to night: raw score by model name."""

    n_rows: int
    share: float
    random: random.Random = field(default_factory=lambda: random.Random(7))
    scores: dict[str, float] = field(default_factory=dict)
    n_made: int = 0

    def change(self) -> None:
        """Restates, withdraws and adds this share of the rows each; the first call fills the table."""
        n_changed = max(1, round(self.share * self.n_rows))
        if self.scores:
            names = self.random.sample(sorted(self.scores), 2 * n_changed)
            for name in names[:n_changed]:
                self.scores[name] = self._score()
            for name in names[n_changed:]:
                del self.scores[name]
        while len(self.scores) < self.n_rows:
            self.n_made += 1
            self.scores[f"org-{self.n_made % 97}/model-{self.n_made}-7b"] = self._score()

    def rows(self) -> list[dict[str, Any]]:
        return [v2_row(name, raw) for name, raw in self.scores.items()]

    def _score(self) -> float:
        return self.random.randint(2600, 9900) / 10_000


@dataclass(frozen=True)
class Night:
    """The measurements after one night."""

    day: date
    processor_s: float
    status: str
    database_bytes: int
    raw_bytes: int
    ledger_bytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the year and returns the number of broken promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--rows", type=int, default=4576, help="rows of the table (default: the v2 table's)")
    parser.add_argument("--share", type=float, default=0.01, help="restated, added and withdrawn each night")
    parser.add_argument("--days", type=int, default=20, help="past days that are compared")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "hub").mkdir()
        with HubServer(Path(scratch) / "hub") as server:
            world = small_world(Path(scratch), server.url)
            return live(world, Table(given.rows, given.share), given.nights, given.days)


def live(world: World, table: Table, n_nights: int, n_days: int) -> int:
    """Runs the nights, prints their measurements, and returns the number of broken promises."""
    true_then: dict[date, dict[str, float]] = {}
    nights = []
    for night in run_nights(world, table, n_nights):
        true_then[night.day] = dict(table.scores)
        nights.append(night)
        if len(nights) in (1, 2, 7, 30, 60, 90, 180, 270, n_nights):
            print(_line(len(nights), night), flush=True)
    wrong = [day for day in _some_days(true_then, n_days) if said_on(world, day) != true_then[day]]
    before = content(world.warehouse.database, without=("ops.build",))
    grown_bytes = world.warehouse.database.stat().st_size
    begun = time.perf_counter()
    pipeline.rebuild(world.warehouse)
    rebuild_s = time.perf_counter() - begun
    after = content(world.warehouse.database, without=("ops.build",))
    fresh_bytes = world.warehouse.database.stat().st_size
    promises = {
        f"{min(n_days, len(true_then))} past days tell what was true then": not wrong,
        f"the file is {grown_bytes / fresh_bytes:.2f} x one rebuilt (<= {_MOST_GROWN})": (
            grown_bytes <= _MOST_GROWN * fresh_bytes
        ),
        f"the rebuilt file ({rebuild_s:.0f} s) holds the same content": before == after,
        f"a night takes {_growth(nights):.2f} x the processor time that it took in the second month (<= {_MOST_GROWN})": (
            _growth(nights) <= _MOST_GROWN
        ),
        "every night was published": all(night.status == "published" for night in nights),
    }
    for text, holds in promises.items():
        print(f"{'holds' if holds else 'FAILS'}: {text}")
    for name in sorted(name for name in before if before[name] != after.get(name)):
        print(f"  differs: {name}: {before[name]} before, {after.get(name)} rebuilt")
    return sum(not holds for holds in promises.values())


def run_nights(world: World, table: Table, n_nights: int) -> Iterator[Night]:
    """Runs one night per day; the table changes before each."""
    for number in range(n_nights):
        table.change()
        world.put_v2(*table.rows())
        moment = FIRST_NIGHT + timedelta(days=number)
        begun_s = time.process_time()
        outcome = world.night(started_at=moment)
        processor_s = time.process_time() - begun_s
        raw = world.warehouse.raw
        yield Night(
            moment.date(),
            processor_s,
            outcome.status,
            world.warehouse.database.stat().st_size,
            sum(file.stat().st_size for file in raw.glob("blobs.sqlite*")),
            (raw / "ledger.jsonl").stat().st_size,
        )


def said_on(world: World, day: date) -> dict[str, float]:
    """The raw GPQA score of each model in the warehouse as of the end of a day."""
    sentinels = {row["fullname"] for row in V2_SENTINELS}
    with open_published(world.warehouse, as_of=day) as con:
        rows = con.execute(
            "select source_name, score_raw from core.scores where source_id = ? and benchmark_id = 'gpqa'", [_SOURCE]
        ).fetchall()
    return {name: score for name, score in rows if name not in sentinels}


def _some_days(days: dict[date, dict[str, float]], n_days: int) -> list[date]:
    return sorted(random.Random(1).sample(sorted(days), min(n_days, len(days))))


def _growth(nights: Sequence[Night]) -> float:
    """The processor time of a night among the last thirty divided by one among the second thirty; 1.0 if there are too
    few."""
    if len(nights) < 90:
        return 1.0
    late, early = (statistics.median(night.processor_s for night in part) for part in (nights[-30:], nights[30:60]))
    return late / early


def _line(number: int, night: Night) -> str:
    return (
        f"night {number:3}  {night.status:9} {night.processor_s:6.2f} s   file {night.database_bytes / 1e6:6.1f} MB"
        f"   raw {night.raw_bytes / 1e6:6.1f} MB   ledger {night.ledger_bytes / 1e3:6.0f} kB"
    )


if __name__ == "__main__":
    sys.exit(main())
