"""The rows of a leaderboard's table in canonical columns: scores, statements about models, sizes."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.sources.base import Parsed, stage
from leaderboard_etl.sources.shared.csv_table import MOST_BILLIONS
from leaderboard_etl.sources.shared.leaderboard_table.table import LeaderboardTable

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


def parsed_table(table: LeaderboardTable, unit: str) -> Parsed:
    """All records of one table; scores are in `unit`."""
    return Parsed(
        scores=score_rows(table, unit),
        models=model_rows(table),
        parameter_claims=size_rows(table),
        source_rows=table.rows.height,
        drift=table.drift,
    )


def score_rows(table: LeaderboardTable, unit: str) -> pl.DataFrame:
    """One staged score per row and benchmark column. A null cell is an unpublished score and gives no row; NaN gives a
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
    return stage("scores", pl.concat(parts))


def model_rows(table: LeaderboardTable) -> pl.DataFrame:
    """One staged model statement per table row."""
    name = pl.col("source_name")
    base = table.column("base_model", pl.String)
    bare_base = base.str.strip_suffix("(Merge)").str.strip_chars()
    kind = pl.col("model_type").str.replace(r"^[^A-Za-z]+", "").str.strip_chars()
    kind = pl.when(kind != "").then(kind)
    tuning = kind.str.replace_all(r"\s", "").replace_strict(_TUNING, default="other")
    architecture = pl.col("architecture")
    is_unknown = architecture.is_in(["?", "Unknown"]) | architecture.str.contains(";", literal=True)
    return stage(
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


def size_rows(table: LeaderboardTable) -> pl.DataFrame:
    """One staged statement of the total per table row. 0 and -1 mean that the table does not know the size: params is null,
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
    return stage(
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
