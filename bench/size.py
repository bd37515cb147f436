"""How much memory a build of many result files takes: `python -m bench.size FOLDER [--files N]... [--raw DIR] [--memory
1GB]`.

Copies of FOLDER/open-llm-leaderboard{-old,}/results/org/name/results_*.json are landed, two thirds of them of the first
generation, on top of the raw store of another warehouse (`--raw`); then everything is rebuilt offline, each size in its
own process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from bench.landing import land
from bench.reading import made
from leaderboard_etl.errors import EtlError
from leaderboard_etl.memory import give_back_early, memory_bytes
from leaderboard_etl.pipeline import rebuild
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.registry import SOURCES

SHARES = {"olb_v1_results": 2 / 3, "olb_v2_results": 1 / 3}


def main() -> None:
    """Prints a row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, nargs="+", default=[5_000, 20_000, 40_000], help="sizes to build")
    parser.add_argument("--raw", type=Path, help="the raw folder of another warehouse, to start from")
    parser.add_argument("--memory", help="what the build may hold, e.g. 1GB (default: as the machine has)")
    arguments = parser.parse_args()
    print(
        f"{'files':>8} {'MB':>8} {'subtask rows':>13} {'peak MB':>8} {'spilled MB':>10} {'seconds':>8} {'file MB':>8}"
    )
    if arguments.memory is not None:
        give_back_early()  # for the processes below, as a run does
    for n_files in arguments.files:
        # Each build has its own process, so that the peak of its memory is that of one build.
        build = multiprocessing.get_context("spawn").Process(
            target=_build, args=(arguments.folder, n_files, arguments.raw, arguments.memory)
        )
        build.start()
        build.join()


def _build(folder: Path, n_files: int, raw: Path | None, memory: str | None) -> None:
    with TemporaryDirectory() as scratch:
        warehouse = Warehouse(Path(scratch) / "warehouse")
        if raw is not None:
            shutil.copytree(raw, warehouse.raw)
        size_mb = land(warehouse.raw, copies(folder, n_files)) / 1e6
        begun = time.perf_counter()
        with _spilled(warehouse.root) as most_mb:
            try:
                rebuild(warehouse, most_memory_bytes=None if memory is None else memory_bytes(memory))
            except EtlError as error:
                print(f"{n_files:8,} {size_mb:8,.0f} failed: {error}; peak {peak_mb():,.0f} MB", flush=True)
                return
        seconds = time.perf_counter() - begun
        rows = _count(warehouse)
        file_mb = warehouse.database.stat().st_size / 1e6
        print(
            f"{n_files:8,} {size_mb:8,.0f} {rows:13,} {peak_mb():8,.0f} {most_mb[0]:10,.0f} {seconds:8.1f} {file_mb:8,.0f}",
            flush=True,
        )


def copies(folder: Path, n_files: int) -> dict[str, Iterator[SourceFile]]:
    """So many copies of the files in a folder, by source, each under its own name (bench.reading)."""
    repositories = {source_id: SOURCES[source_id].repo_id for source_id in SHARES}
    return {
        source_id: made(folder / repo_id, repo_id, round(n_files * SHARES[source_id]))
        for source_id, repo_id in repositories.items()
    }


def peak_mb() -> float:
    """The most memory that this process ever used; unlike ru_maxrss, without its parent's (Linux)."""
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak[1]) / 1024 if peak else float("nan")


def resident_mb() -> float:
    """The memory that this process uses now (Linux)."""
    resident = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(resident[1]) / 1024 if resident else float("nan")


@contextmanager
def _spilled(root: Path) -> Iterator[list[float]]:
    """Within the block: the largest size of DuckDB's temporary folder, in MB."""
    most, ended = [0.0], Event()

    def watch() -> None:
        while not ended.wait(0.2):
            sizes = []
            for path in root.glob("*.tmp/*"):
                try:
                    sizes.append(path.stat().st_size)
                except FileNotFoundError:
                    continue  # gone since it was listed
            most[0] = max(most[0], sum(sizes) / 1e6)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


def _count(warehouse: Warehouse) -> int:
    import duckdb

    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        return int(con.execute("select count(*) from core.subtask_scores").fetchall()[0][0])


if __name__ == "__main__":
    main()
