"""One row per model, from the statements of several sources about it. The description of each source states its rank for each
kind of fact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.licenses import NOT_STATED, normalize_licenses
from leaderboard_etl.normalize.lineage import families_by_bases
from leaderboard_etl.normalize.pairs import STATEMENT
from leaderboard_etl.normalize.trust import EDITIONS, Kind, order, rank
from leaderboard_etl.sizes.names import NO_SIZE_IN_NAME

_RELEASE_FACTS = ("display_name", "organization", "family", "openness", "tuning", "training_tokens")
# Model classes of transformers that have experts, whatever their name, and common ones without. The second prove nothing about
# a model whose name states experts: custom code runs under these classes, as in phixtral-2x2_8.
_EXPERT_CLASS = r"(?i)mixtral|moe|dbrx|^deepseek(v\d+)?for|^gptoss|^llama4|^arctic|^grok"
_DENSE_CLASS = (
    r"^(Bart|Bloom|ChatGLM|CodeGen|Cohere2?|DeciCoder|DeciLM|Exaone|Falcon|FalconMamba|Gemma[23]?|Glm|GPT2|GPTBigCode|GPTJ"
    r"|GPTNeo|GPTNeoX|Granite|Helium|InternLM2?|Llama|LLaMA|Mamba2?|Mistral|Mllama|MPT|Mpt|M?T5|Nemotron|Olmo[23]?|OPT|Phi"
    r"|Phi3|Phi3Small|QWen|Qwen[23]?|Qwen2VL|Qwen2_5_VL|Qwen3VL|RecurrentGemma|Rwkv|StableLm|StableLMAlpha|Starcoder2|UMT5"
    r"|XGLM)(ForCausalLM|LMHeadModel|ForConditionalGeneration|ForSequenceClassification|ForCausalRM|Model)$"
)
_EXPERT_NAME = r"(?i)/.*(?:\d+x\d|\dbx\d|moe)"
# A smaller share of active parameters than this is not a rounding.
_LEAST_DENSE = 0.95
_RELEASE_METHODS = (
    ("released_on", "reference"),
    ("uploaded_on", "hub_upload"),
    ("created_at", "hub_created"),
    ("submitted_on", "leaderboard_submission"),
)

# Repositories older than the Hub's records have this date (huggingface_hub, hf_api.py).
_HUB_FLOOR = date(2022, 3, 2)


def assemble_models(
    statements: pl.DataFrame,
    scored: pl.DataFrame,
    evidence: pl.DataFrame,
    kin: pl.DataFrame,
    parents: pl.DataFrame,
    *,
    licenses: pl.DataFrame,
    model_licenses: pl.DataFrame,
    official: pl.DataFrame,
    families: pl.DataFrame,
    import_days: pl.DataFrame,
    not_language: pl.DataFrame,
) -> pl.DataFrame:
    """The rows of core.models. `statements` are open rows of history.models with `model_id`, `scored` the model ids that
    have scores, `evidence` those of core.parameter_evidence, `kin` those of lineage.bases, `parents` those of lineage.all_bases;
    the rest is policy."""
    models = pl.concat([statements.select("model_id"), scored.select("model_id")]).unique().sort("model_id")
    facts = (
        models.join(_first_stated(statements, ["architecture"], "repository"), on="model_id", how="left")
        .join(_first_stated(statements, _RELEASE_FACTS, "release"), on="model_id", how="left")
        .join(_availability(statements), on="model_id", how="left")
    )
    flags = statements.group_by("model_id").agg(
        *[_is_any_stated(flag) for flag in ("is_merge", "is_flagged")],
        pl.coalesce(
            *(
                pl.col("is_moe").filter(pl.col("source_id") == source).drop_nulls().first()
                for source in order("experts")
            ),
        ).alias("has_experts"),
        _is_any_stated("is_moe"),
        pl.col("hub_id").is_not_null().any().alias("is_on_hub"),
    )
    facts = (
        facts.join(flags, on="model_id", how="left")
        .join(_released(statements, import_days), on="model_id", how="left")
        .join(_sizes(evidence), on="model_id", how="left")
        .join(_licences(statements, licenses, model_licenses), on="model_id", how="left")
    )
    judged = _judged(facts, kin, parents, official, families, not_language)
    return judged.select(list(frame_schema("core.models")))


def _judged(
    facts: pl.DataFrame,
    kin: pl.DataFrame,
    parents: pl.DataFrame,
    official: pl.DataFrame,
    families: pl.DataFrame,
    not_language: pl.DataFrame,
) -> pl.DataFrame:
    owner = pl.col("model_id").str.split("/").list.first()
    return (
        facts.join(kin, on="model_id", how="left")
        .with_columns(owner.str.to_lowercase().alias("owner"))
        .join(
            official.select(
                pl.col("hub_owner").str.to_lowercase().alias("owner"), pl.col("organization").alias("vendor")
            ).unique("owner"),
            on="owner",
            how="left",
        )
        .with_columns(_folded(pl.col("organization")).alias("folded"))
        .join(_spelled(official), on="folded", how="left")
        .with_columns(
            _is_moe(),
            # Only its vendor can serve a model whose weights nobody else has. A curated score alone does not make it official.
            pl.any_horizontal(pl.col("vendor").is_not_null(), pl.col("openness") == "proprietary")
            .fill_null(False)
            .alias("is_official"),
            _by_pattern(not_language, "reason").alias("not_language_reason"),
        )
        .pipe(_moe_as_base)
        .with_columns(
            _distinct_name().alias("display_name"),
            pl.coalesce("vendor", "spelled", "organization", owner).alias("organization"),
            pl.coalesce("family", _by_pattern(families, "family")).alias("family"),
            pl.coalesce(
                "openness",
                pl.when(pl.col("is_on_hub").fill_null(False)).then(pl.lit("open_weights")),
                pl.lit("unknown"),
            ).alias("openness"),
            pl.col("license_class").fill_null("unknown"),
            pl.when(pl.col("license_text").is_null())
            .then(pl.lit(NOT_STATED))
            .otherwise("license_reason")
            .alias("license_reason"),
            _active().alias("params_active"),
            pl.when(pl.col("params_total").is_null())
            .then(
                pl.when(pl.col("refusals") == NO_SIZE_IN_NAME)
                .then(pl.lit("no source that is read states a size, nor does any of its names"))
                .otherwise(
                    pl.coalesce("refusals", pl.lit("no source describes the model, which only has scores or ratings"))
                )
            )
            .alias("params_reason"),
            _population().alias("population"),
        )
        .with_columns(_no_active_reason().alias("params_active_reason"))
        .pipe(_merges_in_families, parents, families)
    )


def _spelled(official: pl.DataFrame) -> pl.DataFrame:
    """How policy spells an organization, by its name without what sources write now and not then."""
    names = official.select(pl.col("organization").alias("spelled")).unique().sort("spelled")
    return names.with_columns(_folded(pl.col("spelled")).alias("folded")).unique(
        "folded", keep="first", maintain_order=True
    )


def _folded(name: pl.Expr) -> pl.Expr:
    """The letters and digits of an organization's name, without AI at its end: 01 AI is 01.AI, and Mistral is Mistral AI."""
    return name.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "").str.replace(r"(.)ai$", "${1}")


def _merges_in_families(models: pl.DataFrame, parents: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    """A merge belongs to the family of its parents if they agree on one: a parent need not be among the models."""
    strangers = parents.select(pl.col("base_model_id").alias("model_id")).unique()
    strangers = strangers.join(models, on="model_id", how="anti").with_columns(
        _by_pattern(families, "family").alias("family")
    )
    known = pl.concat([models.select("model_id", "family"), strangers])
    agreed = families_by_bases(known, parents).rename({"family": "of_parents"})
    joined = models.join(agreed, on="model_id", how="left", maintain_order="left")
    of_merge = pl.when(pl.col("base_model_relation") == "merge").then("of_parents")
    return joined.with_columns(pl.coalesce("family", of_merge).alias("family")).drop("of_parents")


def _is_moe() -> pl.Expr:
    """Whether a model is a mixture of experts. A curated row or the config says it best, then two known sizes (a few percent are
    embeddings, or rounding), then the class. The tables' flag comes last, because v1 marks dense Qwen1.5 and not models of
    Mixtral's class, and proves nothing where it is not set: the tables call Switch Transformers dense."""
    share = pl.col("params_active") / pl.col("params_total")
    is_dense = pl.col("architecture").str.contains(_DENSE_CLASS) & ~pl.col("model_id").str.contains(_EXPERT_NAME)
    return (
        pl.when(pl.col("has_experts").is_not_null())
        .then(pl.col("has_experts"))
        .when(share.is_not_null())
        .then(share < _LEAST_DENSE)
        .when(pl.col("architecture").str.contains(_EXPERT_CLASS))
        .then(True)
        .when(is_dense)
        .then(False)
        .when(pl.col("is_moe"))
        .then(True)
        .alias("is_moe")
    )


def _moe_as_base(facts: pl.DataFrame) -> pl.DataFrame:
    """Whether a model has experts, as its base where nothing else says it: training and packing leave the geometry as it is.
    Not if the name states experts, which the base may be one of."""
    of_base = facts.select(pl.col("model_id").alias("base_model_id"), pl.col("is_moe").alias("base_is_moe"))
    is_same = pl.col("base_model_relation").is_in(["finetune", "adapter", "quantized"])
    is_same &= ~pl.col("model_id").str.contains(_EXPERT_NAME)
    joined = facts.join(of_base, on="base_model_id", how="left", maintain_order="left")
    inherited = pl.when(is_same).then(pl.col("base_is_moe"))
    return joined.with_columns(pl.coalesce("is_moe", inherited).alias("is_moe")).drop("base_is_moe")


def _active() -> pl.Expr:
    """Parameters used per token. A dense model uses all of its parameters, unless most of its embeddings are only looked up: then
    the statement of its active parameters has a greater total of its own (Gemma 3n)."""
    total, active = pl.col("params_total"), pl.col("params_active")
    is_all = active.is_null() | (active / pl.coalesce("active_of", "params_total") > _LEAST_DENSE)
    return pl.when((pl.col("is_moe") == False) & total.is_not_null() & is_all).then(total).otherwise(active)  # noqa: E712


def _no_active_reason() -> pl.Expr:
    """Why params_active is null."""
    return (
        pl.when(pl.col("params_active").is_not_null())
        .then(None)
        .when(pl.col("params_total").is_null() & (pl.col("is_moe") == False))  # noqa: E712
        .then(pl.lit("the total is not known"))
        .when(pl.col("is_moe").is_null())
        .then(pl.lit("whether it is a mixture of experts is not known"))
        .otherwise(
            pl.coalesce("active_refusals", pl.lit("a mixture of experts whose active parameters no source states"))
        )
    )


def _distinct_name() -> pl.Expr:
    """The display name; of models that share it, letter case aside, the end of the id tells versions of one product apart, and
    the owner repositories that are called alike (a copy of another's)."""
    name = pl.coalesce("display_name", "model_id")
    key = name.str.to_lowercase()
    parts = pl.col("model_id").str.split("/")
    version, owner = parts.list.last(), parts.list.first()
    is_same_version = pl.struct(key.alias("key"), version.str.to_lowercase().alias("version")).is_duplicated()
    told = pl.when(is_same_version).then(owner).otherwise(version)
    return pl.when(key.is_duplicated()).then(pl.format("{} ({})", name, told)).otherwise(name)


def _population() -> pl.Expr:
    return (
        pl.when(pl.col("not_language_reason").is_not_null())
        .then(pl.lit("not_language"))
        .when(pl.col("is_flagged").fill_null(False))
        .then(pl.lit("flagged"))
        .when(pl.col("is_merge").fill_null(False))
        .then(pl.lit("merge"))
        .when(pl.col("base_model_relation") == "quantized")
        .then(pl.lit("quantized"))
        .when(pl.col("is_official"))
        .then(pl.lit("official"))
        .otherwise(pl.lit("fine_tune"))
    )


def _by_pattern(table: pl.DataFrame, column: str) -> pl.Expr:
    """`column` of the first row of a policy table whose model_id_pattern the model id matches."""
    matched: pl.Expr = pl.lit(None, pl.String)
    for pattern, value in reversed(list(table.select("model_id_pattern", column).iter_rows())):
        matched = pl.when(pl.col("model_id").str.contains(f"(?i){pattern}")).then(pl.lit(value)).otherwise(matched)
    return matched


def _first_stated(statements: pl.DataFrame, columns: Sequence[str], kind: Kind) -> pl.DataFrame:
    # A model that the Arena lists as proprietary may become an open one.
    edition = pl.when(pl.col("source_id").is_in(EDITIONS)).then("path").rank("dense", descending=True).alias("edition")
    return (
        statements.with_columns(rank(kind), edition)
        .sort("model_id", "rank", "source_id", "source_name", "precision", "edition", "path")
        .group_by("model_id", maintain_order=True)
        .agg(pl.col(column).drop_nulls().first() for column in columns)
    )


def _availability(statements: pl.DataFrame) -> pl.DataFrame:
    """Whether a model is on the Hub under any of its names, by the best source that says so: a model that is gone under an
    old name may have moved to another."""
    name = ["model_id", "source_id", "source_name"]
    answers = statements.filter(pl.col("is_available").is_not_null()).sort(*name, "precision", "path")
    names = answers.group_by(name, maintain_order=True).agg(pl.col("is_available", "precision", "path").first())
    visible = names.with_columns(pl.col("is_available").any().over("model_id", "source_id"))
    return _first_stated(visible, ["is_available"], "repository")


def _licences(statements: pl.DataFrame, licenses: pl.DataFrame, model_licenses: pl.DataFrame) -> pl.DataFrame:
    """The licence of each model: by policy/model_licenses.csv, which links the vendor's own text; else from the best source that
    names one ("other" does not); else the text that does not name one."""
    classified = normalize_licenses(pl.concat([statements["license_text"], model_licenses["license_text"]]), licenses)
    classified = classified.drop("openness")
    ids = statements.select("model_id").unique()
    classified_statements = statements.join(classified, on="license_text", how="inner")
    telling = _first_stated(
        classified_statements.filter(pl.col("license_class") != "unknown"), ["license_text"], "repository"
    )
    vague = _first_stated(classified_statements, ["license_text"], "repository").rename({"license_text": "vague_text"})
    text = pl.coalesce(_by_pattern(model_licenses, "license_text"), "license_text", "vague_text")
    return (
        ids.join(telling, on="model_id", how="left")
        .join(vague, on="model_id", how="left")
        .select("model_id", text.alias("license_text"))
        .join(classified, on="license_text", how="left")
    )


def _is_any_stated(flag: str) -> pl.Expr:
    """True if any source says so, false if one denies it and none says so, null without a statement."""
    return pl.when(pl.col(flag).is_not_null().any()).then(pl.col(flag).fill_null(False).any()).alias(flag)


def _released(statements: pl.DataFrame, import_days: pl.DataFrame) -> pl.DataFrame:
    """The date by the best kind of evidence; within a kind the earliest, because a model is not released twice.

    A repository that was made or filled after its model had been submitted was made again, which is not a release. A repository
    with the Hub's floor date is older than the Hub's records, so a later date is not its release either. Nor is the day on which
    a leaderboard imported many older submissions: it says by when a model existed, not since when.
    """
    imported = import_days.select("source_id", pl.col("submitted_on").str.to_date(), is_import=True)
    is_import = pl.col("is_import") & (pl.col("submitted_on") == pl.col("submitted_on").min())
    dates = (
        statements.join(imported, on=["source_id", "submitted_on"], how="left")
        .with_columns(pl.col("created_at").dt.date())
        .group_by("model_id")
        .agg(
            *(pl.col(column).min().alias(method) for column, method in _RELEASE_METHODS),
            is_import.any().alias("is_import"),
        )
    )
    is_older = pl.min_horizontal("hub_upload", "hub_created") <= _HUB_FLOOR
    again = [
        pl.when((pl.col(m) > pl.col("leaderboard_submission")).fill_null(False))
        .then(None)
        .otherwise(pl.col(m))
        .alias(m)
        for m in ("hub_upload", "hub_created")
    ]
    methods = [method for _, method in _RELEASE_METHODS]
    later = [pl.when(pl.col("is_older").fill_null(False)).then(None).otherwise(pl.col(m)).alias(m) for m in methods[1:]]
    best_method = pl.coalesce(*[pl.when(pl.col(m).is_not_null()).then(pl.lit(m)) for m in methods])
    return (
        dates.with_columns(is_older.alias("is_older"), *again)
        .with_columns(later)
        .with_columns(pl.when(~pl.col("is_import").fill_null(False)).then("leaderboard_submission"))
        .select("model_id", pl.coalesce(*methods).alias("released_on"), best_method.alias("released_on_method"))
    )


def _sizes(evidence: pl.DataFrame) -> pl.DataFrame:
    chosen = evidence.filter("is_chosen")
    total = chosen.filter(pl.col("kind") == "total").select(
        "model_id",
        pl.col("params").alias("params_total"),
        pl.col("method").alias("params_method"),
        pl.col("confidence").alias("params_confidence"),
    )
    totals = (
        evidence.filter(pl.col("kind") == "total").group_by(STATEMENT).agg(pl.col("params").max().alias("active_of"))
    )
    active = (
        chosen.filter(pl.col("kind") == "active")
        .join(totals, on=STATEMENT, how="left")
        .select("model_id", pl.col("params").alias("params_active"), "active_of")
    )
    refused = evidence.group_by("model_id").agg(
        _reasons("total").alias("refusals"), _reasons("active").alias("active_refusals")
    )
    return refused.join(total, on="model_id", how="left").join(active, on="model_id", how="left")


def _reasons(kind: str) -> pl.Expr:
    """The reasons of all statements of a kind, joined; null if there are none."""
    reasons = pl.col("reason").filter((pl.col("kind") == kind) & pl.col("params").is_null()).drop_nulls()
    return reasons.unique().sort().str.join("; ").replace("", None)
