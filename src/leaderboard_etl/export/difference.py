"""What changed between two snapshots: the rows of each table that only one of them has, and the cells that differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from leaderboard_etl.errors import UsageError, first_line
from leaderboard_etl.export.folder import read_manifest
from leaderboard_etl.export.tables import Export, exports_among

_NTH = "_nth"


@dataclass(frozen=True)
class TableDifference:
    """One table of two snapshots. `gone` and `new` are the keys of rows that only the earlier or only the later one has;
    `changed` has for each key that both have the columns that differ, each with its value before and after.

    `other_columns` are columns that only one of them has, which other code wrote; they are not compared. `only_in` is the folder
    that alone has the table; null: both have it.
    """

    table: str
    gone: list[dict[str, Any]]
    new: list[dict[str, Any]]
    changed: list[tuple[dict[str, Any], dict[str, tuple[Any, Any]]]]
    other_columns: tuple[str, ...] = ()
    only_in: str | None = None

    @property
    def is_none(self) -> bool:
        return not (self.gone or self.new or self.changed or self.other_columns or self.only_in)


def snapshot_difference(before: Path, after: Path) -> list[TableDifference]:
    """The difference of each table. Raises UsageError for a folder that is no snapshot, has no tables, or has a table
    that cannot be read."""
    names = []
    for folder in (before, after):
        manifest = read_manifest(folder)
        if "format" in manifest:
            raise UsageError(
                f"{folder} is of the format {manifest['format']} and has no tables: compare exports without --format"
            )
        names.append(set(manifest["files"]))
    differences = []
    for export in exports_among(names[0] | names[1]):
        holders = [export.parquet_name in of_folder for of_folder in names]
        if all(holders):
            differences.append(_difference(export, _table(before, export), _table(after, export)))
        else:
            only = str(before if holders[0] else after)
            differences.append(TableDifference(export.stem, [], [], [], only_in=only))
    return differences


def _difference(export: Export, before: pl.DataFrame, after: pl.DataFrame) -> TableDifference:
    common = [name for name in before.columns if name in after.columns]
    other_columns = tuple(sorted(set(before.columns) ^ set(after.columns)))
    # Without its key a row can only be there or not.
    key = list(export.key) if set(export.key) <= set(common) else common
    cells = [name for name in common if name not in key]
    # Rows that one key names are paired in their order.
    nth = pl.int_range(pl.len()).over(key).alias(_NTH)
    both = (
        before.select(*common, nth)
        .with_columns(pl.lit(True).alias("is_before"))
        .join(
            after.select(*common, nth).with_columns(pl.lit(True).alias("is_after")),
            on=[*key, _NTH],
            how="full",
            coalesce=True,
            nulls_equal=True,
            suffix=" after",
            maintain_order="right_left",
        )
    )
    is_in_both = both.filter(pl.col("is_before") & pl.col("is_after"))
    changed = []
    for row in is_in_both.iter_rows(named=True):
        values = {name: (row[name], row[f"{name} after"]) for name in cells if row[name] != row[f"{name} after"]}
        if values:
            changed.append(({name: row[name] for name in key}, values))
    return TableDifference(
        export.stem,
        gone=both.filter(pl.col("is_after").is_null()).select(key).to_dicts(),
        new=both.filter(pl.col("is_before").is_null()).select(key).to_dicts(),
        changed=changed,
        other_columns=other_columns,
    )


def _table(folder: Path, export: Export) -> pl.DataFrame:
    path = folder / export.parquet_name
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(
            f"{path} cannot be read ({first_line(error)[:200]}): `leaderboard-etl verify {folder}` says what is damaged"
        ) from error
