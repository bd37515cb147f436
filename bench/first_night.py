"""A first night of the Hub's size on a smaller scale: `PYTHONPATH=tests python -m bench.first_night FOLDER [--files
20000]`.

FOLDER/{datasets,models}/... are result files of both generations and model cards in the Hub's layout. The sample's
server serves them in its own process, with the Hub's limits over shorter windows, without the cache of small files so
that every file counts, and with a latency for each answer. One night runs to the end; another is killed half-way
through its files and continues on another day. It prints requests compared with the fewest possible, requests into a
closed window, files landed, and memory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from faulty_hub import HubServer, Request, Response

from bench.night import read_story
from bench.size import peak_mb, resident_mb
from leaderboard_etl import pipeline
from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH
from leaderboard_etl.options import Options
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES

_SHARES = {"olb_v1_results": 2 / 3, "olb_v2_results": 1 / 3}
_CARDS = ("model_cards", "eval_results")
_QUOTAS = {"api": 500, "resolvers": 3_000}
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Requests:
    """The requests that a Hub received: by address, and how many were refused because a window was closed."""

    n_requests: int
    n_refused: int
    targets: Counter[str]

    def of_tables(self) -> int:
        """The number of requests for the repositories of the tables."""
        return sum(n for target, n in self.targets.items() if "/datasets/" in target and "/leaderboard" not in target)

    def files(self) -> Counter[str]:
        """Downloads of result files, by address."""
        return Counter(
            {target: n for target, n in self.targets.items() if "/resolve/" in target and "/results_" in target}
        )


def main() -> None:
    """Prints what each night requested and how much memory it used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=20_000, help="result files (default: %(default)s)")
    parser.add_argument("--latency-ms", type=float, default=30, help="before each answer (default: %(default)s)")
    parser.add_argument(
        "--window-s", type=float, default=10, help="of the limits, 300 on the Hub (default: %(default)s)"
    )
    parser.add_argument("--card-budget", type=int, default=2_000, help="API calls for cards (default: %(default)s)")
    parser.add_argument("--memory", help="what a night may hold, e.g. 1GB")
    arguments = parser.parse_args()
    with TemporaryDirectory(dir=arguments.folder) as scratch:
        root = Path(scratch) / "hub"
        counts = {
            source_id: _serve_first(arguments.folder, root, source_id, round(arguments.files * of))
            for source_id, of in _SHARES.items()
        }
        if (arguments.folder / "models").is_dir():
            (root / "models").symlink_to((arguments.folder / "models").resolve(), target_is_directory=True)
        fewest = sum(n + 1 + -(-entries // 1000) for n, entries in counts.values())
        n_files = sum(n for n, _ in counts.values())
        quotas = {bucket: (quota, arguments.window_s) for bucket, quota in _QUOTAS.items()}
        with _hub(root, quotas, arguments.latency_ms / 1000) as hub:
            print(f"{n_files:,} result files; fewest requests for them {fewest:,}", flush=True)
            whole = Warehouse(Path(scratch) / "whole")
            seconds = _night(whole, hub.url, 1, arguments)
            requests = hub.asked()
            _print_night("one night", requests, fewest, n_files, whole, seconds)
            of_cards, fewest_cards = (
                requests.n_requests - requests.of_tables(),
                _fewest_for_cards(whole, arguments.card_budget),
            )
            print(f"  for cards {of_cards:,} requests ({of_cards / fewest_cards:.3f} of the fewest, {fewest_cards:,})")
            killed = Warehouse(Path(scratch) / "killed")
            seconds = _night(killed, hub.url, 1, arguments, kill_when=lambda: hub.n_files() >= n_files // 2)
            first = hub.asked()
            _print_night("killed half-way", first, fewest, n_files, killed, seconds)
            seconds = _night(killed, hub.url, 2, arguments)
            second = hub.asked()
            _print_night("goes on next day", second, fewest, n_files, killed, seconds)
            twice = set(first.files()) & set(second.files())
            print(f"files asked for on both days {len(twice):,} (in flight, or not yet on disk, when it was killed)")


def _serve_first(folder: Path, root: Path, source_id: str, n_files: int) -> tuple[int, int]:
    """Links the first files of a source into the served folder; returns the number of files, and of entries of the tree
    with folders."""
    place = Path("datasets") / SOURCES[source_id].repo_id
    paths = list(islice(sorted((folder / place).rglob("*.json")), n_files))
    folders: set[Path] = set()
    for path in paths:
        linked = root / path.relative_to(folder)
        linked.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, linked)
        folders.update(parent for parent in linked.parents if root / place in parent.parents)
    return len(paths), len(paths) + len(folders)


def _night(
    warehouse: Warehouse, url: str, day: int, arguments: Any, kill_when: Callable[[], bool] = lambda: False
) -> float:
    night = _SPAWN.Process(target=_run, args=(warehouse, url, day, arguments.card_budget, arguments.memory))
    begun = time.perf_counter()
    night.start()
    while night.is_alive():
        if kill_when() and night.pid is not None:
            os.kill(night.pid, signal.SIGKILL)
        night.join(0.2)
    return time.perf_counter() - begun


def _run(warehouse: Warehouse, url: str, day: int, card_budget: int, memory: str | None) -> None:
    from leaderboard_etl.memory import memory_bytes

    memory_samples: list[tuple[str, int, float]] = []

    @contextmanager
    def watched(source_id: str, waits_s: Callable[[], float]) -> Iterator[Callable[[int, int], None]]:
        def count(done: int, total: int) -> None:
            if done % max(total // 4, 1) == 0:
                memory_samples.append((source_id, done, resident_mb()))

        yield count

    story = read_story()
    options = Options(
        warehouse,
        url,
        "bench",
        only=(*_SHARES, *_CARDS),
        card_budget=card_budget,
        started_at=datetime(2025, 1, day, 3),
        most_memory_bytes=None if memory is None else memory_bytes(memory),
        progress=watched,
    )
    outcome = pipeline.run_night(options, story)
    print(
        f"  {outcome.status}; resident MB while fetching: "
        + ", ".join(f"{name} {n:,}: {mb:.0f}" for name, n, mb in memory_samples)
    )
    print(f"  peak {peak_mb():,.0f} MB, {outcome.message or 'no message'}", flush=True)


def _print_night(
    name: str, requests: Requests, fewest: int, n_files: int, warehouse: Warehouse, seconds: float
) -> None:
    of_tables = requests.of_tables()
    files = requests.files()
    n_repeated = requests.n_requests - requests.n_refused - len(requests.targets)
    with closing(BlobStore(warehouse.raw, read_only=True)) as store:
        n_blobs = store.count()
    print(
        f"{name}: {seconds:.0f} s, {requests.n_requests:,} requests, {of_tables:,} of them for the tables"
        f" ({of_tables / fewest:.3f} of the fewest), {n_repeated:,} asked again,"
        f" {requests.n_refused} into a closed window; {len(files):,} of {n_files:,} files, most often"
        f" {max(files.values(), default=0)} x; {n_blobs:,} blobs in raw",
        flush=True,
    )


def _fewest_for_cards(warehouse: Warehouse, budget: int) -> int:
    """The fewest requests for what a first pass over the models landed.

    One call per owner, by list or by the name of its only model; one more for each model that is missing from the list,
    because a renamed one answers to its old name; one for each leaderboard, one for the list of benchmarks, and one for
    the newest change. Then one per file, because this Hub has no cache of small files. The public Hub has one, and
    states a file's hash only on the redirect to it, so there each file needs at least two requests.
    """
    policy = read_policy()
    tasks = policy.frame("eval_tasks").drop_nulls("variant_id")
    official = policy.frame("official_organizations")["hub_owner"].to_list()
    query = """
        with
            asked as (
                select repo_id as name, regexp_extract(repo_id, '^(.+)/', 1) as owner, bool_or(path = ?) as is_absent
                from raw.files
                where repo_type = 'api' and path in (?, ?)
                group by all
            ),
            owners as (
                select owner, count(*) as n_models, count_if(is_absent) as n_absent from asked where owner <> '' group by all
            )
        select
            (select count(*) from owners)
            + (select coalesce(sum(n_absent), 0) from owners where n_models > 1)
            + (select count(*) from asked where owner = '')
            + (select count(*) from (select unnest(?::varchar[]) as owner) where owner not in (select owner from owners)),
            (select count(*) from raw.files where repo_type = 'model')
    """
    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        [(calls, files)] = con.execute(query, [ABSENT_PATH, INFO_PATH, ABSENT_PATH, official]).fetchall()
    return min(budget, int(calls) + tasks["dataset_id"].n_unique() + 2) + int(files)


class _Hub:
    """Connection to the Hub in its own process."""

    def __init__(self, url: str, line: Connection) -> None:
        self.url, self._line = url, line

    def asked(self) -> Requests:
        """The requests since the last call."""
        self._line.send("asked")
        requests: Requests = self._line.recv()
        return requests

    def n_files(self) -> int:
        self._line.send("files")
        n_files: int = self._line.recv()
        return n_files


@contextmanager
def _hub(root: Path, quotas: dict[str, tuple[int, float]], latency_s: float) -> Iterator[_Hub]:
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(root, quotas, latency_s, there), daemon=True)
    server.start()
    try:
        yield _Hub(here.recv(), here)
    finally:
        server.terminate()


def _serve(root: Path, quotas: dict[str, tuple[int, float]], latency_s: float, line: Connection) -> None:
    def late(request: Request) -> Response | None:
        time.sleep(latency_s)
        return None

    with HubServer(root, intercept=late, limits=quotas, has_resolve_cache=False) as server:
        line.send(server.url)
        while True:
            try:
                wanted = line.recv()
            except EOFError:
                sys.exit()
            if wanted == "files":
                line.send(sum("/results_" in request.target for request in list(server.requests)))
                continue
            requests, server.requests = server.requests, []
            refused = server.windows.n_refused
            server.windows.n_refused = 0
            line.send(Requests(len(requests), refused, Counter(request.target for request in requests)))


if __name__ == "__main__":
    main()
