"""A nearly full disk: a night, a rebuild and an export with many amounts of free space on a separate filesystem.

`--what run` is a night under Prefect.

    PYTHONPATH=tests .venv/bin/python -m reliability.full_disk [--amounts 20] [--no-forecast]

It needs root for a tmpfs in a mount namespace; otherwise it says so and exits with 0. Each run must succeed with the
content of a warehouse that never lacked space, or fail with exit code 1, one line and an unchanged published file. A
warehouse is tried with five growing amounts; with all the space available the next run must succeed. Prints one row per
amount; exit code 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from faulty_hub import HubServer
from reliability.children import Ended, import_all, in_child
from reliability.values import values
from worlds import World, small_world, v2_row, without_marts

from leaderboard_etl.cli import main as cli
from leaderboard_etl.report import EXIT_CODES
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target import space

_DISK_BYTES = 200_000_000
_AT_ONCE = 5
_MARK = "IN_A_MOUNT_NAMESPACE"


@dataclass(frozen=True)
class Tried:
    """One run with one amount of free space. `fault` is null if all promises were kept."""

    what: str
    free_kb: int
    code: int
    fault: str | None
    said: str


def may_mount() -> bool:
    """Whether this process may create a mount namespace with its own filesystem."""
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
    return (
        shutil.which("unshare") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def in_namespace(arguments: list[str]) -> int:
    """Runs this module again in a namespace where it may mount; returns its exit code."""
    command = ["unshare", "-m", sys.executable, "-m", "reliability.full_disk", *arguments]
    return subprocess.run(command, env={**os.environ, _MARK: "1"}, check=False).returncode


def night(world: World) -> int:
    """One night like the command line's, without Prefect."""
    outcome = world.night(2)
    print(json.dumps({"status": outcome.status, "notes": outcome.notes}))
    if outcome.status == "failed":
        print(f"leaderboard-etl: {outcome.message}", file=sys.stderr)
    return EXIT_CODES[outcome.status]


def try_all(folder: Path, disk: Path, amounts_kb: list[int], whats: list[str]) -> list[Tried]:
    """Tries every run with every amount. `folder` is on another disk; `disk` is an empty mounted one."""
    (folder / "hub").mkdir()
    with HubServer(folder / "hub") as server:
        world = World(folder / "hub", server.url, Warehouse(folder / "first"), endpoint=server.url)
        _expect(in_child(lambda: _make(folder, world)))
        _expect(in_child(lambda: _change(world)))
        wanted = {"night": "", "offline": _content(world.warehouse.root), "export": "", "run": ""}
        if "night" in whats:
            undisturbed = folder / "undisturbed"
            shutil.copytree(world.warehouse.root, undisturbed)
            _expect(in_child(lambda: night(World(world.root, server.url, Warehouse(undisturbed), endpoint=server.url))))
            wanted["night"] = _content(undisturbed)
        tried = []
        for what in sorted(whats, key=lambda what: what != "run"):
            if what != "run":
                import_all()  # imported late, because Prefect reads its settings at import
            for first in range(0, len(amounts_kb), _AT_ONCE):
                series = amounts_kb[first : first + _AT_ONCE]
                for one in _try_in_turn(what, world, disk, series, wanted[what]):
                    tried.append(one)
                    print(f"{what:8} {one.free_kb:>8,} kB  exit {one.code}  {one.fault or 'as promised'}  {one.said[:150]}",
                          flush=True)  # fmt: skip
        return tried


def _try_in_turn(what: str, first: World, disk: Path, amounts_kb: list[int], wanted: str) -> Iterator[Tried]:
    """Runs with each amount, in a fresh copy of the first warehouse at the beginning and after each run that
    succeeded."""
    root = disk / "warehouse"
    world = World(first.root, first.hub, Warehouse(root), endpoint=first.hub)
    do: dict[str, Callable[[], int]] = {
        "night": lambda: night(world),
        "offline": lambda: cli(["run", "--offline", "-w", str(root)]),
        "run": lambda: cli(["run", "--hub", world.hub, "-w", str(root)]),
        "export": lambda: cli(["export", "-w", str(root), "--out", str(disk / "export")]),
    }
    has_to_begin = True
    for free_kb in amounts_kb:
        if has_to_begin:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(first.warehouse.root, root)
        before = _hash(world.warehouse.database)
        with _filled(disk, free_kb):
            ended = in_child(do[what])
            fault = _fault(ended, before == _hash(world.warehouse.database), what)
        has_to_begin = ended.code == 0
        is_done = has_to_begin
        if not is_done and free_kb == amounts_kb[-1]:
            again = in_child(do[what])
            is_done = True
            if fault is None and again.code != 0:
                fault = f"with space it ended with {again.code}: {again.line}"
        if fault is None and is_done and wanted and _content(root) != wanted:
            fault = "it ended with other content"
        if fault is None and [*root.glob("*.staging.*"), *root.glob("*.believed.*")]:
            fault = "it left a staging file"
        if fault is None and [*disk.glob(".export*")]:
            fault = "it left half an export"
        shutil.rmtree(disk / "export", ignore_errors=True)
        yield Tried(what, free_kb, ended.code, fault, ended.line)


@contextmanager
def _filled(disk: Path, free_kb: int) -> Iterator[None]:
    """Within the block the disk has exactly this much free space."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(disk).free - 1024 * free_kb, 1))
    try:
        yield
    finally:
        ballast.unlink()


def _fault(ended: Ended, is_untouched: bool, what: str) -> str | None:
    if ended.code == 0:
        return None if not is_untouched or what == "export" else "it said that it published and did not"
    if ended.code != 1:
        return f"it ended with {ended.code}"
    if not is_untouched:
        return "it failed and the published file is another one"
    lines = ended.err.splitlines()
    are_ours = all(line.startswith("leaderboard-etl: ") for line in lines)
    # A run under Prefect may print a second line about Prefect's own failure.
    return None if are_ours and len(lines) in ((1, 2) if what == "run" else (1,)) else "it did not fail with one line"


def _make(folder: Path, world: World) -> int:
    made = small_world(folder, world.hub)
    World(made.root, world.hub, world.warehouse, endpoint=world.hub).night(1)
    return 0


def _change(world: World) -> int:
    world.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    return 0


def _content(root: Path) -> str:
    """Every table's count and content hash as text, computed in a child."""
    ended = in_child(lambda: print(values(Warehouse(root).database)))
    return _expect(ended).out


def _expect(ended: Ended) -> Ended:
    if ended.code != 0:
        raise RuntimeError(f"the preparation ended with {ended.code}: {ended.err}")
    return ended


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(arguments: list[str]) -> int:
    """Prints the table; returns 1 if a run broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--amounts", type=int, default=20)
    parser.add_argument("--least-kb", type=int, default=0)
    parser.add_argument("--most-kb", type=int, default=80_000)
    parser.add_argument(
        "--no-forecast", action="store_true", help="build without looking for space first, to see what the engine does"
    )
    parser.add_argument("--what", action="append", choices=("night", "offline", "export", "run"))
    parser.add_argument(
        "--without-marts", action="store_true", help="leave the mart tables empty, which halves a night"
    )
    given = parser.parse_args(arguments)
    if os.environ.get(_MARK) != "1":
        if not may_mount():
            print("left out: this user may not mount a filesystem of its own")
            return 0
        return in_namespace(arguments)
    if given.no_forecast:
        space.needed_bytes = lambda warehouse: 0
    # The test helper's line about a night that was not published. Prefect, imported later, enables disabled loggers again.
    logging.getLogger("night").setLevel(logging.CRITICAL)
    span = given.most_kb - given.least_kb
    amounts_kb = [given.least_kb + round(span * (n / max(given.amounts - 1, 1)) ** 2) for n in range(given.amounts)]
    with without_marts() if given.without_marts else nullcontext(), tempfile.TemporaryDirectory() as scratch:
        disk = Path(scratch) / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "none", str(disk)], check=True)
        try:
            (Path(scratch) / "world").mkdir()
            tried = try_all(Path(scratch) / "world", disk, amounts_kb, given.what or ["night", "offline", "export"])
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=False)
    failed = [one for one in tried if one.fault]
    ended_well = sum(one.code == 0 for one in tried)
    print(
        f"{len(tried)} runs: {ended_well} ended well, {len(tried) - ended_well} failed; {len(failed)} promises broken"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
