"""Reads the leaderboards' tables: from bytes to one canonical frame, for any era of their columns.

policy/column_eras.csv maps every known set of published columns to canonical ones. A file that no era explains is not
loaded. Sentinels, models with known flags (policy/flag_sentinels.csv), decide whether a published flag means what its name
says: for all files of a table together, because of several only one may have the sentinels.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import SourceFile, place_columns
from leaderboard_etl.termination import scratch_folder

# A parquet file of a few kB may hold millions of equal rows, which would take the memory of the whole night. The largest of
# the leaderboards' tables has under ten thousand.
MOST_ROWS = 200_000
PROVABLE_FLAGS = ("is_merge", "is_moe", "is_flagged", "is_available")
_OPENING = r'<a\s[^<>]*href="[^"<>]*"[^<>]*>'
_LINK = rf"^\s*{_OPENING}([^<>]*)</a>(?:\s*{_OPENING}[^<>]*</a>)?\s*$"
# `2024-05-05`, `2024-05-05T12:22:44Z`, `2023-09-15T11:25:37.918274`
_DATE = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?\s*$"


@dataclass(frozen=True)
class LeaderboardTable:
    """One file in canonical columns. `rows` has `row` (its number in the file, from 0), `source_name`, the canonical
    columns of its era (a blank text is null), and the columns that every staged frame needs. `published` gives the
    published name of each canonical column, `decimals` to how many places its numbers were rounded; absent: not rounded."""

    rows: pl.DataFrame
    era: str
    published: dict[str, str]
    decimals: dict[str, int]
    drift: list[Drift]

    def column(self, name: str, dtype: type[pl.DataType]) -> pl.Expr:
        """A canonical column; null if the era does not publish it."""
        return pl.col(name) if name in self.rows.columns else pl.lit(None, dtype)


def is_table(path: str) -> bool:
    """Whether a repository's file belongs to its table: data/*.parquet, or the same as CSV."""
    return path.endswith((".parquet", ".csv")) and path.count("/") <= 1


def read_tables(source_id: str, files: Sequence[SourceFile], policy: Policy) -> list[LeaderboardTable]:
    """The landed files of one table in the canonical columns of their eras.

    Raises SourceError for bytes that are not a table, ContractError for columns or types that no known era has.
    """
    tables = [_read_file(source_id, file, policy) for file in files]
    for era in dict.fromkeys(table.era for table in tables):
        of_era = [place for place, table in enumerate(tables) if table.era == era]
        proved = _with_proved_flags(source_id, [tables[place] for place in of_era], policy.frame("flag_sentinels"))
        for place, table in zip(of_era, proved, strict=True):
            tables[place] = table
    return tables


def _read_file(source_id: str, file: SourceFile, policy: Policy) -> LeaderboardTable:
    """One file, its flags as published."""
    frame = _decode(file)
    eras = policy.frame("column_eras").filter(pl.col("source_id") == source_id)
    era, drift = _match_era(source_id, file, frame, eras)
    stored = eras.filter((pl.col("era") == era) & (pl.col("kind") != "ignored"))
    cells = [
        _cells(frame[name], kind).alias(canonical)
        for name, canonical, kind in stored.select("published_column", "canonical_column", "kind").iter_rows()
    ]
    published = dict(stored.select("canonical_column", "published_column").iter_rows())
    drift += _unread_dates(source_id, frame, cells, published)
    rows = _with_staged_columns(source_id, file, pl.DataFrame(cells))
    rounded = stored.filter(pl.col("decimals").is_not_null())
    decimals = dict(rounded.select("canonical_column", pl.col("decimals").cast(pl.Int64)).iter_rows())
    return LeaderboardTable(rows, era, published, decimals, drift)


def _decode(file: SourceFile) -> pl.DataFrame:
    """Reads the landed bytes with `datasets`, from a scratch folder: no network, and no cache that could answer instead."""
    # The import takes a second, which a run without news saves.
    from datasets import DownloadConfig, config, disable_progress_bars, load_dataset
    from datasets.utils import logging

    disable_progress_bars()
    logging.set_verbosity(logging.CRITICAL)
    config.HF_UPDATE_DOWNLOAD_COUNTS = False  # otherwise every read of a local file is reported to a server
    kind = "csv" if file.version.path.endswith(".csv") else "parquet"
    if kind == "parquet":
        _expect_few_rows(file)
    with scratch_folder() as scratch:
        path, cache = scratch / f"table.{kind}", scratch / "cache"
        path.write_bytes(file.content)
        try:
            dataset = load_dataset(
                kind,
                data_files=str(path),
                split="train",
                cache_dir=str(cache),
                keep_in_memory=True,
                download_config=DownloadConfig(cache_dir=str(cache), local_files_only=True),
            )
            frame = pl.from_arrow(dataset.data.table)
        except Exception as error:  # bytes from outside: the decoders may raise anything
            cause = error.__cause__ or error
            reason = [*str(cause).strip().splitlines(), type(cause).__name__][0]
            raise SourceError(
                f"{file.where} cannot be read as a {kind} table: {reason[:200]}; the last good one stays in force"
            ) from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def _expect_few_rows(file: SourceFile) -> None:
    """Raises SourceError for a parquet file that says that it has more than MOST_ROWS rows."""
    import pyarrow as pa
    from pyarrow.parquet import read_metadata

    try:
        n_rows = read_metadata(pa.BufferReader(file.content)).num_rows
    except (pa.ArrowException, OSError):
        return  # the decoder says why
    if n_rows > MOST_ROWS:
        raise SourceError(
            f"{file.where} has {n_rows:,} rows, over the limit of {MOST_ROWS:,}; the last good one stays in force"
        )


def _match_era(source_id: str, file: SourceFile, frame: pl.DataFrame, eras: pl.DataFrame) -> tuple[str, list[Drift]]:
    """The era whose columns the file has, and differences in columns that are not stored.

    Raises ContractError if a stored column is absent or has another type.
    """
    has = set(frame.columns)
    kinds: dict[str, dict[str, str]] = {}
    for era, name, kind in eras.select("era", "published_column", "kind").iter_rows():
        kinds.setdefault(era, {})[name] = kind
    nearest = min(kinds, key=lambda era: len(has ^ kinds[era].keys()))
    era_columns = kinds[nearest]
    extra = sorted(has - era_columns.keys())
    problems: list[str] = []
    unstored: list[str] = []
    for name, kind in era_columns.items():
        if name not in has:
            (unstored if kind == "ignored" else problems).append(_absent(name, kind, extra))
        elif not _fits(frame[name], kind):
            problems.append(f"{name!r} should be {kind} and is {frame[name].dtype}")
    if problems:
        raise ContractError(
            f"{file.where}: its columns match no known era; the nearest is {nearest!r}, but {'; '.join(problems)}."
            " It would be misread, so the last good table stays in force: add the era to policy/column_eras.csv"
        )
    drift = []
    if extra:
        message = f"columns that era {nearest!r} does not have, not loaded: {', '.join(map(repr, extra))}"
        drift.append(Drift(source_id, "unknown_columns", "columns", message))
    if unstored:
        message = f"columns of era {nearest!r} that are not stored: {'; '.join(unstored)}; all others were loaded"
        drift.append(Drift(source_id, "missing_columns", "columns", message))
    return nearest, drift


def _absent(name: str, kind: str, extra: list[str]) -> str:
    near = difflib.get_close_matches(name, extra, n=1, cutoff=0.6)
    return f"{name!r} ({kind}) is missing" + (f" (renamed to {near[0]!r}?)" if near else "")


def _fits(column: pl.Series, kind: str) -> bool:
    dtype = column.dtype
    if kind == "ignored" or column.null_count() == len(column):
        return True
    if kind == "number":
        return dtype.is_numeric()
    if kind == "flag" and dtype == pl.String:
        return bool(column.drop_nulls().str.to_lowercase().is_in(["true", "false", ""]).all())
    if kind == "flag":
        return dtype == pl.Boolean
    return dtype == pl.String or (kind == "date" and isinstance(dtype, pl.Date | pl.Datetime))


def _cells(column: pl.Series, kind: str) -> pl.Series:
    """A column in the type of its kind: Float64, Boolean, Date or String; a blank text is null."""
    dtypes = {"number": pl.Float64, "flag": pl.Boolean, "date": pl.Date, "text": pl.String}
    if column.null_count() == len(column):
        return pl.Series(column.name, [None] * len(column), dtypes[kind])
    if column.dtype != pl.String:
        return column.cast(dtypes[kind])
    text = column.str.strip_chars().replace("", None)
    if kind == "flag":
        return text.str.to_lowercase() == "true"
    if kind == "date":
        dates = text.str.extract(_DATE, 1).str.to_date("%Y-%m-%d", strict=False)
        # A date outside the leaderboards' years says nothing, and must not cost the row its licence and base.
        return dates.set(~dates.dt.year().is_between(2017, 2099).fill_null(True), None)
    return text


def _unread_dates(
    source_id: str, frame: pl.DataFrame, cells: list[pl.Series], published: dict[str, str]
) -> list[Drift]:
    findings = []
    for dates in (column for column in cells if column.dtype == pl.Date):
        name = published[dates.name]
        if frame[name].dtype != pl.String:
            continue
        unread = frame[name].filter((frame[name].str.strip_chars() != "") & dates.is_null())
        if len(unread):
            message = f"{len(unread)} cells are not dates and were read as empty, the first {unread[0][:80]!r}"
            findings.append(Drift(source_id, "unread_dates", name, message))
    return findings


def _with_staged_columns(source_id: str, file: SourceFile, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds row number, source, provenance and `source_name`: the full name, else the Model cell without its links."""
    names = []
    if "fullname" in rows.columns:
        names.append(pl.col("fullname"))
    if "model_cell" in rows.columns:
        cell = pl.col("model_cell")
        names.append(
            pl.when(cell.str.contains(_LINK)).then(cell.str.extract(_LINK, 1).str.strip_chars()).otherwise(cell)
        )
    return rows.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.lit(source_id).alias("source_id"),
        pl.coalesce(names).alias("source_name"),
        pl.col("precision").fill_null("unknown"),
        *place_columns(file.version),
    )


def _with_proved_flags(
    source_id: str, tables: Sequence[LeaderboardTable], sentinels: pl.DataFrame
) -> list[LeaderboardTable]:
    """The files of one era with each flag as its name says: inverted if the sentinels show that it is published so, null if they
    disagree or none of the files has one. What is found is told once, with the first file."""
    first, *others = tables
    for flag in PROVABLE_FLAGS:
        if flag not in first.rows.columns:
            continue
        flagged = pl.concat([table.rows.select("source_name", flag) for table in (first, *others)]).drop_nulls(flag)
        is_straight, findings = _polarity(source_id, flagged, flag, sentinels)
        proved = pl.col(flag) == is_straight if is_straight is not None else pl.lit(None, pl.Boolean)
        first, *others = [replace(t, rows=t.rows.with_columns(proved.alias(flag))) for t in (first, *others)]
        first = replace(first, drift=[*first.drift, *findings])
    return [first, *others]


def _polarity(
    source_id: str, flagged: pl.DataFrame, flag: str, sentinels: pl.DataFrame
) -> tuple[bool | None, list[Drift]]:
    """Whether true means yes, by the sentinels among the rows; null if they disagree or the rows have none."""
    if flagged.is_empty():
        return True, []
    of_table = sentinels.filter((pl.col("source_id") == source_id) & (pl.col("flag") == flag))
    votes = {
        name: value == (expected == "true")
        for name, value, expected in flagged.join(of_table.select("source_name", "expected"), on="source_name")
        .select("source_name", flag, "expected")
        .iter_rows()
    }
    n_true = int(flagged[flag].sum())
    if votes and flag != "is_available" and 2 * n_true != flagged.height:
        # Few models are merges, mixtures or flagged.
        votes["the share of true"] = 2 * n_true < flagged.height
    if votes and len(set(votes.values())) == 1:
        return next(iter(votes.values())), []
    against = [name for name, is_straight in votes.items() if not is_straight]
    why = (
        f"{len(against)} of {len(votes)} signs say that it is inverted: {', '.join(against[:3])}"
        if votes
        else "no sentinel"
    )
    message = f"it is not proved that true means yes ({why}): null for all rows; see policy/flag_sentinels.csv"
    return None, [Drift(source_id, "flag_polarity", flag, message)]
