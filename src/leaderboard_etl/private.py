"""Folders that only their owner may read, such as the one in which Prefect keeps parameters, logs and settings."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes a folder if it is absent, and lets nobody but the owner read or write anything in it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # another run tidies up
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
