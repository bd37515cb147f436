"""The curated scores: each has a link, a fitting unit and a model; the dates give the published lags."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from sourcing import POLICY, read

from leaderboard_etl.sizes.names import parse_name

MODELS = POLICY.frame("reference_models")
SCORES = POLICY.frame("reference_scores")
OPENNESS = SCORES.join(MODELS.select("model_id", "openness"), on="model_id")


def test_every_score_has_a_link_and_the_licence_of_its_data_set() -> None:
    assert SCORES.filter(~pl.col("source_url").str.starts_with("http")).is_empty()
    assert SCORES.filter(pl.col("source_dataset").is_null() | pl.col("source_license").is_null()).is_empty()


def test_every_score_is_of_a_known_variant_in_a_range_of_its_unit() -> None:
    most = pl.col("score_unit").replace_strict({"fraction": 1.0, "percent": 100.0, "points_10": 10.0})
    raw = pl.col("score_raw").cast(pl.Float64)
    assert SCORES.filter(~raw.is_between(0, most)).is_empty()
    assert set(SCORES["variant_id"]) <= set(POLICY.benchmarks["variant_id"])


def test_of_a_group_that_somebody_measured_no_score_leaves_open_who_did() -> None:
    groups = POLICY.frame("comparable_groups").filter(pl.col("display_name").str.contains("measured by"))
    variants = POLICY.benchmarks.join(groups, on="comparable_group", how="semi")
    of_them = SCORES.join(variants, on="variant_id", how="semi")
    assert of_them.height and of_them.filter(pl.col("self_reported") != "false").is_empty()
    assert of_them["self_reported"].null_count() == 0


def test_no_tuned_model_is_called_like_the_repository_of_its_base() -> None:
    """Readers of a table took "Llama 3 70B" for the base. Of models that share a name the id tells them apart."""
    suffix = r"(?i)-(instruct|chat|it)$"
    alone = MODELS.filter(~pl.col("display_name").str.to_lowercase().is_duplicated())
    repository = pl.col("model_id").str.split("/").list.last().str.replace(suffix, "")
    called, base = (
        name.str.to_lowercase().str.replace_all(r"[ _/-]", "").str.replace("^meta", "")
        for name in (pl.col("display_name"), repository)
    )
    tuned = alone.filter(pl.col("model_id").str.contains(suffix) & pl.col("model_id").str.contains("/"))
    bases = set(MODELS["model_id"]) | {"meta-llama/Llama-3.1-70B", "meta-llama/Meta-Llama-3-70B"}
    with_base = tuned.filter(pl.col("model_id").str.replace(suffix, "").is_in(list(bases)))
    assert with_base.height > 20 and with_base.filter(called == base)["model_id"].to_list() == []


def test_every_scored_model_is_described_and_every_other_one_is_there_for_a_reason() -> None:
    """A model without a score is an alias of some source, has known training tokens, or has a note about an error in a
    source."""
    assert set(SCORES["model_id"]) <= set(MODELS["model_id"])
    told = set(MODELS.drop_nulls("training_tokens")["model_id"])
    noted = MODELS.filter((pl.col("note") != "older than the Hub's records") | (pl.col("released_on") < "2022-03-02"))
    others = set(MODELS["model_id"]) - set(SCORES["model_id"]) - set(noted.drop_nulls("note")["model_id"]) - told
    assert others <= set(POLICY.frame("model_aliases")["model_id"])
    assert MODELS["model_id"].str.to_lowercase().is_duplicated().sum() == 0


@pytest.mark.parametrize(
    ("variant", "score", "model_id"),
    # The cards of both Qwen2 models print both columns; the R1 paper (https://arxiv.org/abs/2501.12948) prints both models.
    [
        ("humaneval_reported", "0.86", "Qwen/Qwen2-72B-Instruct"),
        ("mmlu_reported", "0.823", "Qwen/Qwen2-72B-Instruct"),
        ("gpqa_diamond_reported", "0.733", "deepseek-ai/DeepSeek-R1-Zero"),
    ],
)
def test_a_score_from_a_page_with_two_models_belongs_to_the_right_one(variant: str, score: str, model_id: str) -> None:
    family = model_id.removesuffix("-Instruct").removesuffix("-Zero")
    same = SCORES.filter(pl.col("variant_id") == variant, pl.col("score_raw") == score)
    assert same.filter(pl.col("model_id").str.starts_with(family))["model_id"].to_list() == [model_id]


def test_no_score_is_listed_twice() -> None:
    key = ["model_id", "variant_id", "source_dataset", "n_shot", "protocol"]
    assert SCORES.filter(pl.struct(key).is_duplicated()).is_empty()


@pytest.mark.parametrize("variant", ["mmlu_reported", "humaneval_reported", "gpqa_diamond_reported"])
def test_both_sides_of_the_gap_have_scores(variant: str) -> None:
    rows = OPENNESS.filter(pl.col("variant_id").str.starts_with(variant))
    assert rows.group_by("openness").agg(pl.col("model_id").n_unique()).filter(pl.col("model_id") >= 15).height == 2


def test_there_are_at_least_sixty_models_of_each_side() -> None:
    assert MODELS["openness"].value_counts().filter(pl.col("count") >= 60).height == 2


@pytest.mark.parametrize("fact", ["released_on", "params_total", "training_tokens"])
def test_a_date_or_size_has_a_link(fact: str) -> None:
    link = {"released_on": "released_on_url", "params_total": "params_url", "training_tokens": "training_tokens_url"}
    assert MODELS.filter(pl.col(fact).is_not_null() & pl.col(link[fact]).is_null()).is_empty()


@pytest.mark.parametrize(
    ("closed", "open_model", "lag_days"),
    # Epoch AI, "How far behind are open models?" (https://epoch.ai/blog/open-models-report): rows of MMLU, and the one of GPQA.
    [
        ("google/gopher-280b", "huggyllama/llama-65b", 443),
        # 496 there, where GPT-4 is dated a day later than Epoch AI's tables since then, and its announcement, have it.
        ("openai/gpt-4-0314", "meta-llama/Llama-3.1-405B-Instruct", 497),
        ("anthropic/claude-3-opus-20240229", "meta-llama/Llama-3.1-405B-Instruct", 141),
    ],
)
def test_the_dates_give_the_published_lags(closed: str, open_model: str, lag_days: int) -> None:
    dates = dict(MODELS.select("model_id", "released_on").iter_rows())
    assert (date.fromisoformat(dates[open_model]) - date.fromisoformat(dates[closed])).days == lag_days


def test_a_proprietary_size_is_linked_to_a_paper_or_to_an_evaluator_whose_name_of_the_model_states_the_same() -> None:
    sized = MODELS.filter((pl.col("openness") == "proprietary") & pl.col("params_total").is_not_null())
    other = sized.filter(~pl.col("params_url").str.starts_with("https://arxiv.org/abs/"))
    assert other["params_url"].str.contains("stanford-crfm/helm/blob/").all()
    named = {row["display_name"]: parse_name(row["display_name"]).params_total for row in other.iter_rows(named=True)}
    assert named == dict(other.select("display_name", pl.col("params_total").cast(pl.Int64)).iter_rows())
    undisclosed = MODELS.filter(pl.col("model_id").str.contains("^(openai/(gpt-4|gpt-5|o[1-9])|anthropic/claude|xai/)"))
    assert undisclosed.height > 30 and undisclosed["params_total"].is_null().all()


def test_a_row_with_equal_sizes_is_dense_and_claims_no_active_size() -> None:
    stated = pl.DataFrame(
        {
            "model_id": ["a/dense", "a/mixture"],
            "openness": "open_weights",
            "params_total": ["2e9", "47e9"],
            "params_active": ["2e9", "13e9"],
        }
    )
    frame = pl.concat([MODELS.clear(), stated], how="diagonal")
    parsed = read("reference", frame.write_csv().encode(), path="reference_models.csv")
    assert dict(parsed.models.select("source_name", "is_moe").iter_rows()) == {"a/dense": False, "a/mixture": True}
    claims = parsed.parameter_claims.select("source_name", "kind", "params")
    assert sorted(claims.iter_rows()) == [
        ("a/dense", "total", 2_000_000_000), ("a/mixture", "active", 13_000_000_000), ("a/mixture", "total", 47_000_000_000)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "setting"),
    [
        ("simple-evals, high", "high"),
        ("Diamond, thinking no tools", "thinking no tools"),
        ("Kimi-K2 README, without thinking", "without thinking"),
        ("Reasoning Mode (w/o Tool Use)", "Reasoning Mode w/o Tool Use"),
        ("diamond accuracy (no tools)", "no tools"),
        ("Without tools", "Without tools"),
        ("Diamond: Extended thinking (up to 64K tokens), single try", "Extended thinking (up to 64K tokens)"),
        ("Graduate-level reasoning", "n/a"),
    ],
)
def test_effort_budget_and_tools_that_a_protocol_states_are_the_setting(protocol: str, setting: str) -> None:
    rows = SCORES.head(1).with_columns(protocol=pl.lit(protocol))
    parsed = read("reference", rows.write_csv().encode(), path="reference_scores.csv")
    assert parsed.scores["setting"].to_list() == [setting]


def test_every_model_of_the_articles_table_has_an_mmlu_of_its_makers_with_as_many_shots_as_the_printed_one() -> None:
    printed = POLICY.frame("article_table").filter(cell="mmlu_pct").select("model_id", "n_shot")
    of_makers = SCORES.filter(pl.col("variant_id").str.starts_with("mmlu_reported"))
    assert printed.join(of_makers, on=["model_id", "n_shot"], how="anti").is_empty()
