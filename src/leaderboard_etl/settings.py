"""Where things are: the warehouse folder, and the project's own files in a checkout or an installed package."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from leaderboard_etl.errors import EtlError, UsageError

PACKAGE = Path(__file__).resolve().parent
POLICY = PACKAGE / "policy"
DATABASE_NAME = "leaderboard.duckdb"
DEFAULT_ENDPOINT = "https://huggingface.co"
DEFAULT_CARD_BUDGET = 2000
DEFAULT_DEADLINE_MINUTES = 240.0


@dataclass(frozen=True)
class Lake:
    """The address of a database that several machines share: a DuckLake, or a database at MotherDuck.

    `catalog` is the address without the scheme: `sqlite:/path`, `postgres:dbname=… host=…` or `md:NAME`. `data_path` is the
    folder or address of the Parquet files; null: the catalog knows it.
    """

    catalog: str
    data_path: str | None = None

    @property
    def kind(self) -> str:
        return self.catalog.partition(":")[0]

    def __str__(self) -> str:
        """The address without a password."""
        return without_passwords(self.address.partition("?data_path=")[0])

    @property
    def address(self) -> str:
        """What `parsed_lake` reads."""
        scheme = "" if self.kind == "md" else "ducklake:"
        return scheme + self.catalog + (f"?data_path={self.data_path}" if self.data_path else "")


def without_passwords(text: str) -> str:
    """A text without the passwords of PostgreSQL addresses in it."""
    return re.sub(r"password\s*=\s*('[^']*'|[^\s'\"]+)", "password=…", text)


def parsed_lake(text: str) -> Lake:
    """The lake at an address as a person writes it. Raises UsageError for another address."""
    address, _, data_path = text.partition("?data_path=")
    catalog = address.removeprefix("ducklake:")
    kind, _, place = catalog.partition(":")
    if not place or (kind not in ("sqlite", "postgres") if address != catalog else kind != "md"):
        raise UsageError(
            f"{text!r} is not a database: give ducklake:sqlite:PATH, ducklake:postgres:dbname=NAME host=HOST or md:NAME, for a"
            " lake with ?data_path= and the folder or s3:// address of its Parquet files"
        )
    if kind == "sqlite":
        place = str(Path(place).absolute())
    if data_path and "://" not in data_path:
        data_path = str(Path(data_path).absolute())
    return Lake(f"{kind}:{place}", data_path or None)


@dataclass(frozen=True)
class Warehouse:
    """The folder that a run fills. Nothing of the pipeline is written outside it, but for the lake, if the tables are in one."""

    root: Path
    lake: Lake | None = None

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def database(self) -> Path:
        """The published file; of a lake the copy of its state on this machine."""
        return self.root / (DATABASE_NAME if self.lake is None else "leaderboard.lake.duckdb")

    @property
    def published_name(self) -> str:
        """Where the tables are, for a person."""
        return str(self.database if self.lake is None else self.lake)

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


def warehouse_at(folder: str | Path, database: str | None = None) -> Warehouse:
    """The warehouse in a folder, or with its tables in a lake. Raises UsageError if `database` is not the address of one."""
    return Warehouse(Path(folder), parsed_lake(database) if database else None)


def default_warehouse() -> Path:
    return Path(os.environ.get("LEADERBOARD_ETL_WAREHOUSE", "warehouse"))


def default_database() -> str | None:
    return os.environ.get("LEADERBOARD_ETL_DATABASE") or None


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
