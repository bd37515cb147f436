"""Short versions of the proofs in tests/reliability. Each proof is a separate command, because it forks, mounts and
kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import leaderboard_etl


def prove(module: str, *arguments: str) -> str:
    """Returns a proof's output; fails if a promise was broken."""
    paths = [str(Path(leaderboard_etl.__file__).parents[1]), str(Path(__file__).parent)]
    ended = subprocess.run(
        [sys.executable, "-m", f"reliability.{module}", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_night_killed_right_after_its_line_in_the_ledger_is_published_by_the_next() -> None:
    only = ("--only", "SIGKILL, second night, after ledger line")
    told = prove("kills", "--random", "0", *only, "--without-marts")
    assert "1 kills of 1 warehouses: 0 broke a promise" in told


def test_a_full_disk_never_replaces_the_good_file_with_an_empty_one() -> None:
    """With this amount of space the checkpoint fails. The forecast of needed space is off, because it would refuse the
    build."""
    told = prove(
        "full_disk", "--what", "offline", "--amounts", "1", "--least-kb", "7000", "--no-forecast", "--without-marts"
    )
    assert "0 promises broken" in told or "left out" in told
