"""Folders that only their owner may read: Prefect keeps parameters, logs and its settings in one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes a folder, where it is not there, and takes it and all in it from everyone but the owner. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # another run tidies up
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
