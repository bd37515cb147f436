"""Where things are: the warehouse folder, and the project's own files in a checkout or an installed package."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from leaderboard_etl.errors import EtlError

PACKAGE = Path(__file__).resolve().parent
POLICY = PACKAGE / "policy"
DATABASE_NAME = "leaderboard.duckdb"
DEFAULT_ENDPOINT = "https://huggingface.co"
DEFAULT_CARD_BUDGET = 2000
DEFAULT_DEADLINE_MINUTES = 240.0


@dataclass(frozen=True)
class Warehouse:
    """The folder that a run fills. Nothing of the pipeline is written outside it."""

    root: Path

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def database(self) -> Path:
        return self.root / DATABASE_NAME

    @property
    def staging(self) -> Path:
        """The file that a run builds to replace the published one."""
        return self.root / "leaderboard.staging.duckdb"

    @property
    def believed(self) -> Path:
        """The file that a run makes from raw, to answer in place of an unreadable published one."""
        return self.root / "leaderboard.believed.duckdb"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def prefect(self) -> Path:
        return self.root / "prefect"

    @property
    def lock(self) -> Path:
        return self.root / "run.lock"


def default_warehouse() -> Path:
    return Path(os.environ.get("LEADERBOARD_ETL_WAREHOUSE", "warehouse"))


def resource(name: str) -> Path:
    """A folder of the project (`sql`, `flows`): inside the installed package, or beside `src` in a checkout.

    Raises EtlError if it is in neither: the installation is incomplete.
    """
    for base in (PACKAGE, PACKAGE.parents[1]):
        if (base / name).is_dir():
            return base / name
    raise EtlError(
        f"the folder {name}/ is neither in {PACKAGE} nor beside src/: the installation is incomplete; reinstall it"
    )
