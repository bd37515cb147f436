"""Checks where a warehouse is. It must be on a disk of this machine, because locks and syncs may not work over a
network.

SQLite's documentation warns of this (https://www.sqlite.org/faq.html, question 5;
https://www.sqlite.org/useovernet.html), and the order in which a run makes its work durable depends on both.
"""

from __future__ import annotations

import os
from pathlib import Path

from leaderboard_etl.errors import WarehouseError

_MOUNTS = Path("/proc/self/mounts")
_OVER_A_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "glusterfs", "lustre"),
        *("beegfs", "gpfs", "orangefs", "pvfs2"),
    )
)
_FUSE_OVER_A_NETWORK = (
    *("sshfs", "s3fs", "mount-s3", "gcsfuse", "rclone", "glusterfs", "ceph", "davfs", "goofys", "blobfuse"),
    "juicefs",
)
ALLOW = "LEADERBOARD_ETL_ALLOW_NETWORK_FILESYSTEM"


def expect_local(folder: Path) -> None:
    """Raises WarehouseError if the folder is on a network filesystem, unless the environment allows it."""
    kind = filesystem_of(folder.resolve(), _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else "")
    if kind is not None and is_over_a_network(kind) and not os.environ.get(ALLOW):
        raise WarehouseError(
            f"{folder} is on a network filesystem ({kind}), where locks and syncs may not work and a warehouse can be"
            f" damaged: keep it on a disk of this machine and copy exports or the published file, or set {ALLOW}=1"
        )


def is_over_a_network(kind: str) -> bool:
    """Whether a type of filesystem, as the kernel names it, is a network filesystem."""
    return kind in _OVER_A_NETWORK or (kind.startswith("fuse") and any(name in kind for name in _FUSE_OVER_A_NETWORK))


def filesystem_of(path: Path, mounts: str) -> str | None:
    """The type of the filesystem that holds a resolved path, from the text of /proc/self/mounts; null if it is not
    listed."""
    deepest: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # The kernel writes blanks, tabs, line ends and backslashes of a path as octal escapes.
        point = Path(fields[1].encode().decode("unicode_escape"))
        # Of two mounts at the same place the later one hides the earlier one.
        if path.is_relative_to(point) and (deepest is None or len(point.parts) >= deepest[0]):
            deepest = (len(point.parts), fields[2])
    return deepest[1] if deepest else None
