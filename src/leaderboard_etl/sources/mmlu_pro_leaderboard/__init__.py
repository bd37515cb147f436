"""MMLU-Pro leaderboard of TIGER-Lab: open and proprietary models under one protocol, and what vendors reported beside them.

One row of the table is one model by one reporter. `Data Source` says who measured: rows of TIGER-Lab are 5-shot chain of
thought by its own scripts, the others are what a vendor reported, under a protocol that the table does not state. Scores are
fractions, sizes billions or `unk`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame, refused_rows
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.measured import narrow
from leaderboard_etl.sources.shared.csv_table import read_csv_table, sizes_in_billions, split_numbers
from leaderboard_etl.sources.shared.settings import NO_SETTING, stated_setting

SOURCE_ID = "mmlu_pro_leaderboard"
MEASURED, REPORTED = "mmlu_pro_tiger_5shot_cot", "mmlu_pro_reported"
_PATH = "results.csv"
SUBJECTS = (
    *("Biology", "Business", "Chemistry", "Computer Science", "Economics", "Engineering", "Health", "History", "Law"),
    *("Math", "Philosophy", "Physics", "Psychology", "Other"),
)
_MODEL, _SIZE, _REPORTER, _OVERALL = "Models", "Model Size(B)", "Data Source", "Overall"
HEADERS = (frozenset({_MODEL, _SIZE, _REPORTER, _OVERALL, *SUBJECTS}),)
# As the table spells them, in lower case, two slips among them.
_REPORTERS = {"tiger-lab": "TIGER-Lab", "self-reported": "Self-Reported", "sefl-reported": "Self-Reported"}
_UNKNOWN_SIZE = ("unk", "unknown")


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of the table. Raises SourceError for bytes that are not CSV, ContractError for unknown columns."""
    return concat([_parse_file(file) for file in files])


def _parse_file(file: SourceFile) -> Parsed:
    table = read_csv_table(SOURCE_ID, file, HEADERS)
    rows = table.rows.with_columns(
        pl.col(_MODEL).alias("source_name"),
        pl.col(_REPORTER).str.to_lowercase().replace_strict(_REPORTERS, default=None).alias("reporter"),
    )
    is_complete = pl.col("reporter").is_not_null() & pl.col("source_name").is_not_null()
    strange = _refused(rows.filter(~is_complete))
    rows = rows.filter(is_complete).with_columns(
        pl.when(pl.col("reporter") == "TIGER-Lab")
        .then(pl.lit(MEASURED))
        .otherwise(pl.lit(REPORTED))
        .alias("variant_id"),
        pl.when(pl.col("reporter") == "TIGER-Lab")
        .then(pl.lit("leaderboard"))
        .otherwise(pl.lit("vendor"))
        .alias("reported_by"),
        pl.col("source_name")
        .map_elements(lambda name: stated_setting(name) or NO_SETTING, return_dtype=pl.String)
        .alias("setting"),
        pl.col("reporter").alias("run_id"),
    )
    scores, unread = split_numbers(rows, _OVERALL, "scores", within=(0, 1))
    refused = [table.refused, strange, unread]
    subtasks = []
    for subject in SUBJECTS:
        published, unread = split_numbers(rows, subject, "subtask_scores", within=(0, 1))
        subtasks.append(_subtask_scores(published, subject))
        refused.append(unread)
    return Parsed(
        scores=_scores(scores),
        subtask_scores=narrow(pl.concat(subtasks)),
        models=_models(rows),
        parameter_claims=sizes_in_billions(_with_size(rows), _SIZE),
        quarantine=pl.concat(refused),
        source_rows=table.n_rows,
    )


def _refused(rows: pl.DataFrame) -> pl.DataFrame:
    return refused_rows(
        rows.with_columns(pl.format("row {}", "row").alias("locator")),
        "scores",
        rule="row|reporter",
        reason="the row names no model, or a Data Source that is neither TIGER-Lab nor Self-Reported",
        text=pl.col(_REPORTER).fill_null("nothing"),
    )


def _scores(rows: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "scores",
        rows.with_columns(
            pl.lit("fraction").alias("score_unit"),
            (pl.col("reporter") == "TIGER-Lab").alias("is_verified"),
            pl.when(pl.col("reporter") == "TIGER-Lab")
            .then(pl.lit("5-shot with chain of thought"))
            .otherwise(pl.lit("reported by the vendor; the protocol is not stated"))
            .alias("protocol"),
        ),
    )


def _subtask_scores(rows: pl.DataFrame, subject: str) -> pl.DataFrame:
    slug = subject.lower().replace(" ", "_")
    return parsed_frame(
        "subtask_scores",
        rows.with_columns(
            pl.format("{}:{}", "variant_id", pl.lit(slug)).alias("task"),
            pl.lit("acc").alias("metric"),
            pl.lit("mmlu_pro").alias("benchmark_id"),
            pl.lit(slug).alias("subtask"),
        ),
    )


def _models(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per model, whoever reports it."""
    return parsed_frame(
        "models",
        rows.unique("source_name", keep="first", maintain_order=True).with_columns(
            pl.col("source_name").alias("display_name"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


def _with_size(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per model whose size the table states."""
    is_unknown = pl.col(_SIZE).is_null() | pl.col(_SIZE).str.to_lowercase().is_in(_UNKNOWN_SIZE)
    return rows.filter(~is_unknown).unique("source_name", keep="first", maintain_order=True)


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Table of the MMLU-Pro leaderboard: measured by TIGER-Lab, or reported by vendors",
    repo_type="dataset",
    repo_id="TIGER-Lab/mmlu_pro_leaderboard_submission",
    wants=lambda path: path == _PATH,
    parse=parse,
    names="own",
    reported_by=("leaderboard", "vendor"),
    variants=(MEASURED, REPORTED),
    has_dated_past=True,
    may_be_absent=True,  # every_eval_ever carries the measured figures, too
    trust=Trust(spelling=70, repository=70, release=70),
    left_out="figures of rows whose `Data Source` is neither TIGER-Lab nor Self-Reported",
    left_out_because="it is not known whose figures they are: they are in quarantine",
    works=(
        Work(
            "Wang et al., MMLU-Pro (2024), arXiv:2406.01574; submissions to its leaderboard",
            "Apache-2.0 (card of the dataset)",
            "https://huggingface.co/datasets/TIGER-Lab/mmlu_pro_leaderboard_submission",
            "Apache-2.0",
        ),
    ),
)
