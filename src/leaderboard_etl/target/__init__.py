"""Where the tables are stored: they are staged, audited and published. A new engine is a new module here and a line in
`target_of`."""

from __future__ import annotations

from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.base import FromRaw, Staged, Target
from leaderboard_etl.target.file import FileTarget

__all__ = ["FromRaw", "Staged", "Target", "target_of"]


def target_of(warehouse: Warehouse) -> Target:
    """The target of a warehouse: a file in its folder, or a lake."""
    if warehouse.lake is not None:
        # Whoever has a file does not need the import.
        from leaderboard_etl.target.ducklake import LakeTarget

        return LakeTarget(warehouse, warehouse.lake)
    return FileTarget(warehouse, warehouse.database, warehouse.staging)
