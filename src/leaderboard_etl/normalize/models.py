"""One row per model out of what several sources say about it. Which source is believed is a list here, per kind of fact."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.licenses import normalize_licenses
from leaderboard_etl.normalize.parameters import choose, parse_names

# The Hub's own card knows a repository best; curated rows know releases, vendors and families best.
_TABLES = ("olb_v2_contents", "olb_v1_contents")
_HUB_FIRST = ("model_cards", *_TABLES, "reference", "bigcode", "arena")
_CURATED_FIRST = ("reference", "model_cards", *_TABLES, "bigcode", "arena")
_HUB_FACTS = ("license_text", "architecture", "base_model_text", "is_available")
_CURATED_FACTS = ("display_name", "organization", "family", "openness", "tuning", "training_tokens")
_RELEASE_METHODS = (
    ("released_on", "reference"),
    ("uploaded_on", "hub_upload"),
    ("created_at", "hub_created"),
    ("submitted_on", "leaderboard_submission"),
)


def parameter_evidence(
    claims: pl.DataFrame, names: pl.DataFrame, overrides: pl.DataFrame, methods: pl.DataFrame
) -> pl.DataFrame:
    """Every statement about a model's size with the chosen one marked: the rows of core.parameter_evidence.

    `claims` are open rows of history.parameter_claims with `model_id`; `names` has model_id, source_id, source_name and
    the place of a statement, for what the name itself says; `overrides` is policy/parameter_overrides.csv.
    """
    schema = frame_schema(
        "core.parameter_evidence", without=("confidence", "is_chosen", "disagreement_pct", "is_disagreeing")
    )
    evidence = [claims, _from_names(names), _from_overrides(overrides, names)]
    rows = pl.concat([_shaped(frame, schema) for frame in evidence])
    return choose(rows, methods).select(list(frame_schema("core.parameter_evidence")))


def assemble_models(
    statements: pl.DataFrame,
    scored: pl.DataFrame,
    evidence: pl.DataFrame,
    *,
    licenses: pl.DataFrame,
    official: pl.DataFrame,
    families: pl.DataFrame,
) -> pl.DataFrame:
    """The rows of core.models. `statements` are open rows of history.models with `model_id`, `scored` the model ids that
    have scores; the rest is policy."""
    models = pl.concat([statements.select("model_id"), scored.select("model_id")]).unique().sort("model_id")
    facts = models
    for columns, order in ((_HUB_FACTS, _HUB_FIRST), (_CURATED_FACTS, _CURATED_FIRST)):
        facts = facts.join(_first_said(statements, columns, order), on="model_id", how="left")
    flags = statements.group_by("model_id").agg(
        *[_any_said(flag) for flag in ("is_merge", "is_flagged", "is_moe")],
        (pl.col("source_id") == "reference").any().alias("is_curated"),
        pl.col("hub_id").is_not_null().any().alias("is_on_hub"),
    )
    facts = (
        facts.join(flags, on="model_id", how="left")
        .join(_released(statements), on="model_id", how="left")
        .join(_sizes(evidence), on="model_id", how="left")
        .join(
            normalize_licenses(facts["license_text"].unique(), licenses).drop("openness"), on="license_text", how="left"
        )
    )
    return _judged(facts, _bases(statements), official, families).select(list(frame_schema("core.models")))


def _judged(facts: pl.DataFrame, bases: pl.DataFrame, official: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    owner = pl.col("model_id").str.split("/").list.first()
    # Two known sizes say more than a table's flag: v1 marks dense models too. A few percent are embeddings, or rounding.
    share = pl.col("params_active") / pl.col("params_total")
    is_moe = (
        pl.when(share < 0.95).then(True).when(share >= 0.95).then(False).otherwise(pl.col("is_moe")).alias("is_moe")
    )
    return (
        facts.join(bases, on="model_id", how="left")
        .with_columns(owner.str.to_lowercase().alias("owner"))
        .join(
            official.select(
                pl.col("hub_owner").str.to_lowercase().alias("owner"), pl.col("organization").alias("vendor")
            ).unique("owner"),
            on="owner",
            how="left",
        )
        .with_columns(
            is_moe,
            # Only its vendor can serve a model whose weights nobody else has.
            pl.any_horizontal(pl.col("vendor").is_not_null(), pl.col("is_curated"), pl.col("openness") == "proprietary")
            .fill_null(False)
            .alias("is_official"),
        )
        .with_columns(
            _distinct_name().alias("display_name"),
            pl.coalesce("vendor", "organization", owner).alias("organization"),
            pl.coalesce("family", _family(families)).alias("family"),
            pl.coalesce(
                "openness",
                pl.when(pl.col("is_on_hub").fill_null(False)).then(pl.lit("open_weights")),
                pl.lit("unknown"),
            ).alias("openness"),
            pl.col("license_class").fill_null("unknown"),
            # A dense model uses all of its parameters for every token.
            pl.when(pl.col("is_moe") == False)  # noqa: E712
            .then(pl.coalesce("params_active", "params_total"))
            .otherwise(pl.col("params_active"))
            .alias("params_active"),
            _population().alias("population"),
        )
    )


def _distinct_name() -> pl.Expr:
    """The display name; where several models share it (two versions of one product) the end of the id tells them apart."""
    name = pl.coalesce("display_name", "model_id")
    version = pl.col("model_id").str.split("/").list.last()
    return pl.when(name.is_duplicated()).then(pl.format("{} ({})", name, version)).otherwise(name)


def _population() -> pl.Expr:
    return (
        pl.when(pl.col("is_flagged").fill_null(False))
        .then(pl.lit("flagged"))
        .when(pl.col("is_merge").fill_null(False))
        .then(pl.lit("merge"))
        .when(pl.col("is_official"))
        .then(pl.lit("official"))
        .otherwise(pl.lit("fine_tune"))
    )


def _family(families: pl.DataFrame) -> pl.Expr:
    """The first family of policy/families.csv whose pattern the model id matches."""
    found: pl.Expr = pl.lit(None, pl.String)
    for pattern, family in reversed(list(families.select("model_id_pattern", "family").iter_rows())):
        found = pl.when(pl.col("model_id").str.contains(f"(?i){pattern}")).then(pl.lit(family)).otherwise(found)
    return found


def _first_said(statements: pl.DataFrame, columns: Sequence[str], order: Sequence[str]) -> pl.DataFrame:
    rank = {source_id: number for number, source_id in enumerate(order)}
    return (
        statements.with_columns(
            pl.col("source_id").replace_strict(rank, default=len(rank), return_dtype=pl.Int32).alias("rank")
        )
        .sort("model_id", "rank", "source_id", "source_name", "precision", "path")
        .group_by("model_id", maintain_order=True)
        .agg(pl.col(column).drop_nulls().first() for column in columns)
    )


def _any_said(flag: str) -> pl.Expr:
    """True if any source says so, false if one denies it and none says so, null if none speaks."""
    return pl.when(pl.col(flag).is_not_null().any()).then(pl.col(flag).fill_null(False).any()).alias(flag)


def _released(statements: pl.DataFrame) -> pl.DataFrame:
    """The date of the best kind of evidence that there is; within a kind the earliest, for a model is not released twice."""
    dates = (
        statements.with_columns(pl.col("created_at").dt.date())
        .group_by("model_id")
        .agg(pl.col(column).min().alias(method) for column, method in _RELEASE_METHODS)
    )
    methods = [method for _, method in _RELEASE_METHODS]
    said = pl.coalesce(*[pl.when(pl.col(m).is_not_null()).then(pl.lit(m)) for m in methods])
    return dates.select("model_id", pl.coalesce(*methods).alias("released_on"), said.alias("released_on_method"))


def _sizes(evidence: pl.DataFrame) -> pl.DataFrame:
    chosen = evidence.filter("is_chosen")
    total = chosen.filter(pl.col("kind") == "total").select(
        "model_id",
        pl.col("params").alias("params_total"),
        pl.col("method").alias("params_method"),
        pl.col("confidence").alias("params_confidence"),
    )
    active = chosen.filter(pl.col("kind") == "active").select("model_id", pl.col("params").alias("params_active"))
    refused = (
        evidence.filter(pl.col("kind") == "total")
        .group_by("model_id")
        .agg(pl.col("reason").drop_nulls().unique().sort().str.join("; ").alias("refusals"))
    )
    return (
        refused.join(total, on="model_id", how="left")
        .join(active, on="model_id", how="left")
        .with_columns(pl.when(pl.col("params_total").is_null()).then(pl.col("refusals")).alias("params_reason"))
        .drop("refusals")
    )


def _bases(statements: pl.DataFrame) -> pl.DataFrame:
    """base_model_id by the Hub's spelling where the base is a model of ours, else as stated; never the model itself."""
    said = _first_said(statements, ["base_model_text"], _HUB_FIRST).drop_nulls()
    known = statements.select(pl.col("model_id").alias("known_id")).unique()
    known = known.with_columns(pl.col("known_id").str.to_lowercase().alias("key")).unique("key")
    return (
        said.with_columns(pl.col("base_model_text").str.to_lowercase().alias("key"))
        .join(known, on="key", how="left")
        .with_columns(pl.coalesce("known_id", "base_model_text").alias("base_model_id"))
        .filter(pl.col("base_model_id").str.to_lowercase() != pl.col("model_id").str.to_lowercase())
        .select("model_id", "base_model_id")
    )


def _from_names(names: pl.DataFrame) -> pl.DataFrame:
    """What names say of sizes: one claim per model and kind, from the model id itself."""
    firsts = names.sort("model_id", "source_id", "source_name").unique("model_id", keep="first", maintain_order=True)
    sizes = parse_names(firsts["model_id"]).rename({"source_name": "model_id"}).unique("model_id")
    said = firsts.join(sizes, on="model_id", how="left").with_columns(
        pl.lit("name").alias("method"), pl.lit("n/a").alias("precision"), pl.lit("model name").alias("locator")
    )
    total = said.with_columns(pl.lit("total").alias("kind"), pl.col("params_total").alias("params"))
    active = said.filter(pl.col("params_active").is_not_null()).with_columns(
        pl.lit("active").alias("kind"), pl.col("params_active").alias("params")
    )
    return pl.concat([total, active])


def _from_overrides(overrides: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    known = names.select("model_id").unique().with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
    return (
        overrides.with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
        .drop("model_id")
        .join(known, on="key", how="inner")
        .with_columns(
            pl.col("params").cast(pl.Float64).cast(pl.Int64),
            pl.lit("override").alias("method"),
            pl.lit("policy").alias("source_id"),
            pl.col("model_id").alias("source_name"),
            pl.lit("n/a").alias("precision"),
            pl.lit("leaderboard-etl").alias("repo_id"),
            pl.lit("policy").alias("revision"),
            pl.lit("parameter_overrides.csv").alias("path"),
            pl.concat_str(pl.lit("model_id "), pl.col("model_id")).alias("locator"),
        )
    )


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
