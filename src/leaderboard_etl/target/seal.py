"""What a run records beside the file that it publishes, so that the next one can carry the file on as it is: its hash, and how
large it was when all of it was last written anew.

A file with another hash, or without a seal, may still be sound: it is looked through, and its history is copied row by row into a
new file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec
import xxhash

# A file that is changed night by night keeps the room of what it no longer holds. Past this multiple of its size without such
# room the night writes it again. Where that is larger than this multiple of its size when all was sorted, it has grown by what it
# holds, and the next night sorts all of it.
MOST_GROWN = 1.3


class Seal(msgspec.Struct, frozen=True):
    """The hash of a published file, and its size when it was last written without the room of what it no longer holds, and when
    all of it was last sorted."""

    xxh3_128: str
    anew_bytes: int
    sorted_bytes: int

    @property
    def is_sorted(self) -> bool:
        """Whether what was added since all was sorted is little."""
        return self.anew_bytes <= MOST_GROWN * self.sorted_bytes


def seal_path(database: Path) -> Path:
    """Where the seal of a file is."""
    return database.with_name(f"{database.name}.seal")


def write_seal(database: Path, seal: Seal) -> None:
    """Records the seal of a file. A seal that does not reach the disk only costs the next night time."""
    seal_path(database).write_bytes(msgspec.json.encode(seal) + b"\n")


def read_seal(database: Path) -> Seal | None:
    """The seal of a file; null if there is none that can be read."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(seal_path(database).read_bytes(), type=Seal)
    return None


def is_bloated(path: Path, copied: Seal) -> bool:
    """Whether a file that began as a copy of a sealed one keeps so much room of what it no longer holds that it should be written
    anew. Raises OSError."""
    return path.stat().st_size > MOST_GROWN * copied.anew_bytes


def seal_of(path: Path, copied: Seal | None = None, *, is_anew: bool = True) -> Seal:
    """The seal of a finished file. `copied` is that of the file which it began as a copy of, null: it began empty; `is_anew`: it
    was written anew since. Raises OSError."""
    size = path.stat().st_size
    return Seal(
        hash_of(path),
        anew_bytes=size if copied is None or is_anew else copied.anew_bytes,
        sorted_bytes=size if copied is None else copied.sorted_bytes,
    )


def hash_of(path: Path) -> str:
    """The hash of a file's bytes, XXH3 of 128 bits: it tells damage and other writers, at a seventh of what sha256 costs. Whoever
    forges the file could write its seal, too. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


def copy_bytes(source: Path, copy: Path) -> None:
    """Copies a file; where the filesystem can share blocks between files, nothing is copied. Raises OSError."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, copy)
        return
    with source.open("rb") as old, copy.open("wb") as new:
        left = os.fstat(old.fileno()).st_size
        try:
            while left > 0 and (n_bytes := os.copy_file_range(old.fileno(), new.fileno(), left)) > 0:
                left -= n_bytes
        except OSError:  # a filesystem that cannot
            left = -1
    if left != 0:
        shutil.copyfile(source, copy)
