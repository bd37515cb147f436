"""Reads the leaderboards' tables: from bytes of any era to canonical columns, and from those to scores, statements about
models, and sizes.

The flags of all files of a table are proved together, because of several files only one may have the sentinels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import polars as pl

from leaderboard_etl.errors import SourceError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile, parsed_frame, place_columns
from leaderboard_etl.sources.shared.csv_table import MOST_BILLIONS
from leaderboard_etl.sources.shared.leaderboard_table.columns import match_era, polarity
from leaderboard_etl.sources.shared.leaderboard_table.trial_runs import without_trial_runs
from leaderboard_etl.termination import scratch_folder

# A parquet file of a few kB may hold millions of equal rows, which would take the memory of the whole night. The largest of
# the leaderboards' tables has under ten thousand.
MOST_ROWS = 200_000
_PROVABLE_FLAGS = ("is_merge", "is_moe", "is_flagged", "is_available")
_OPENING = r'<a\s[^<>]*href="[^"<>]*"[^<>]*>'
_LINK = rf"^\s*{_OPENING}([^<>]*)</a>(?:\s*{_OPENING}[^<>]*</a>)?\s*$"
# `2024-05-05`, `2024-05-05T12:22:44Z`, `2023-09-15T11:25:37.918274`
_DATE = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?\s*$"
# The type of both leaderboards for merges of bases and of mixtures.
_MERGES = "base merges and moerges"
# The table's types without emoji and blanks; base merges, multimodal and others are neither base nor instruct.
_TUNING = {
    "pretrained": "base",
    "continuouslypretrained": "base",
    "fine-tunedondomain-specificdatasets": "instruct",
    "chatmodels": "instruct",
    "chatmodels(RLHF,DPO,IFT,...)": "instruct",
}
_PACKED = ("4bit", "8bit", "GPTQ")
# `datasets` breaks where two threads load at once: each takes away the lock of its progress bars as it ends.
_loading = Lock()


@dataclass(frozen=True)
class _CanonicalTable:
    """One file in canonical columns. `rows` has `row` (its number in the file, from 0), `source_name`, the canonical
    columns of its era (a blank text is null), and the columns that every parsed frame needs. `published` gives the
    published name of each canonical column, `decimals` to how many decimals its numbers were rounded; absent: not rounded."""

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


def read_table(source_id: str, files: Sequence[SourceFile], policy: Policy, unit: str) -> list[Parsed]:
    """All records of the landed files of one table, file by file; scores are in `unit`.

    Raises SourceError for bytes that are not a table, ContractError for columns or types that no known era has.
    """
    tables = [_read_file(source_id, file, policy) for file in files]
    for era in dict.fromkeys(table.era for table in tables):
        of_era = [number for number, table in enumerate(tables) if table.era == era]
        proved = _with_proved_flags(source_id, [tables[number] for number in of_era], policy.frame("flag_sentinels"))
        for number, table in zip(of_era, proved, strict=True):
            tables[number] = table
    return [_parsed(table, unit, policy) for table in tables]


def _parsed(table: _CanonicalTable, unit: str, policy: Policy) -> Parsed:
    decimals = {name.removeprefix("raw:"): n for name, n in table.decimals.items() if name.startswith("raw:")}
    scores, refused = without_trial_runs(_score_rows(table, unit), decimals, policy)
    return Parsed(
        scores=scores,
        models=_model_rows(table),
        parameter_claims=_size_rows(table),
        quarantine=refused,
        source_rows=table.rows.height,
        drift=table.drift,
    )


def _read_file(source_id: str, file: SourceFile, policy: Policy) -> _CanonicalTable:
    """One file, its flags as published."""
    frame = _decode(file)
    eras = policy.frame("column_eras").filter(pl.col("source_id") == source_id)
    era, drift = match_era(source_id, file, frame, eras)
    stored = eras.filter((pl.col("era") == era) & (pl.col("kind") != "ignored"))
    cells = [
        _cells(frame[name], kind).alias(canonical)
        for name, canonical, kind in stored.select("published_column", "canonical_column", "kind").iter_rows()
    ]
    published = dict(stored.select("canonical_column", "published_column").iter_rows())
    drift += _unread_dates(source_id, frame, cells, published)
    rows = _with_parsed_columns(source_id, file, pl.DataFrame(cells))
    rounded = stored.filter(pl.col("decimals").is_not_null())
    decimals = dict(rounded.select("canonical_column", pl.col("decimals").cast(pl.Int64)).iter_rows())
    return _CanonicalTable(rows, era, published, decimals, drift)


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
    with _loading, scratch_folder() as scratch:
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
    drift = []
    for dates in (column for column in cells if column.dtype == pl.Date):
        name = published[dates.name]
        if frame[name].dtype != pl.String:
            continue
        unread = frame[name].filter((frame[name].str.strip_chars() != "") & dates.is_null())
        if len(unread):
            message = f"{len(unread)} cells are not dates and were read as empty, the first {unread[0][:80]!r}"
            drift.append(Drift(source_id, "unread_dates", name, message))
    return drift


def _with_parsed_columns(source_id: str, file: SourceFile, rows: pl.DataFrame) -> pl.DataFrame:
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
    source_id: str, tables: Sequence[_CanonicalTable], sentinels: pl.DataFrame
) -> list[_CanonicalTable]:
    """The files of one era with each flag as its name says: inverted if the sentinels show that it is published so, null if they
    disagree or none of the files has one. What is found is told once, with the first file."""
    first, *others = tables
    for flag in _PROVABLE_FLAGS:
        if flag not in first.rows.columns:
            continue
        flagged = pl.concat([table.rows.select("source_name", flag) for table in (first, *others)]).drop_nulls(flag)
        is_straight, doubts = polarity(source_id, flagged, flag, sentinels)
        proved = pl.col(flag) == is_straight if is_straight is not None else pl.lit(None, pl.Boolean)
        first, *others = [replace(t, rows=t.rows.with_columns(proved.alias(flag))) for t in (first, *others)]
        first = replace(first, drift=[*first.drift, *doubts])
    return [first, *others]


def _score_rows(table: _CanonicalTable, unit: str) -> pl.DataFrame:
    """One parsed score per row and benchmark column. A null cell is an unpublished score and gives no row; NaN gives a
    row, which the rules refuse."""
    parts = []
    for canonical, name in table.published.items():
        if not canonical.startswith("raw:"):
            continue
        variant_id = canonical.removeprefix("raw:")
        parts.append(
            table.rows.filter(pl.col(canonical).is_not_null()).with_columns(
                pl.lit(variant_id).alias("variant_id"),
                table.column("has_chat_template", pl.Boolean).alias("has_chat_template"),
                pl.col(canonical).alias("score_raw"),
                pl.lit(unit).alias("score_unit"),
                table.column(f"norm:{variant_id}", pl.Float64).alias("score_norm_published_pct"),
                pl.lit("leaderboard").alias("reported_by"),
                pl.lit(True).alias("is_verified"),
                pl.col("submitted_on").alias("evaluated_on"),
                pl.format("row {}, {}", "row", pl.lit(name)).alias("locator"),
            )
        )
    return parsed_frame("scores", pl.concat(parts))


def _model_rows(table: _CanonicalTable) -> pl.DataFrame:
    """One parsed model statement per table row."""
    name = pl.col("source_name")
    base = table.column("base_model", pl.String)
    bare_base = base.str.strip_suffix("(Merge)").str.strip_chars()
    kind = pl.col("model_type").str.replace(r"^[^A-Za-z]+", "").str.strip_chars()
    kind = pl.when(kind != "").then(kind)
    tuning = kind.str.replace_all(r"\s", "").replace_strict(_TUNING, default="other")
    architecture = pl.col("architecture")
    is_unknown = architecture.is_in(["?", "Unknown"]) | architecture.str.contains(";", literal=True)
    return parsed_frame(
        "models",
        table.rows.with_columns(
            name.alias("hub_id"),
            pl.when(name.str.contains("/", literal=True)).then(name.str.split("/").list.first()).alias("organization"),
            kind.alias("model_type"),
            pl.when(kind.is_not_null()).then(tuning).alias("tuning"),
            pl.when(~is_unknown).then(architecture).alias("architecture"),
            pl.when(~bare_base.is_in(["Removed", ""]) & (bare_base != name)).then(bare_base).alias("base_model_text"),
            # The submitter chose the type, the card's tags set the flag: either says that it is a merge. Most merges have the
            # suffix, not all: it can affirm what both leave open, but not deny it.
            pl.coalesce(
                pl.when(kind == _MERGES).then(pl.lit(True)),
                table.column("is_merge", pl.Boolean),
                pl.when(base.str.ends_with("(Merge)")).then(pl.lit(True)),
            ).alias("is_merge"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


def _size_rows(table: _CanonicalTable) -> pl.DataFrame:
    """One parsed statement of the total per table row. 0 and -1 mean that the table does not know the size: params is null,
    and the reason says what the cell held."""
    billions = pl.col("params_b")
    is_size = (billions > 0) & (billions < MOST_BILLIONS)
    is_short = (billions % 1 == 0) & (billions.abs() < MOST_BILLIONS)
    cell_text = pl.coalesce(
        pl.when(is_short).then(billions.cast(pl.Int64, strict=False).cast(pl.String)),
        billions.cast(pl.String),
        pl.lit("nothing"),
    )
    is_rounded = pl.lit(table.decimals.get("params_b") == 0) & (billions % 1 == 0)
    doubts = pl.concat_str(
        pl.when(pl.col("precision").is_in(_PACKED)).then(pl.lit("may be the count of packed weights")),
        pl.when(is_rounded).then(pl.lit("whole billions")),
        separator="; ",
        ignore_nulls=True,
    )
    return parsed_frame(
        "parameter_claims",
        table.rows.with_columns(
            pl.lit("total").alias("kind"),
            # A table without decimals cut 2.78 down to 2: less than a name that says 2.7b.
            pl.when(is_rounded).then(pl.lit("leaderboard_whole")).otherwise(pl.lit("leaderboard")).alias("method"),
            pl.when(is_size).then((billions * 1e9).round()).cast(pl.Int64, strict=False).alias("params"),
            pl.when(is_size.fill_null(False))
            .then(pl.when(doubts != "").then(doubts))
            .otherwise(pl.format("the table says {}", cell_text))
            .alias("reason"),
            pl.format("row {}, {}", "row", pl.lit(table.published["params_b"])).alias("locator"),
        ),
    )
