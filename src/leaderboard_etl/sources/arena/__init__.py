"""Chatbot Arena: the dated tables with MT-Bench and MMLU of open and proprietary models, 2023 to 2025.

One row of a table is one model by the Arena's own key. Tables of 2023 have no key: there the repository that the row links to
names the model, because display names moved on to newer versions; else the display name. Every table is kept, with its date as
the run, so a figure that twenty tables repeat is twenty scores. MMLU is a fraction and MT-bench runs from 1 to 10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import polars as pl

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame, refused_file
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.shared.csv_table import linked_repository, read_csv_table, split_numbers
from leaderboard_etl.sources.shared.values import is_lfs_pointer

SOURCE_ID = "arena"
_TABLE = re.compile(r"leaderboard_table_([0-9]{8})\.csv")
_COMMON = {"Model", "MT-bench (score)", "MMLU", "License", "Link"}
HEADERS = (
    frozenset(_COMMON | {"Arena Elo rating", "MT-bench (win rate %)"}),  # 2023-06-19
    frozenset(_COMMON | {"Arena Elo rating"}),  # 2023-07 to 2023-12
    frozenset(_COMMON | {"key", "Organization"}),  # January 2024
    frozenset(_COMMON | {"key", "Organization", "Knowledge cutoff date"}),  # since
)
_SCORES = {"MMLU": ("mmlu_arena", "fraction"), "MT-bench (score)": ("mt_bench_arena", "points_10")}
# The second is the Arena's own spelling in some rows.
_PROPRIETARY = ("proprietary", "propretary")
_SAYS_NOTHING = ("other",)


def wants(path: str) -> bool:
    """Whether a file of the space is one of the dated tables."""
    return _TABLE.fullmatch(path) is not None


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table. A file that is not a CSV, has an impossible date in its name or unknown columns is one
    quarantined record, so that it does not keep the other tables out."""
    return concat([_parse_file(file) for file in files])


def _parse_file(file: SourceFile) -> Parsed:
    try:
        run_on = _date_of(file)
    except ValueError as error:
        return refused_file(SOURCE_ID, file, "file|date", f"the name of the table does not hold a valid date: {error}")
    try:
        table = read_csv_table(SOURCE_ID, file, HEADERS)
    except ContractError as error:
        left_out = refused_file(SOURCE_ID, file, "file|header", str(error))
        left_out.drift = [Drift(SOURCE_ID, "unknown_columns", file.version.path, str(error))]
        return left_out
    except SourceError as error:
        rule = "file|lfs_pointer" if is_lfs_pointer(file.content) else "file|csv"
        return refused_file(SOURCE_ID, file, rule, str(error))
    rows = table.rows.with_columns(linked_repository(pl.col("Link")).alias("hub_id"))
    name = pl.col("key") if "key" in rows.columns else pl.coalesce("hub_id", "Model")
    rows = rows.with_columns(name.alias("source_name"))
    scores, refused = [], [table.refused]
    for column in _SCORES:
        published, unread = split_numbers(rows, column, "scores")
        scores.append(_scores(published, column, run_on))
        refused.append(unread)
    return Parsed(
        scores=pl.concat(scores),
        models=_models(rows),
        quarantine=pl.concat(refused),
        source_rows=table.n_rows,
    )


def _date_of(file: SourceFile) -> date:
    """Raises ValueError for a name without a valid date."""
    match = _TABLE.fullmatch(file.version.path)
    digits = match.group(1) if match else ""
    return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


def _scores(rows: pl.DataFrame, column: str, run_on: date) -> pl.DataFrame:
    variant_id, unit = _SCORES[column]
    return parsed_frame(
        "scores",
        rows.with_columns(
            pl.lit(variant_id).alias("variant_id"),
            pl.lit(run_on.isoformat()).alias("run_id"),
            pl.lit(unit).alias("score_unit"),
            pl.lit("arena").alias("reported_by"),
            pl.lit(run_on).alias("evaluated_on"),
        ),
    )


def _models(rows: pl.DataFrame) -> pl.DataFrame:
    licence = pl.col("License")
    is_proprietary = licence.str.to_lowercase().is_in(_PROPRIETARY)
    openness = pl.when(is_proprietary).then(pl.lit("proprietary")).otherwise(pl.lit("open_weights"))
    is_stated = licence.is_not_null() & ~licence.str.to_lowercase().is_in(_SAYS_NOTHING)
    organization = pl.col("Organization") if "Organization" in rows.columns else pl.lit(None, pl.String)
    return parsed_frame(
        "models",
        rows.with_columns(
            pl.col("Model").alias("display_name"),
            organization.alias("organization"),
            licence.alias("license_text"),
            pl.when(is_stated).then(openness).alias("openness"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Dated tables of Chatbot Arena: MT-Bench and MMLU of open and proprietary models",
    repo_type="space",
    repo_id="lmarena-ai/chatbot-arena-leaderboard",
    wants=wants,
    parse=parse,
    is_archive=True,
    names="own",
    reported_by=("arena",),
    variants=tuple(variant_id for variant_id, _ in _SCORES.values()),
    has_editions=True,
    trust=Trust(spelling=60, repository=60, release=60),
    left_out="Elo ratings and win rates; dates of knowledge; `arena_hard_auto_leaderboard_v0.1.csv`; `elo_results_*.pkl`",
    left_out_because="the ratings of these years are in `arena_ratings`; win rates rank models against whoever else was there;"
    " Arena-Hard is not a benchmark of this project; reading a pickle runs a stranger's code",
    works=(
        Work(
            "Chiang et al., Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference (2024), arXiv:2403.04132;"
            " its leaderboard tables",
            "Apache-2.0 (card of the Space)",
            "https://huggingface.co/spaces/lmarena-ai/chatbot-arena-leaderboard",
            "Apache-2.0",
        ),
        Work(
            "Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena (2023), arXiv:2306.05685; the MT-Bench scores"
            " of those tables",
            "Apache-2.0 (card of the Space)",
            "https://arxiv.org/abs/2306.05685",
            "Apache-2.0",
        ),
    ),
)
