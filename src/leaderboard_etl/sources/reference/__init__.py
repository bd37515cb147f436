"""The curated source: policy/reference_models.csv and reference_scores.csv of this project.

The leaderboards exclude proprietary models; the gap needs them. Each score has the link that recorded it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import REFERENCE_FILES, Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame, place_columns, refused_file
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.shared.settings import NO_SETTING

SOURCE_ID = "reference"
# Efforts, budgets and tools as the curated protocols write them: `Diamond, high`, `Diamond, thinking no tools`.
_SETTING = (
    r"(?i)[, ](?P<level>\d+K|minimal|low|medium|high|xhigh|max)$"
    r"|(?P<mode>(?:\b(?:extended|no|non|without)[- ])?\bthinking(?: mode| \(up to \d+K tokens\))?)"
    r"|(?P<reasoning>(?:\b(?:no|non|without)[- ])?\breasoning (?:mode|on|off)\b|, reasoning$)"
)
_TOOLS = r"(?i)\b((?:no|without|with|w/o) tools?(?: use)?)\b"
_SCORE_COLUMNS = frozenset(
    (
        *("model_id", "variant_id", "score_raw", "score_unit", "n_shot", "protocol"),
        *("self_reported", "source_url", "source_dataset", "evaluated_on"),
    )
)
_MODEL_COLUMNS = frozenset(
    (
        *("model_id", "display_name", "organization", "family", "openness", "license", "tuning"),
        *("released_on", "released_on_url", "params_total", "params_active", "params_url", "training_tokens"),
    )
)


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Both files, row by row; a file that is not a CSV table is one quarantined record."""
    return concat([_parse_file(file) for file in files]) if files else Parsed()


def _parse_file(file: SourceFile) -> Parsed:
    try:
        rows = pl.read_csv(io.BytesIO(file.content), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        return refused_file(SOURCE_ID, file, "file|csv", f"not a CSV table: {error}")
    columns = _SCORE_COLUMNS if "score_raw" in rows.columns else _MODEL_COLUMNS
    if absent := sorted(columns - set(rows.columns)):
        return refused_file(SOURCE_ID, file, "file|header", f"it lacks the columns {', '.join(absent)}")
    rows = (
        rows.with_columns(pl.all().str.strip_chars().replace("", None))
        .with_row_index("line", offset=2)
        .with_columns(
            pl.lit(SOURCE_ID).alias("source_id"),
            pl.col("model_id").alias("source_name"),
            pl.format("line {}", "line").alias("locator"),
            *place_columns(file.version),
        )
    )
    return _scores(rows) if "score_raw" in rows.columns else _models(rows)


def _scores(rows: pl.DataFrame) -> Parsed:
    # Several data sets often record the same figure; each stays, distinguished by where it was found.
    run = pl.concat_str(
        [pl.col("source_dataset"), pl.col("n_shot") + "-shot", pl.col("protocol")], separator=", ", ignore_nulls=True
    )
    scores = rows.with_columns(
        run.alias("run_id"),
        _setting(),
        pl.col("score_raw").cast(pl.Float64, strict=False).fill_null(float("nan")),
        pl.col("n_shot").cast(pl.Int32, strict=False),
        pl.lit(SOURCE_ID).alias("reported_by"),
        (pl.col("self_reported") == "false").alias("is_verified"),
        pl.col("evaluated_on").str.to_date("%Y-%m-%d", strict=False),
    )
    return Parsed(scores=parsed_frame("scores", scores), source_rows=rows.height)


def _setting() -> pl.Expr:
    """The setting that the protocol states, in its words; n/a if it states none."""
    groups = pl.col("protocol").str.extract_groups(_SETTING).struct
    effort = pl.coalesce(groups.field(name) for name in ("level", "mode", "reasoning")).str.strip_chars(", ")
    setting = pl.concat_str([effort, pl.col("protocol").str.extract(_TOOLS, 1)], separator=" ", ignore_nulls=True)
    return setting.replace("", None).fill_null(NO_SETTING).alias("setting")


def _models(rows: pl.DataFrame) -> Parsed:
    """Facts of the models. A row with two equal sizes says only that the model is dense: if another source counts the
    total exactly, all of that is active."""
    total, active = (pl.col(f"params_{kind}").cast(pl.Float64, strict=False) for kind in ("total", "active"))
    models = rows.with_columns(
        (active < total).alias("is_moe"),
        pl.col("license").alias("license_text"),
        pl.col("released_on").str.to_date("%Y-%m-%d", strict=False),
        pl.col("training_tokens").cast(pl.Float64, strict=False),
        pl.when(pl.col("openness") == "open_weights").then(pl.col("model_id")).alias("hub_id"),
    )
    stated_sizes = [
        rows.filter(count.is_not_null() & is_stated).with_columns(
            pl.lit(kind).alias("kind"),
            pl.lit("reference").alias("method"),
            count.cast(pl.Int64).alias("params"),
            pl.col("params_url").alias("source_url"),
        )
        for kind, count, is_stated in (("total", total, pl.lit(True)), ("active", active, active.ne_missing(total)))
    ]
    return Parsed(
        models=parsed_frame("models", models),
        parameter_claims=parsed_frame("parameter_claims", pl.concat(stated_sizes)),
        source_rows=rows.height,
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Curated scores, dates and sizes of proprietary and open models, each with a link",
    repo_type="project",
    wants=lambda path: path.removesuffix(".csv") in REFERENCE_FILES,
    parse=parse,
    names="model_id",
    reported_by=("reference",),
    is_braked=False,
    trust=Trust(spelling=10, repository=40, release=10, experts=10),
    left_out="figures without a recorded link",
    left_out_because="a number needs a source",
    works=(
        Work(
            "llm-stats (JonathanChavezTamales/llm-leaderboard)",
            "CC-BY-4.0",
            "https://github.com/JonathanChavezTamales/llm-leaderboard",
            "CC-BY-4.0",
            part="llm-stats",
        ),
        Work(
            "Epoch AI, benchmark data (epoch-research/benchmark-stitching): MMLU of papers and of HELM Lite (Stanford CRFM)",
            "MIT (source repository)",
            "https://github.com/epoch-research/benchmark-stitching",
            "MIT",
            part="epoch-external-mmlu",
        ),
        Work(
            "Epoch AI, How far behind are open models? (epoch-research/open-model-trends)",
            "none stated",
            "https://github.com/epoch-research/open-model-trends",
            part="epoch-open-model-trends",
        ),
        Work(
            "genai-prices (pydantic/genai-prices): prices of tokens",
            "MIT",
            "https://github.com/pydantic/genai-prices",
            "MIT",
            part="genai-prices",
        ),
        Work(
            "models.dev (anomalyco/models.dev): prices of tokens, days of release",
            "MIT",
            "https://github.com/anomalyco/models.dev",
            "MIT",
            part="models.dev",
        ),
        Work(
            "EvalPlus leaderboard (evalplus/evalplus.github.io)",
            "Apache-2.0",
            "https://github.com/evalplus/evalplus.github.io",
            "Apache-2.0",
            part="evalplus",
        ),
        Work(
            "READMEs and model cards of vendors (deepseek-ai/DeepSeek-R1 and -V3, MoonshotAI/Kimi-K2, MiniMax-AI/MiniMax-M2,"
            " openai/simple-evals, QwenLM/Qwen, meta-llama/llama-models)",
            "each repository's own",
            "https://github.com/openai/simple-evals",
            part="vendor-readmes",
        ),
    ),
)
