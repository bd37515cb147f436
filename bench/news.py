"""What a night costs that has little news: `python -m bench.news FOLDER`.

FOLDER/open-llm-leaderboard{-old,}/results/**.json, as for bench.reading. `--files` copies are landed and published; then a night
finds `--changed` of them with other scores. It fetches nothing: it reads, stages, audits and publishes. Prints the processor time
of that night without the analyses, and its ratio to the floor of the whole (bench.reading), which is taken before it. The start
of Python is not measured, and of the processor time of the analyses not what a second process takes.
The first night also lands the curated sources, under which all is judged again; the next ones show what news costs.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import resource
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.landing import land, source_file
from bench.reading import RESULTS, floor, made
from leaderboard_etl import pipeline
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline import publishing
from leaderboard_etl.pipeline.fetching import news_of
from leaderboard_etl.pipeline.project import land_project
from leaderboard_etl.pipeline.reading import read
from leaderboard_etl.raw.ledger import Changes, FileState, FileVersion, Ledger
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.warehouse.marts import build_marts

ENDPOINT = "bench"


def main() -> None:
    """Prints processor seconds, which can be compared even on a busy machine, and ratios to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=20_000, help="result files to make (default: 20000)")
    parser.add_argument("--changed", type=int, default=200, help="of them, changed in the night (default: 200)")
    parser.add_argument("--nights", type=int, default=3, help="nights with other changes (default: 3)")
    parser.add_argument("--profile", action="store_true", help="print where the last night's time goes")
    arguments = parser.parse_args()
    with TemporaryDirectory() as scratch:
        warehouse = Warehouse(Path(scratch) / "warehouse")
        repositories = {source_id: SOURCES[source_id].repo_id for source_id in RESULTS}
        files: dict[str, Iterable[SourceFile]] = {
            source_id: made(arguments.folder / repo_id, repo_id, round(RESULTS[source_id] * arguments.files))
            for source_id, repo_id in repositories.items()
        }
        size_mb = land(warehouse.raw, files) / 1e6
        print(f"{arguments.files:,} result files, {size_mb:,.0f} MB")
        publishing.rebuild(warehouse)
        for number in range(arguments.nights):
            # Anew for each night: what a machine does in a second differs by half from one minute to the next.
            floor_s = _cpu(lambda: floor(warehouse))[0]
            profile = cProfile.Profile() if arguments.profile and number == arguments.nights - 1 else None
            night_s, clock_s, (analyses_s, analyses_clock_s) = one_night(warehouse, arguments.changed, number, profile)
            size_mb = warehouse.database.stat().st_size / 1e6
            print(
                f"night {number + 1}, {arguments.changed} changed: {night_s:6.3f} s of CPU, {night_s / floor_s:6.3f} of the"
                f" floor's {floor_s:.3f} s; {clock_s:6.3f} s by the clock; the analyses {analyses_s:.3f} s of CPU here,"
                f" {analyses_clock_s:.3f} s by the clock; published {size_mb:.1f} MB"
            )
            if profile is not None:
                pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
    # ru_maxrss is in kilobytes on Linux.
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def one_night(
    warehouse: Warehouse, n_changed: int, seed: int, profile: cProfile.Profile | None = None
) -> tuple[float, float, tuple[float, float]]:
    """A night with this many changed files: its seconds of processor time and by the clock, and both of the analyses, which
    are in neither."""
    analyses: list[tuple[float, float]] = []

    def timed(*given: Any, **named: Any) -> None:
        analyses.append(_cpu(lambda: build_marts(*given, **named)))

    changes = {
        source_id: _landed(warehouse, source_id, round(share * n_changed), seed) for source_id, share in RESULTS.items()
    }

    def steps(night: pipeline.Night) -> pipeline.Ending:
        policy, *curated = land_project(night)
        news = [policy, *curated]
        for source_id, changed in changes.items():
            news.append(read(night, news_of(night, source_id, Changes(changed)), policy.changes))
        load = night.minutes.line("published", [each.entry for each in news])
        staged = night.target.stage(night.believed, [(load, news)])
        audited = publishing.audit(night, staged)
        note = night.target.publish(audited.staged, night.minutes.recording(audited.loads))
        return publishing.ended(night, audited, note)

    options = Options(warehouse, hub=ENDPOINT, endpoint=ENDPOINT)
    outcome = []
    with patch("leaderboard_etl.warehouse.build.build_marts", timed), profile or nullcontext():
        night_s, clock_s = _cpu(lambda: outcome.append(pipeline.run_night(options, steps)))
    if outcome[0].status not in ("published", "degraded"):
        raise RuntimeError(f"the night {outcome[0].status}: {outcome[0].message}")
    analyses_s, analyses_clock_s = sum(s for s, _ in analyses), sum(s for _, s in analyses)
    return night_s - analyses_s, clock_s - analyses_clock_s, (analyses_s, analyses_clock_s)


def _landed(warehouse: Warehouse, source_id: str, n_files: int, seed: int) -> list[FileVersion]:
    """Some landed files with other digits in their scores, as if they had just been fetched."""
    rng = random.Random(seed)
    changed = []
    with BlobStore(warehouse.raw) as store:
        state = FileState(store, Ledger(warehouse.raw).loads)
        for file in rng.sample(sorted(state.of(source_id).values()), n_files):
            content = store.get(file.blob_id).replace(b": 0.4", b": 0.4%d" % rng.randrange(10))
            landed = source_file(file.repo_type, file.repo_id, file.path, content)
            store.put(landed.version.blob_id, content)
            changed.append(landed.version)
        store.flush()
    return changed


def _cpu(run: Callable[[], object]) -> tuple[float, float]:
    begun_s, begun_clock_s = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - begun_s, time.perf_counter() - begun_clock_s


if __name__ == "__main__":
    main()
