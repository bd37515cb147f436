"""What the leaderboards' tables share: bytes to one canonical frame, whatever the era of their columns.

policy/column_eras.csv maps every known set of published columns to canonical ones. A file that no era explains is not
loaded. Whether a published flag means what its name says is not taken on trust: sentinels, models of which the truth
is known, decide for each file (policy/flag_sentinels.csv).
"""

from __future__ import annotations

import difflib
import os
import tempfile
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import polars as pl

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile, place_columns, stage

FLAGS = ("is_merge", "is_moe", "is_flagged", "is_available")
_TUNING = {
    "pretrained": "base",
    "continuously pretrained": "base",
    "fine-tuned on domain-specific datasets": "instruct",
    "chat models (RLHF, DPO, IFT, ...)": "instruct",
    "chatmodels": "instruct",
    "finetuned": "instruct",
    "fine-tuned": "instruct",
    "continuously": "base",
}
_LINK = r'^<a target="_blank" href="[^"<>]*"[^<>]*>([^<>]*)</a>(\s*<a [^<>]*>[^<>]*</a>)?$'
_PACKED = ("4bit", "8bit", "GPTQ")


@dataclass(frozen=True)
class Table:
    """One file in canonical columns: `rows` has a `row` number, canonical names, and text where a cell was text;
    `published` gives the published name of each canonical column; `decimals` how many the scores were published with."""

    rows: pl.DataFrame
    era: str
    published: dict[str, str]
    decimals: int
    drift: list[Drift]


def read_table(source_id: str, file: SourceFile, policy: Policy) -> Table:
    """A landed table in the canonical columns of its era.

    Raises SourceError for bytes that are no table, ContractError for columns or types that no known era has.
    """
    frame = _decode(file)
    eras = policy.frame("column_eras").filter(pl.col("source_id") == source_id)
    era, drift = _match_era(source_id, file, frame, eras)
    contract = eras.filter((pl.col("era") == era) & (pl.col("canonical_column") != "ignored"))
    columns = [pl.int_range(pl.len(), dtype=pl.Int64).alias("row")]
    published = {}
    for name, canonical, kind in contract.select("published_column", "canonical_column", "kind").iter_rows():
        columns.append(_typed(frame, name, kind).alias(canonical))
        published[canonical] = name
    decimals = int(contract["decimals"].drop_nulls().cast(pl.Int64).max() or 15)  # type: ignore[arg-type]
    rows = _named(frame.select(columns))
    for flag in FLAGS:
        if flag in rows.columns:
            rows, findings = _prove_polarity(source_id, rows, flag, policy.frame("flag_sentinels"))
            drift = [*drift, *findings]
    return Table(rows, era, published, decimals, drift)


def staged_rows(source_id: str, file: SourceFile, table: Table) -> pl.DataFrame:
    """The canonical rows with the columns that every staged frame of a table has: source, name, precision, place."""
    return table.rows.with_columns(
        pl.lit(source_id).alias("source_id"),
        _text("precision").fill_null("unknown").alias("precision"),
        *place_columns(file.version),
    )


def score_rows(rows: pl.DataFrame, table: Table, unit: str) -> pl.DataFrame:
    """One staged score per row and benchmark column; a null cell is a score that was not published, so no row."""
    parts = []
    for canonical, name in table.published.items():
        if not canonical.startswith("raw:"):
            continue
        variant_id = canonical.removeprefix("raw:")
        norm = f"norm:{variant_id}"
        parts.append(
            rows.filter(pl.col(canonical).is_not_null()).with_columns(
                pl.lit(variant_id).alias("variant_id"),
                _flag_text(rows, "has_chat_template"),
                pl.lit("n/a").alias("run_id"),
                pl.col(canonical).alias("score_raw"),
                pl.lit(unit).alias("score_unit"),
                (pl.col(norm) if norm in rows.columns else pl.lit(None, pl.Float64)).alias("score_norm_published_pct"),
                pl.lit("leaderboard").alias("reported_by"),
                pl.lit(True).alias("is_verified"),
                pl.col("submitted_on").alias("evaluated_on"),
                pl.format("row {}, {}", "row", pl.lit(name)).alias("locator"),
            )
        )
    return stage("scores", pl.concat(parts))


def model_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """One staged model statement per table row."""
    name = pl.col("source_name")
    base = _column(rows, "base_model").str.strip_suffix(" (Merge)").str.strip_chars()
    base = pl.when((base == "Removed") | (base == name) | (base == "")).then(None).otherwise(base)
    says_merge = _column(rows, "base_model").str.ends_with(" (Merge)")
    kind = _column(rows, "model_type").str.replace(r"^[^A-Za-z]+", "").str.strip_chars()
    kind = pl.when(kind == "").then(None).otherwise(kind)
    architecture = _text("architecture")
    unknown = architecture.is_in(["?", "Unknown"]) | architecture.str.contains(";", literal=True)
    return stage(
        "models",
        rows.with_columns(
            name.alias("hub_id"),
            pl.when(name.str.contains("/")).then(name.str.split("/").list.first()).alias("organization"),
            _text("model_sha").alias("model_sha"),
            kind.alias("model_type"),
            pl.when(kind.is_not_null()).then(kind.replace_strict(_TUNING, default="other")).alias("tuning"),
            _text("weight_type").alias("weight_type"),
            pl.when(~unknown).then(architecture).alias("architecture"),
            _text("license_text").alias("license_text"),
            base.alias("base_model_text"),
            # The suffix stands on most, not all, merges: it can affirm what the flag leaves open, never deny.
            pl.coalesce(_flag(rows, "is_merge"), pl.when(says_merge).then(True)).alias("is_merge"),
            _flag(rows, "is_moe").alias("is_moe"),
            _flag(rows, "is_flagged").alias("is_flagged"),
            _flag(rows, "is_official").alias("is_official"),
            _flag(rows, "is_available").alias("is_available"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


def size_rows(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """One staged parameter claim per table row; the table's 0 and -1 mean that it does not know."""
    billions = pl.col("params_b").cast(pl.Float64)
    is_known = billions.is_finite() & (billions > 0)
    is_whole = (pl.col("params_b").drop_nulls() % 1 == 0).all()
    refused = pl.format("the table says {}", billions.cast(pl.String).fill_null("nothing"))
    doubt = (
        pl.when(pl.col("precision").is_in(_PACKED))
        .then(pl.lit("may count packed weights of a quantised model"))
        .when(is_whole)
        .then(pl.lit("the table holds whole billions"))
    )
    return stage(
        "parameter_claims",
        rows.with_columns(
            pl.lit("total").alias("kind"),
            pl.lit("leaderboard").alias("method"),
            pl.when(is_known).then((billions * 1e9).round(0)).cast(pl.Int64, strict=False).alias("params"),
            pl.when(is_known).then(doubt).otherwise(refused).alias("reason"),
            pl.format("row {}, {}", "row", pl.lit(table.published["params_b"])).alias("locator"),
        ),
    )


def parsed_table(source_id: str, file: SourceFile, policy: Policy, unit: str) -> Parsed:
    """Everything that one table says."""
    table = read_table(source_id, file, policy)
    rows = staged_rows(source_id, file, table)
    return Parsed(
        scores=score_rows(rows, table, unit),
        models=model_rows(rows),
        parameter_claims=size_rows(rows, table),
        source_rows=rows.height,
        drift=table.drift,
    )


def is_table(path: str) -> bool:
    """Whether a repository's file is one of its table's: data/*.parquet, or a CSV of the same."""
    return path.endswith((".parquet", ".csv")) and path.count("/") <= 1


def _decode(file: SourceFile) -> pl.DataFrame:
    """The landed bytes through `datasets`, from a scratch folder: no network, no cache that could answer instead."""
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    from datasets import Dataset, DownloadConfig, disable_progress_bars, load_dataset
    from datasets.exceptions import DatasetGenerationError
    from datasets.utils import logging

    disable_progress_bars()
    logging.set_verbosity(logging.CRITICAL)
    kind = "csv" if file.version.path.endswith(".csv") else "parquet"
    with tempfile.TemporaryDirectory(prefix="leaderboard-etl-") as scratch:
        path = Path(scratch) / f"table.{kind}"
        path.write_bytes(file.content)
        try:
            dataset = load_dataset(
                kind,
                data_files=str(path),
                split="train",
                cache_dir=str(Path(scratch) / "cache"),
                keep_in_memory=True,
                download_config=DownloadConfig(local_files_only=True),
            )
            assert isinstance(dataset, Dataset)
            frame = pl.from_arrow(dataset.data.table)
        except (DatasetGenerationError, OSError, ValueError, pl.exceptions.PolarsError, UnicodeError) as error:
            cause = error.__cause__ or error
            raise SourceError(
                f"{file.version.path} of {file.version.repo_id} at {file.version.revision[:12]} is no {kind} table:"
                f" {str(cause).splitlines()[0][:200] if str(cause) else type(cause).__name__}"
            ) from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def _match_era(source_id: str, file: SourceFile, frame: pl.DataFrame, eras: pl.DataFrame) -> tuple[str, list[Drift]]:
    """The era whose columns the file has, and what it has beyond them. Raises ContractError if there is none."""
    has = set(frame.columns)
    distance = (
        eras.group_by("era", maintain_order=True)
        .agg(pl.col("published_column"), pl.col("kind"))
        .with_columns(
            pl.col("published_column").list.eval(~pl.element().is_in(list(has))).list.sum().alias("n_absent"),
            pl.col("published_column").list.eval(pl.element().is_in(list(has))).list.sum().alias("n_present"),
        )
        .sort("n_absent", "n_present", descending=[False, True])
    )
    nearest = distance.row(0, named=True)
    absent = [name for name in nearest["published_column"] if name not in has]
    extra = sorted(has - set(nearest["published_column"]))
    problems = [_absent(name, extra) for name in absent]
    for name, kind in zip(nearest["published_column"], nearest["kind"], strict=True):
        if name in has and not _fits(frame[name], kind):
            problems.append(f"{name!r} should be {kind} and is {frame[name].dtype}")
    if problems:
        where = f"{file.version.path} of {file.version.repo_id} at {file.version.revision[:12]}"
        raise ContractError(
            f"{where}: its columns are those of no known era; nearest is {nearest['era']!r}, but {'; '.join(problems)}."
            " Loading it would misread it: add the era to policy/column_eras.csv"
        )
    message = f"columns that era {nearest['era']!r} does not have, not loaded: {', '.join(map(repr, extra))}"
    return nearest["era"], [Drift(source_id, "unknown_columns", "columns", message)] if extra else []


def _absent(name: str, extra: list[str]) -> str:
    near = difflib.get_close_matches(name, extra, n=1, cutoff=0.6)
    return f"{name!r} is missing" + (f" (renamed to {near[0]!r}?)" if near else "")


def _fits(column: pl.Series, kind: str) -> bool:
    dtype = column.dtype
    if dtype == pl.Null or column.null_count() == len(column):
        return True
    if kind == "number":
        return dtype.is_numeric()
    if kind == "flag":
        return dtype == pl.Boolean or (
            dtype == pl.String and column.drop_nulls().str.to_lowercase().is_in(["true", "false", ""]).all()
        )
    if kind == "date":
        return dtype == pl.String or dtype.is_temporal()
    return dtype == pl.String


def _typed(frame: pl.DataFrame, name: str, kind: str) -> pl.Expr:
    column = pl.col(name)
    if kind == "number":
        return column.cast(pl.Float64)
    if kind == "flag":
        return column if frame[name].dtype == pl.Boolean else column.cast(pl.String).str.to_lowercase() == "true"
    if kind == "date":
        # Both `2024-05-05T12:22:44Z` and `2023-09-15T11:25:37.918274` begin with the day.
        return column.cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return column.cast(pl.String)


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `source_name`: the full name, else the Model cell without its links."""
    cell = pl.col("model_cell") if "model_cell" in rows.columns else pl.lit(None, pl.String)
    bare = pl.when(cell.str.contains(_LINK)).then(cell.str.extract(_LINK, 1)).otherwise(cell)
    full = pl.col("fullname") if "fullname" in rows.columns else pl.lit(None, pl.String)
    return rows.with_columns(pl.coalesce(full, bare).str.strip_chars().alias("source_name"))


def _prove_polarity(
    source_id: str, rows: pl.DataFrame, flag: str, sentinels: pl.DataFrame
) -> tuple[pl.DataFrame, list[Drift]]:
    """`flag` straightened by what is known of some models; null for all where that proves nothing."""
    known = sentinels.filter((pl.col("source_id") == source_id) & (pl.col("flag") == flag)).select(
        "source_name", (pl.col("expected") == "true").alias("expected")
    )
    seen = rows.select("source_name", flag).drop_nulls().join(known, on="source_name")
    votes = (seen[flag] == seen["expected"]).to_list()
    stated = rows[flag].drop_nulls()
    if len(stated) == 0:
        return rows, []
    if flag != "is_available":
        # Few models are merges, mixtures or flagged: what most rows say is 'no'.
        votes.append(int(stated.sum() or 0) * 2 < len(stated))
    if votes and len(seen) and all(votes):
        return rows, []
    if votes and len(seen) and not any(votes):
        return rows.with_columns(~pl.col(flag)), []
    against = seen.filter(pl.col(flag) != pl.col("expected"))["source_name"].to_list()
    why = f"{len(votes) - sum(votes)} of {len(votes)} signs say inverted ({', '.join(against[:3])})" if votes else "no sign"
    message = f"whether the column means yes or no cannot be proved ({why}): null for all rows"
    return rows.with_columns(pl.lit(None, pl.Boolean).alias(flag)), [Drift(source_id, "flag_polarity", flag, message)]


def _column(rows: pl.DataFrame, name: str) -> pl.Expr:
    return _text(name) if name in rows.columns else pl.lit(None, pl.String)


def _text(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _flag(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, pl.Boolean)


def _flag_text(rows: pl.DataFrame, name: str) -> pl.Expr:
    flag = _flag(rows, name)
    return (
        reduce(lambda expr, pair: expr.when(pair[0]).then(pl.lit(pair[1])), [(~flag, "false")], pl.when(flag).then(pl.lit("true")))
        .otherwise(pl.lit("unknown"))
        .alias(name)
    )
