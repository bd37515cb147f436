"""The proofs of tests/reliability in short: each is a command of its own, for it forks, mounts and kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import leaderboard_etl


def prove(module: str, *arguments: str) -> str:
    """What a proof prints; it must have found no promise broken."""
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
    told = prove("kills", "--random", "0", "--only", "SIGKILL, second night, after ledger line")
    assert "1 kills of 1 warehouses: 0 broke a promise" in told


def test_a_full_disk_never_puts_an_empty_file_over_the_good_one() -> None:
    """The amount is one at which the checkpoint fails: asked for nothing first, for else nothing is built at all."""
    told = prove("full_disk", "--what", "offline", "--amounts", "1", "--least-kb", "7000", "--no-forecast")
    assert "0 promises broken" in told or "left out" in told
