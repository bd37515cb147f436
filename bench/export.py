"""How long a snapshot takes: `python -m bench.export -w DIR [--as-of DATE]`. The start of Python and imports are not
measured.

As of a day, core and the analyses are computed again from history; the published state is read as it is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from leaderboard_etl.commands import parsing
from leaderboard_etl.days import FORMS
from leaderboard_etl.export.folder import write_snapshot
from leaderboard_etl.export.manifest import state_day
from leaderboard_etl.export.snapshot import pictures
from leaderboard_etl.export.tables import EXPORTS, parquet, query
from leaderboard_etl.export.verify import verify_snapshot
from leaderboard_etl.settings import Warehouse, default_warehouse
from leaderboard_etl.target.opening import open_published


def main() -> None:
    """Prints a table of steps: seconds, and the ratio of their processor time to that of a full export of the published
    state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-w", "--warehouse", type=Path, default=default_warehouse())
    parser.add_argument("--as-of", type=parsing.day, help=f"a day to measure: {FORMS} (default: that of the last load)")
    arguments = parser.parse_args()
    warehouse = Warehouse(arguments.warehouse)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "out"
        with closing(open_published(warehouse)) as con:
            day = arguments.as_of or state_day(con)
            _timed(lambda: pictures(con))  # the first picture starts the renderer
            tables_s = _timed(lambda: [parquet(query(con, export).shown) for export in EXPORTS])
            pictures_s = _timed(lambda: pictures(con))
        whole_s = _timed(lambda: write_snapshot(warehouse, folder, None))
        rows = [
            ("tables as text and Parquet", tables_s),
            ("embeds, figures, report", pictures_s),
            ("full export", whole_s),
            (f"full export as of {day}", _timed(lambda: write_snapshot(warehouse, folder, day))),
            ("the same with the database", _timed(lambda: write_snapshot(warehouse, folder, day, with_database=True))),
            ("verify, recomputed", _timed(lambda: verify_snapshot(warehouse, folder))),
        ]
        for name, seconds in rows:
            wall_s, cpu_s = seconds
            print(f"{name:32} {wall_s:8.2f} s   {cpu_s:8.2f} s of CPU   {cpu_s / whole_s[1]:6.2f} of a full export's")
        print(
            f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.1f} MB in {folder.name}/"
        )


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Elapsed seconds, and processor seconds of all threads; on a busy machine only the latter can be compared."""
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - begun_s, time.process_time() - begun_cpu_s


if __name__ == "__main__":
    main()
