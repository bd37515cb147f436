"""Files in the user's cache: what was made of a state once, under a key of all that it was made from."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from leaderboard_etl.code_version import code_files
from leaderboard_etl.settings import DATABASE_NAME
from leaderboard_etl.termination import at_the_end

# Most files have a few megabytes, with all of a genuine warehouse 40; a day has one of core, and one for each choice of marts.
_MOST_KEPT = 48
# Beside a kept file: the hash of its bytes.
_DIGEST = "sha256"
_DAY_SECONDS = 86_400


def cache_folder() -> Path:
    """Where states are kept: in XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "leaderboard-etl" / "as-of"


def said_of(database: Path) -> tuple[object, ...]:
    """What tells a published file from every other, without reading it."""
    facts = database.stat()
    return database.resolve(), facts.st_ino, facts.st_size, facts.st_mtime_ns


def place_of(*made_from: object) -> Path:
    """Where a file is kept that this code makes of these."""
    key = hashlib.sha256("\0".join(map(str, (*made_from, code_files()))).encode()).hexdigest()[:32]
    return cache_folder() / key / DATABASE_NAME


def _is_sound(kept: Path) -> bool:
    """Whether a kept file has the bytes that were written: what a machine that stopped left of it would answer wrongly or not at
    all."""
    try:
        return (kept.parent / _DIGEST).read_text(encoding="utf-8") == _digest(kept)
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept_file(kept: Path, make: Callable[[Path], None]) -> Path:
    """A kept file, made beside its place and moved there if it is not there or damaged; then the files that were not used for
    longest are removed. Raises OSError or duckdb.IOException where none can be written."""
    if kept.exists():
        if _is_sound(kept):
            with suppress(OSError):
                os.utime(kept.parent)
            return kept
        shutil.rmtree(kept.parent)
    folder = kept.parent.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    with at_the_end(lambda: shutil.rmtree(scratch, ignore_errors=True)):
        try:
            make(scratch / DATABASE_NAME)
            (scratch / _DIGEST).write_text(_digest(scratch / DATABASE_NAME), encoding="utf-8")
            with suppress(OSError):  # another process made the same
                scratch.rename(kept.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    with suppress(OSError):
        files = sorted(folder.glob("[!.]*"), key=lambda path: path.stat().st_mtime)
        # A process that was killed leaves a hidden one.
        left_over = [path for path in folder.glob(".*") if time.time() - path.stat().st_mtime > _DAY_SECONDS]
        for old in (*files[:-_MOST_KEPT], *left_over):
            shutil.rmtree(old, ignore_errors=True)
    return kept
