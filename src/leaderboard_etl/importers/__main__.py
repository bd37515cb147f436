"""Runs an importer by hand, in a checkout."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

import polars as pl

from leaderboard_etl.days import FORMS, named_day
from leaderboard_etl.errors import EtlError
from leaderboard_etl.importers.epoch_runs import import_runs
from leaderboard_etl.importers.helm_models import import_models
from leaderboard_etl.importers.prices import LISTS, import_prices
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import POLICY, Warehouse
from leaderboard_etl.sources.epoch import SOURCE_ID as EPOCH
from leaderboard_etl.sources.epoch import TABLE
from leaderboard_etl.sources.every_eval_ever.collections import SOURCE_ID
from leaderboard_etl.sources.reference import SOURCE_ID as REFERENCE
from leaderboard_etl.target.opening import open_published


def main(arguments: list[str] | None = None) -> int:
    """Writes policy tables anew; returns 0, or 2 if an option, a file or the warehouse is not what it should be."""
    try:
        options = _parser().parse_args(arguments)
        options.do(options)
    except (EtlError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard_etl.importers", description=__doc__)
    importers = parser.add_subparsers(dest="importer", required=True)
    helm = importers.add_parser("helm-models", help="HELM's model metadata to policy/reference_models.csv")
    helm.set_defaults(do=_helm_models)
    helm.add_argument("file", type=Path, help="HELM's model_metadata.yaml")
    helm.add_argument("--release", required=True, help="the tag of HELM's release that the file is from")
    _add_warehouse(helm)
    epoch = importers.add_parser(
        EPOCH, help="Epoch AI's tables to policy/epoch_runs.csv, reference_models.csv and reference_review.csv"
    )
    epoch.set_defaults(do=_epoch)
    epoch.add_argument("folder", type=Path, help="folder with the CSV tables of Epoch AI's data on benchmarking")
    prices = importers.add_parser("prices", help="a list of prices of tokens to policy/prices.csv")
    prices.set_defaults(do=_prices)
    prices.add_argument("list", choices=sorted(LISTS), help="which list")
    prices.add_argument("folder", type=Path, help="a checkout of the list's repository")
    prices.add_argument("--commit", required=True, help="the commit of the checkout")
    prices.add_argument("--on", required=True, type=named_day, help=f"the day of the commit: {FORMS}")
    _add_warehouse(prices)
    return parser


def _add_warehouse(importer: argparse.ArgumentParser) -> None:
    importer.add_argument(
        "-w",
        "--warehouse",
        type=Path,
        default=Path("warehouse"),
        help="a published warehouse, for the models that other sources have",
    )


def _helm_models(options: argparse.Namespace) -> None:
    models_elsewhere = _models_elsewhere(Warehouse(options.warehouse))
    imported = import_models(options.file.read_bytes(), options.release, read_policy(), models_elsewhere)
    _write("reference_models", imported.table)
    print(f"{imported.n_rows} rows come from HELM; left out:", *imported.left_out, sep="\n  ")


def _epoch(options: argparse.Namespace) -> None:
    files = {path.name: path.read_bytes() for path in sorted(options.folder.glob("*.csv"))}
    imported = import_runs(files, read_policy())
    _write(TABLE, imported.runs)
    _write("reference_models", imported.models)
    _write("reference_review", imported.review)
    print(
        f"{imported.runs.height} runs and {imported.n_models} models come from Epoch AI; left out:",
        *imported.left_out,
        sep="\n  ",
    )


def list_files(folder: Path) -> dict[str, bytes]:
    """The files of a list of prices by their paths in its checkout; models.dev has links to files that are gone."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".json", ".toml") and path.is_file()
    }


def _prices(options: argparse.Namespace) -> None:
    with closing(open_published(Warehouse(options.warehouse))) as con:
        ids = con.execute("select model_id from core.models where contains(model_id, '/')").fetchall()
    models_elsewhere = {model_id for (model_id,) in ids}
    imported = import_prices(
        options.list, list_files(options.folder), options.commit, options.on, read_policy(), models_elsewhere
    )
    _write("prices", imported.table)
    print(
        f"{imported.n_rows} prices come from this edition; lines without a known model:", *imported.left_out, sep="\n  "
    )


def _write(name: str, table: pl.DataFrame) -> None:
    (POLICY / f"{name}.csv").write_text(table.write_csv(), encoding="utf-8")


def _models_elsewhere(warehouse: Warehouse) -> set[str]:
    """The models that another source has, in lower case."""
    with closing(open_published(warehouse)) as con:
        rows = con.execute(
            "select distinct lower(model_id) from core.model_aliases where source_id not in (?, ?)",
            [SOURCE_ID, REFERENCE],
        ).fetchall()
    return {name for (name,) in rows}


if __name__ == "__main__":
    sys.exit(main())
