"""The dated record of benchmarks: rows added to a CSV file by `--record FILE`."""

from __future__ import annotations

import csv
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

_COLUMNS = (
    "measured_at",
    "code_version",
    "cores",
    "python",
    "what",
    "files",
    "cpu_s",
    "clock_s",
    "cpu_ratio",
    "clock_ratio",
)


def record(path: Path | None, rows: list[tuple[str, int, float, float, float, float]]) -> None:
    """Adds (what, files, processor seconds, seconds by the clock, and both as ratios) to a CSV file; null: to none."""
    from leaderboard_etl.code_version import code_version

    if path is None:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(_COLUMNS)
        for what, files, *numbers in rows:
            shown = [f"{number:.2f}" for number in numbers]
            writer.writerow([now, code_version(), os.cpu_count(), platform.python_version(), what, files, *shown])
