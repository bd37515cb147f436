"""Ratings of the Arena's text board, by day: open and proprietary models that people compared with each other, since May 2023.

`latest` holds the newest day of each board and is replaced each night; `full` holds every day so far. `full` is read once, for
the past: later versions add nothing, because what was read of a day stays. Only the board as a whole is read, not its parts by
topic and language. A rating is not a share of a maximum: it says how often people prefer a model to others of its day. The
dataset omits models that the Arena no longer lists, on all days, and renames some models: policy/model_aliases.csv has both
names, policy/rating_series.csv the days from which ratings are made in another way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame, place_columns
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.parquet_table import Kind, read_parquet_rows
from leaderboard_etl.sources.shared.settings import NO_SETTING, stated_setting

SOURCE_ID = "arena_ratings"
BOARD, _CATEGORY = "text", "overall"
_FILE = re.compile(rf"{BOARD}/(latest|full)-[0-9]{{5}}-of-[0-9]{{5}}\.parquet")
COLUMNS: dict[str, Kind] = {
    "model_name": "text",
    "organization": "text",
    "license": "text",
    "rating": "number",
    "rating_lower": "number",
    "rating_upper": "number",
    "variance": "number",
    "vote_count": "number",
    "rank": "number",
    "category": "text",
    "leaderboard_publish_date": "day",
}
_SAYS_NOTHING = ("-", "n/a", "other", "unknown")


def wants(path: str) -> bool:
    """Whether a file of the dataset is the newest day or the whole past of the text board."""
    return _FILE.fullmatch(path) is not None


def is_past(path: str) -> bool:
    """Whether a file holds the past, which is read once."""
    match = _FILE.fullmatch(path)
    return match is not None and match[1] == "full"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every rating of the board as a whole. Raises SourceError for bytes that are not parquet, ContractError for unknown
    columns."""
    return concat([_parse_file(file) for file in files])


def _parse_file(file: SourceFile) -> Parsed:
    rows = read_parquet_rows(file, COLUMNS, pl.col("category") == _CATEGORY)
    rows = rows.with_columns(
        pl.lit(SOURCE_ID).alias("source_id"),
        *place_columns(file.version),
        pl.col("model_name").alias("source_name"),
        pl.format("row {}", "row").alias("locator"),
    )
    return Parsed(ratings=_ratings(rows), source_rows=rows.height)


def _ratings(rows: pl.DataFrame) -> pl.DataFrame:
    license_text = pl.col("license")
    return parsed_frame(
        "ratings",
        rows.with_columns(
            pl.lit(BOARD).alias("board"),
            pl.col("leaderboard_publish_date").alias("published_on"),
            pl.col("source_name")
            .map_elements(lambda name: stated_setting(name) or NO_SETTING, return_dtype=pl.String)
            .fill_null(NO_SETTING)
            .alias("setting"),
            pl.col("vote_count").round().cast(pl.Int64, strict=False).alias("n_votes"),
            pl.when(~license_text.str.to_lowercase().is_in(_SAYS_NOTHING)).then(license_text).alias("license_text"),
        ),
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Daily ratings of the Arena's text board, with interval, votes, organization and licence",
    repo_type="dataset",
    repo_id="lmarena-ai/leaderboard-dataset",
    wants=wants,
    parse=parse,
    is_fetched_once=is_past,
    has_dated_past=True,
    names="own",
    names_as="arena",
    reported_by=(),
    left_out="boards of other tasks (`vision`, `webdev`, `search`, `agent` …); `text_style_control`; categories of the text board"
    " (topics, languages); `variance` and `rank`",
    left_out_because="the project is about language models as a whole; one board is one series; variance and rank follow from"
    " interval and ratings",
    works=(
        Work(
            "Chiang et al., Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference (2024), arXiv:2403.04132;"
            " Arena Leaderboard Dataset (2026)",
            "CC-BY-4.0",
            "https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset",
            "CC-BY-4.0",
        ),
    ),
)
