"""Runs an importer by hand, in a checkout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.importers.helm_models import import_models
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import POLICY, Warehouse
from leaderboard_etl.sources.every_eval_ever.collections import SOURCE_ID
from leaderboard_etl.sources.reference import SOURCE_ID as REFERENCE


def main(arguments: list[str] | None = None) -> int:
    """Writes policy/reference_models.csv anew; returns 0, or 2 where the file or the warehouse is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard_etl.importers", description=__doc__)
    parser.add_argument("importer", choices=("helm-models",))
    parser.add_argument("file", type=Path, help="HELM's model_metadata.yaml")
    parser.add_argument(
        "--release", required=True, help="HELM's release that the file is of, as its repository tags it"
    )
    parser.add_argument(
        "-w",
        "--warehouse",
        type=Path,
        default=Path("warehouse"),
        help="a published warehouse: the models that other sources know",
    )
    options = parser.parse_args(arguments)
    try:
        known = _known(Warehouse(options.warehouse))
        imported = import_models(options.file.read_bytes(), options.release, read_policy(), known)
    except (EtlError, OSError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 2
    (POLICY / "reference_models.csv").write_text(imported.table.write_csv(), encoding="utf-8")
    print(f"{imported.n_rows} rows are HELM's; left out:", *imported.left_out, sep="\n  ")
    return 0


def _known(warehouse: Warehouse) -> set[str]:
    """The models of which another source speaks, in lower case."""
    if not warehouse.database.exists():
        raise UsageError(f"{warehouse.root} holds no published warehouse: run a night first, or name one with -w")
    with duckdb.connect(str(warehouse.database), read_only=True) as con:
        rows = con.execute(
            "select distinct lower(model_id) from core.model_aliases where source_id not in (?, ?)",
            [SOURCE_ID, REFERENCE],
        ).fetchall()
    return {name for (name,) in rows}


if __name__ == "__main__":
    sys.exit(main())
