"""What each step of a rebuild costs at several sizes: `python -m bench.steps FOLDER [--files N]... [--raw DIR]`.

Copies of FOLDER/open-llm-leaderboard{-old,}/results/org/name/results_*.json are landed as bench.size does, on top of the raw
store of another warehouse (`--raw`), and rebuilt, each size in its own process. Prints processor seconds, because a busy machine
stretches the clock. Reading is measured alone; folding is the fold's total less that. docs/scale.md has a run of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.landing import land
from bench.size import SHARES, copies, peak_mb
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.pipeline import rebuild
from leaderboard_etl.raw.ledger import FileState, Ledger
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.batches import parse_batches, policy_in_force
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES

# The names of the steps, and the function of warehouse.build that each is.
_STEPS = {"fold": "fold_load", "core": "build_core", "marts": "build_marts"}


def main() -> None:
    """Prints a row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 5_000, 20_000], help="sizes to build")
    parser.add_argument("--raw", type=Path, help="the raw folder of another warehouse, to start from")
    arguments = parser.parse_args()
    print(
        f"{'files':>8} {'MB':>6}"
        + "".join(f"{name:>9}" for name in ("read", "fold", "core", "marts", "audit", "export", "MB peak"))
    )
    for n_files in arguments.files:
        build = multiprocessing.get_context("spawn").Process(
            target=_build, args=(arguments.folder, n_files, arguments.raw)
        )
        build.start()
        build.join()


def _build(folder: Path, n_files: int, raw: Path | None) -> None:
    spent_s: defaultdict[str, float] = defaultdict(float)
    with TemporaryDirectory() as scratch, ExitStack() as timed:
        warehouse = Warehouse(Path(scratch) / "warehouse")
        if raw is not None:
            shutil.copytree(raw, warehouse.raw)
        files = copies(folder, n_files)
        size_mb = land(warehouse.raw, files) / 1e6
        for name, function in _STEPS.items():
            timed.enter_context(_timed(f"leaderboard_etl.warehouse.build.{function}", name, spent_s))
        timed.enter_context(_timed("leaderboard_etl.warehouse.audit.audit", "audit", spent_s))
        rebuild(warehouse)
        _counted(lambda: _read(warehouse), "read", spent_s)
        _counted(lambda: make_snapshot(warehouse, None), "export", spent_s)
    spent_s["fold"] -= spent_s["read"]
    shown = "".join(f"{spent_s[name]:9.1f}" for name in ("read", "fold", "core", "marts", "audit", "export"))
    print(f"{n_files:8,} {size_mb:6,.0f}{shown}{peak_mb():9,.0f}", flush=True)


def _read(warehouse: Warehouse) -> None:
    """Reads what a rebuild reads of the two sources of result files."""
    with BlobStore(warehouse.raw, read_only=True) as store:
        state = FileState(store, Ledger(warehouse.raw).loads)
        policy = policy_in_force(store, state)
        for source_id in SHARES:
            for _ in parse_batches(SOURCES[source_id], state.of(source_id).values(), store, policy):
                pass


def _timed(name: str, step: str, spent_s: defaultdict[str, float]) -> Any:
    module, _, function = name.rpartition(".")
    original = getattr(__import__(module, fromlist=[function]), function)
    return patch(name, lambda *given, **named: _counted(lambda: original(*given, **named), step, spent_s))


def _counted(run: Callable[[], Any], step: str, spent_s: defaultdict[str, float]) -> Any:
    begun_s = time.process_time()
    try:
        return run()
    finally:
        spent_s[step] += time.process_time() - begun_s


if __name__ == "__main__":
    main()
