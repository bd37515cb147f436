"""BigCode Models Leaderboard: HumanEval, MultiPL-E by language and size of open code models.

One row of the table is one model; scores are percentages, sizes billions. A row that links to a repository on the Hub
gets the name of the repository, any other row the name in the table.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.measured import narrow
from leaderboard_etl.sources.shared.csv_table import linked_repository, read_csv_table, sizes_in_billions, split_numbers

SOURCE_ID = "bigcode"
_PATH = "data/code_eval_board.csv"
# Published column -> language in the harness's task names, MultiPL-E's own short forms.
LANGUAGES = {
    "java": "java",
    "javascript": "js",
    "cpp": "cpp",
    "php": "php",
    "julia": "jl",
    "d": "d",
    "lua": "lua",
    "r": "r",
    "racket": "rkt",
    "rust": "rs",
    "swift": "swift",
}
_VARIANT = "humaneval_bigcode"
_PYTHON, _SIZE = "humaneval-python", "Size (B)"
_OTHERS = {
    *("T", "Win Rate", "Throughput (tokens/s)", "Seq_length", "#Languages", "Average score"),
    *("Throughput (tokens/s) bs=50", "Peak Memory (MB)", "models_query", "Links", "Submission PR"),
}
HEADERS = tuple(frozenset({name, _SIZE, _PYTHON, *LANGUAGES, *_OTHERS}) for name in ("Model", "Models"))
_ANCHOR = r'^<a\s[^<>]*href="([^"<>]*)"[^<>]*>([^<>]*)</a>$'


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of the table. Raises SourceError for bytes that are not a CSV, ContractError for unknown columns."""
    return concat([_parse_file(file) for file in files])


def _parse_file(file: SourceFile) -> Parsed:
    table = read_csv_table(SOURCE_ID, file, HEADERS)
    rows = _named(table.rows)
    scores, unread = split_numbers(rows, _PYTHON, "scores")
    refused = [table.refused, unread]
    subtasks = []
    for column, language in LANGUAGES.items():
        published, unread = split_numbers(rows, column, "subtask_scores", within=(0, 100))
        subtasks.append(_subtask_scores(published, column, language))
        refused.append(unread)
    return Parsed(
        scores=_scores(scores),
        subtask_scores=narrow(pl.concat(subtasks)),
        models=_models(rows),
        parameter_claims=sizes_in_billions(rows, _SIZE),
        quarantine=pl.concat(refused),
        source_rows=table.n_rows,
    )


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds display_name, hub_id (null without a link to the Hub) and source_name."""
    cell = pl.col("Model" if "Model" in rows.columns else "Models")
    anchored = cell.str.contains(_ANCHOR)
    label = pl.when(anchored).then(cell.str.extract(_ANCHOR, 2).str.strip_chars()).otherwise(cell)
    hub_id = pl.coalesce(linked_repository(cell.str.extract(_ANCHOR, 1)), linked_repository(pl.col("Links")))
    return rows.with_columns(label.alias("display_name"), hub_id.alias("hub_id")).with_columns(
        pl.coalesce("hub_id", "display_name").alias("source_name")
    )


def _scores(rows: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "scores",
        rows.with_columns(
            pl.lit("leaderboard").alias("reported_by"),
            pl.lit(_VARIANT).alias("variant_id"),
            pl.lit("percent").alias("score_unit"),
            # Whoever submitted a row ran it, perhaps the vendor.
            pl.when(pl.col("Submission PR").is_null()).then(pl.lit(True)).alias("is_verified"),
        ),
    )


def _subtask_scores(rows: pl.DataFrame, column: str, language: str) -> pl.DataFrame:
    return parsed_frame(
        "subtask_scores",
        rows.with_columns(
            pl.lit("leaderboard").alias("reported_by"),
            pl.lit(f"multiple-{language}").alias("task"),
            pl.lit("pass@1").alias("metric"),
            pl.lit(column).alias("subtask"),
        ),
    )


def _models(rows: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "models",
        rows.with_columns(
            pl.col("hub_id").str.split("/").list.first().alias("organization"),
            pl.col("T").alias("model_type"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Table of the BigCode Models Leaderboard",
    repo_type="space",
    repo_id="bigcode/bigcode-models-leaderboard",
    wants=lambda path: path == _PATH,
    parse=parse,
    names="own",
    reported_by=("leaderboard",),
    variants=(_VARIANT,),
    trust=Trust(spelling=50, repository=50, release=50),
    left_out="win rate, throughput, memory, averages, number of languages, sequence length",
    left_out_because="they depend on the other rows or on the machine, or follow from the scores",
    works=(
        Work(
            "BigCode, Big Code Models Leaderboard (2023), Hugging Face",
            "none found",
            "https://huggingface.co/spaces/bigcode/bigcode-models-leaderboard",
        ),
    ),
)
