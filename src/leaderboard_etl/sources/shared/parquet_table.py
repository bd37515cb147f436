"""Tables published as parquet: some rows of a file that may hold a million, with columns that are known by name and type."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.shared.values import is_lfs_pointer

Kind = Literal["text", "number", "day"]
_ROWS_AT_ONCE = 65_536
# Twenty times what the largest table holds; a small file can state any number.
_MOST_ROWS, _MOST_BYTES = 20_000_000, 4 << 30
_DTYPES: dict[Kind, pl.DataType] = {"text": pl.String(), "number": pl.Float64(), "day": pl.Date()}


def read_parquet_rows(file: SourceFile, columns: Mapping[str, Kind], keep: pl.Expr) -> pl.DataFrame:
    """The rows of a landed parquet file for which `keep` holds, with `row`, the number in the file from 0, and its columns: text
    without outer blanks, numbers as Float64, days as dates; null where a cell is blank, NaN or not of its kind.

    Raises SourceError for bytes that are not parquet, ContractError if the columns, in any order, are not exactly these.
    """
    # The import takes a while, which a run without news saves.
    import pyarrow as pa
    import pyarrow.parquet as pq

    if is_lfs_pointer(file.content):
        raise SourceError(f"{file.where} is a git-LFS pointer instead of the table; the last good one stays in force")
    try:
        parquet = pq.ParquetFile(io.BytesIO(file.content))
        _expect_columns(file, parquet.schema_arrow, columns)
        _expect_size(file, parquet.metadata)
        batches, begin = [_empty(columns).filter(keep)], 0
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns)):
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            rows = frame.select(_cell(name, kind, frame[name].dtype) for name, kind in columns.items())
            batches.append(rows.with_row_index("row", begin).cast({"row": pl.Int64}).filter(keep))
            begin += frame.height
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = [*str(error).strip().splitlines(), type(error).__name__][0]
        raise SourceError(
            f"{file.where} cannot be read as a parquet table: {reason[:200]}; the last good one stays in force"
        ) from error
    return pl.concat(batches)


def _expect_columns(file: SourceFile, schema: Any, columns: Mapping[str, Kind]) -> None:
    has = dict(zip(schema.names, schema.types, strict=True))
    problems = [f"{name!r} ({kind}) is missing" for name, kind in columns.items() if name not in has]
    problems += [f"{name!r} is new" for name in has if name not in columns]
    problems += [f"{name!r} occurs twice" for name in has if schema.names.count(name) > 1]
    problems += [
        f"{name!r} should be {kind} and is {has[name]}"
        for name, kind in columns.items()
        if name in has and not _fits(has[name], kind)
    ]
    if problems:
        header = ", ".join(f"{name} {dtype}" for name, dtype in has.items())
        raise ContractError(
            f"{file.where}: its columns match no known era: {'; '.join(problems)[:300]}. It would be misread, so the"
            f" last good table stays in force. Its header: {header[:400]}"
        )


def _fits(dtype: Any, kind: Kind) -> bool:
    from pyarrow import types

    is_text = types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype)
    fits = {
        "text": is_text,
        "number": types.is_floating(dtype) or types.is_integer(dtype),
        "day": is_text or types.is_date(dtype),
    }
    # A column of nulls has no type.
    return bool(fits[kind] or types.is_null(dtype))


def _expect_size(file: SourceFile, metadata: Any) -> None:
    n_bytes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if not (0 <= metadata.num_rows <= _MOST_ROWS and 0 <= n_bytes <= _MOST_BYTES):
        raise SourceError(
            f"{file.where} says that it holds {metadata.num_rows:,} rows and {n_bytes:,} bytes, more than any table has;"
            " the last good one stays in force"
        )


def _empty(columns: Mapping[str, Kind]) -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64(), **{name: _DTYPES[kind] for name, kind in columns.items()}})


def _cell(name: str, kind: Kind, dtype: pl.DataType) -> pl.Expr:
    """A column in the type of its kind."""
    column = pl.col(name)
    if kind == "number":
        number = column.cast(pl.Float64)
        return pl.when(number.is_not_nan()).then(number).alias(name)
    if dtype == pl.String:
        column = column.str.strip_chars().replace("", None)
    if kind == "text":
        return column.cast(pl.String)
    return column.str.to_date("%Y-%m-%d", strict=False) if dtype == pl.String else column.cast(pl.Date)
