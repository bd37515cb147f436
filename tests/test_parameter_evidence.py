"""Which statement about a size is used, which is doubted or refused, and what copies take from their base."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.evidence import choose, parameter_evidence
from leaderboard_etl.normalize.lineage import bases, weights_of
from leaderboard_etl.policy import read_policy

METHODS = read_policy().frame("parameter_methods")
NO_BASES = pl.DataFrame(schema={"model_id": pl.String, "base_model_id": pl.String})
NO_ALIASES = pl.DataFrame(schema=dict.fromkeys(("source_id", "source_name", "model_id"), pl.String))


def claims(*rows: tuple[str, int | None]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema={"method": pl.String, "params": pl.Int64}, orient="row")
    names = ("source_id", "source_name", "precision", "path", "reason")
    return frame.with_columns(
        pl.lit("m").alias("model_id"),
        pl.lit("total").alias("kind"),
        pl.lit(False).alias("is_doubtful"),
        *[pl.lit(None, pl.String).alias(n) for n in names],
    )


def chosen(frame: pl.DataFrame) -> list[tuple[str, int]]:
    return choose(frame, METHODS).filter("is_chosen").select("method", "params").rows()


def test_the_best_method_that_states_a_number_is_chosen() -> None:
    assert chosen(claims(("name", 7), ("leaderboard", 8), ("safetensors", None))) == [("leaderboard", 8)]
    assert chosen(claims(("name", 7), ("override", 9), ("safetensors", 8))) == [("override", 9)]


def test_nothing_is_chosen_where_no_method_states_a_number() -> None:
    assert chosen(claims(("name", None), ("leaderboard", None))) == []


def test_a_method_that_differs_by_more_than_a_tenth_is_flagged_and_the_best_one_kept() -> None:
    rows = choose(claims(("safetensors", 100), ("leaderboard", 111), ("name", 110)), METHODS)
    assert dict(rows.select("method", "is_disagreeing").rows()) == {
        "safetensors": False,
        "leaderboard": True,
        "name": False,
    }


def test_whole_billions_yield_to_a_name_and_disagree_only_beyond_one() -> None:
    cut = claims(("name", 2_700_000_000), ("leaderboard_whole", 2_000_000_000))
    assert chosen(cut) == [("name", 2_700_000_000)]
    assert not choose(cut, METHODS)["is_disagreeing"].any()
    far = claims(("name", 2_700_000_000), ("leaderboard_whole", 5_000_000_000))
    assert choose(far, METHODS)["is_disagreeing"].sum() == 1


def test_a_doubtful_statement_is_used_only_without_a_sound_one() -> None:
    frame = claims(("leaderboard", 4), ("name", 8)).with_columns(
        (pl.col("method") == "leaderboard").alias("is_doubtful")
    )
    assert chosen(frame) == [("name", 8)]
    assert chosen(frame.filter("is_doubtful")) == [("leaderboard", 4)]


def statement(model_id: str, base: str | None = None, **facts: Any) -> dict[str, Any]:
    row = {"model_id": model_id, "source_name": model_id, "base_model_text": base}
    return (
        {"source_id": "olb_v2_contents", "precision": "float16", "repo_id": "r", "revision": "c", "path": "p"}
        | row
        | facts
    )


def _with_id(table: str) -> dict[str, pl.DataType]:
    return {"model_id": pl.String(), **frame_schema(table)}


def statements(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_with_id("history.models"), orient="row")


def claim(model_id: str, method: str, params: int | None, **facts: Any) -> dict[str, Any]:
    row = {"model_id": model_id, "source_name": model_id, "method": method, "params": params, "kind": "total"}
    return (
        {"source_id": "olb_v2_contents", "precision": "float16", "repo_id": "r", "revision": "c", "path": "p"}
        | row
        | facts
    )


def evidence(said: list[dict[str, Any]], made: list[dict[str, Any]], *overrides: tuple[str, str, str]) -> pl.DataFrame:
    schema = dict.fromkeys(("model_id", "kind", "params", "source_url", "reason"), pl.String)
    rows = [(*row, "https://example.org", "r") for row in overrides]
    frame = statements(*said)
    made_frame = pl.DataFrame(made, schema=_with_id("history.parameter_claims"), orient="row")
    policy = pl.DataFrame(rows, schema=schema, orient="row")
    return parameter_evidence(made_frame, frame, bases(frame, NO_BASES, NO_ALIASES), policy, METHODS)


def size(found: pl.DataFrame, model_id: str) -> tuple[Any, ...] | None:
    rows = found.filter((pl.col("model_id") == model_id) & (pl.col("kind") == "total") & pl.col("is_chosen"))
    return rows.select("method", "params").rows()[0] if rows.height else None


def reasons(found: pl.DataFrame, model_id: str, method: str) -> list[Any]:
    return found.filter((pl.col("model_id") == model_id) & (pl.col("method") == method))["reason"].to_list()


def test_a_size_that_only_another_of_its_names_states_counts_with_that_name_as_its_place() -> None:
    found = evidence([statement("o/raven", display_name="Raven-14B"), statement("o/raven", display_name="Raven")], [])
    assert size(found, "o/raven") == ("name", 14_000_000_000)
    assert found.filter("is_chosen")["locator"].to_list() == ["name Raven-14B"]
    aliased = evidence([statement("w/palmyra", source_name="g/Palmyra-43B")], [])
    assert size(aliased, "w/palmyra") == ("name", 43_000_000_000)


def test_names_that_state_different_sizes_give_none_and_the_id_goes_before_other_names() -> None:
    differing = evidence([statement("o/x", display_name="X-7B"), statement("o/x", display_name="X-8B")], [])
    assert size(differing, "o/x") is None
    assert reasons(differing, "o/x", "name") == ["its names state several sizes"]
    assert size(evidence([statement("o/x-7b", display_name="X-8B")], []), "o/x-7b") == ("name", 7_000_000_000)


def test_a_quantised_copy_has_the_size_of_its_base_and_says_whose() -> None:
    found = evidence(
        [statement("o/x-7b"), statement("q/x-7b-GPTQ", "o/x-7b")],
        [claim("o/x-7b", "leaderboard", 7_240_000_000), claim("q/x-7b-GPTQ", "leaderboard", 9_000_000_000)],
    )
    assert size(found, "q/x-7b-GPTQ") == ("base_model", 7_240_000_000)
    assert reasons(found, "q/x-7b-GPTQ", "base_model") == ["o/x-7b by leaderboard"]
    assert reasons(found, "q/x-7b-GPTQ", "leaderboard") == ["9000000000 is a count of packed weights"]


def test_a_copys_own_config_yields_to_its_base_but_not_to_its_bases_name() -> None:
    said = [statement("o/x-7b"), statement("q/x-AWQ", "o/x-7b")]
    config = claim("q/x-AWQ", "config", 7_100_000_000)
    assert size(evidence(said, [config, claim("o/x-7b", "safetensors", 7_240_000_000)]), "q/x-AWQ") == (
        "base_model",
        7_240_000_000,
    )
    assert size(evidence(said, [config]), "q/x-AWQ") == ("config", 7_100_000_000)
    assert size(evidence(said, []), "q/x-AWQ") == ("base_model", 7_000_000_000)


def test_a_copy_of_a_copy_has_the_size_of_the_original() -> None:
    found = evidence(
        [statement("o/x"), statement("o/x-lora", "o/x", weight_type="Adapter"), statement("q/x-lora-AWQ", "o/x-lora")],
        [claim("o/x", "config", 7_000_000_000)],
    )
    assert size(found, "q/x-lora-AWQ") == ("base_model", 7_000_000_000)


def test_an_adapter_is_its_base_and_its_own_weights() -> None:
    found = evidence(
        [statement("o/x"), statement("a/lora", "o/x", weight_type="Adapter")],
        [
            claim("o/x", "config", 7_000_000_000),
            claim("a/lora", "safetensors", 40_000_000),
            claim("a/lora", "leaderboard", 14_000_000_000),
        ],
    )
    assert size(found, "a/lora") == ("base_model", 7_040_000_000)
    assert not found.filter(pl.col("is_disagreeing") & ~pl.col("is_doubtful")).height


def test_an_adapters_own_count_may_have_its_own_kind() -> None:
    found = evidence(
        [statement("o/x"), statement("a/lora", "o/x", weight_type="Adapter")],
        [claim("o/x", "config", 7_000_000_000), claim("a/lora", "safetensors", 40_000_000, kind="adapter")],
    )
    assert size(found, "a/lora") == ("base_model", 7_040_000_000)


SAVED = "saves embed_tokens, lm_head whole, which replace those"


@pytest.mark.parametrize(
    ("embedding", "total", "reason"),
    [
        # Llama 3 8B: half a billion weights of embedding and of head, and 41.9 million of the adapter's own matrices.
        (525_336_576, 8_072_204_288, f"o/x by config, and 41943040 of the adapter; it {SAVED}"),
        (None, 8_030_261_248, f"o/x by config; it {SAVED}"),
    ],
)
def test_modules_that_an_adapter_saves_whole_replace_those_of_its_base(
    embedding: int | None, total: int, reason: str
) -> None:
    found = evidence(
        [statement("o/x"), statement("a/lora", "o/x", weight_type="Adapter")],
        [
            claim("o/x", "config", 8_030_261_248),
            claim("o/x", "config", embedding, kind="embedding"),
            claim("a/lora", "safetensors", 1_092_616_192, kind="adapter"),
            claim("a/lora", "config", None, kind="adapter", reason=SAVED),
        ],
    )
    assert size(found, "a/lora") == ("base_model", total)
    assert reasons(found, "a/lora", "base_model") == [reason]


def test_an_adapter_that_was_merged_into_its_base_keeps_its_own_count() -> None:
    found = evidence(
        [statement("o/x"), statement("a/lora", "o/x", weight_type="Adapter")],
        [claim("o/x", "config", 7_000_000_000), claim("a/lora", "safetensors", 7_040_000_000)],
    )
    assert size(found, "a/lora") == ("safetensors", 7_040_000_000)


def active(found: pl.DataFrame, model_id: str) -> list[tuple[str, int]]:
    rows = found.filter((pl.col("model_id") == model_id) & (pl.col("kind") == "active") & pl.col("is_chosen"))
    return rows.select("method", "params").rows()


def test_a_fine_tune_of_a_mixture_has_its_bases_active_parameters_in_spite_of_its_name() -> None:
    """zephyr-orpo-141b-A35b: 35 is 140.6 x 2/8, but attention and embeddings are always active."""
    said = [
        statement("o/x-141b"),
        statement("t/tuned-141b-A35b", "o/x-141b"),
        statement("t/again", "t/tuned-141b-A35b"),
    ]
    sizes = [claim(row["model_id"], "leaderboard", 140_600_000_000) for row in said]
    found = evidence(said, [*sizes, claim("o/x-141b", "config", 39_000_000_000, kind="active")])
    assert active(found, "t/tuned-141b-A35b") == active(found, "t/again") == [("base_model", 39_000_000_000)]
    assert found.filter(pl.col("is_disagreeing"))["method"].to_list() == ["name"]


def test_a_fine_tune_with_another_size_than_its_base_has_unknown_active_parameters() -> None:
    said = [statement("o/x"), statement("t/pruned", "o/x")]
    sizes = [claim("o/x", "config", 46_000_000_000), claim("t/pruned", "config", 35_000_000_000)]
    found = evidence(said, [*sizes, claim("o/x", "config", 13_000_000_000, kind="active")])
    assert active(found, "t/pruned") == []


def test_packed_weights_without_a_base_and_a_name_are_no_size() -> None:
    found = evidence([statement("q/chat-GPTQ")], [claim("q/chat-GPTQ", "leaderboard_whole", 53_000_000_000)])
    assert size(found, "q/chat-GPTQ") is None


@pytest.mark.parametrize("params", [4_015_000_000, 16_060_000_000])
def test_half_or_double_of_the_name_yields_to_it(params: int) -> None:
    # https://huggingface.co/spaces/open-llm-leaderboard/open_llm_leaderboard/discussions/1049
    found = evidence([statement("o/x-8B")], [claim("o/x-8B", "leaderboard", params)])
    assert size(found, "o/x-8B") == ("name", 8_000_000_000)


def test_double_the_size_in_the_name_is_accepted_for_a_mixture_of_experts() -> None:
    found = evidence(
        [statement("o/x-7B", architecture="MixtralForCausalLM")], [claim("o/x-7B", "leaderboard", 13_500_000_000)]
    )
    assert size(found, "o/x-7B") == ("leaderboard", 13_500_000_000)


@pytest.mark.parametrize(
    ("name", "billions"), [("64bits/LexPodLM-13B", 64), ("o/internlm2-1_8b", 8)], ids=["owner", "underscore"]
)
def test_what_the_leaderboard_misread_in_a_name_yields_to_our_reading(name: str, billions: int) -> None:
    found = evidence([statement(name)], [claim(name, "leaderboard_whole", billions * 10**9)])
    assert (size(found, name) or ("",))[0] == "name"


@pytest.mark.parametrize(("name", "billions"), [("o/Hermes-2x7b", 7), ("o/phi_merged_16bit", 16)])
def test_experts_and_bits_that_the_leaderboard_took_for_a_size_are_ignored(name: str, billions: int) -> None:
    found = evidence([statement(name)], [claim(name, "leaderboard", billions * 10**9)])
    assert size(found, name) is None


def test_a_count_in_whole_billions_that_is_not_a_rounding_overrides_the_name() -> None:
    found = evidence([statement("o/lion-2b")], [claim("o/lion-2b", "leaderboard_whole", 8_000_000_000)])
    assert size(found, "o/lion-2b") == ("leaderboard_whole", 8_000_000_000)
    assert reasons(found, "o/lion-2b", "name") == ["the leaderboard counted another size"]


def test_an_override_settles_a_disagreement() -> None:
    said = [claim("o/x", "config", 2_000_000_000), claim("o/x", "leaderboard", 2_500_000_000)]
    assert size(evidence([statement("o/x")], said), "o/x") == ("config", 2_000_000_000)
    assert size(evidence([statement("o/x")], said, ("O/X", "total", "2.5e9")), "o/x") == ("override", 2_500_000_000)


def test_the_relation_to_the_base_is_derived_from_tables_and_names() -> None:
    found = bases(
        statements(
            statement("o/x"),
            statement("o/x-FP8"),
            statement("q/x-GPTQ-4bit-128g", "o/X"),
            statement("a/lora", "o/x", weight_type="Adapter"),
            statement("o/merged", is_merge=True),
            statement("o/tuned", "gone/base"),
            statement("o/itself", "o/Itself"),
        ),
        NO_BASES,
        NO_ALIASES,
    )
    assert found.rows() == [
        ("a/lora", "o/x", "adapter"),
        ("o/merged", None, "merge"),
        ("o/tuned", "gone/base", "finetune"),
        ("o/x-FP8", "o/x", "quantized"),
        ("q/x-GPTQ-4bit-128g", "o/x", "quantized"),
    ]


@pytest.mark.parametrize(
    ("chat", "base"),
    [
        ("v/Yi-6B-Chat", "v/Yi-6B"),
        ("v/llama-2-7b-chat-hf", "v/llama-2-7b-hf"),
        ("v/granite-8b-Instruct", "v/granite-8b-base"),
        ("v/Yi-6B-Chat-16K", None),
        ("other/Yi-6B-Chat", None),
    ],
)
def test_a_vendors_chat_model_was_made_from_its_model_of_the_same_name(chat: str, base: str | None) -> None:
    names = ("v/Yi-6B", "v/llama-2-7b-hf", "v/granite-8b-base", "other/Yi-6B", chat)
    kin = bases(statements(*(statement(name) for name in names)), NO_BASES, NO_ALIASES, ["V"])
    made = [(chat, base, "finetune")] if base else []
    assert kin.select("model_id", "base_model_id", "base_model_relation").rows() == made


def test_a_base_is_known_under_every_name_that_leads_to_it() -> None:
    renamed = statement("o/new", source_name="o/old")
    found = bases(statements(renamed, statement("o/tuned", "O/Old")), NO_BASES, NO_ALIASES)
    assert found.rows() == [("o/tuned", "o/new", "finetune")]


def test_a_former_repository_name_of_a_base_leads_to_the_current_model() -> None:
    # https://huggingface.co/meta-llama/Llama-3.1-8B still answers to its first name.
    tuned = statement("o/tuned", "meta-llama/Meta-Llama-3.1-8B")
    found = bases(statements(tuned), NO_BASES, read_policy().frame("model_aliases"))
    assert found.rows() == [("o/tuned", "meta-llama/Llama-3.1-8B", "finetune")]


def test_a_base_in_policy_overrides_a_stated_one() -> None:
    curated = pl.DataFrame({"model_id": ["Q/X-gptq"], "base_model_id": ["o/right"]})
    found = bases(statements(statement("q/x-GPTQ", "o/wrong"), statement("o/right")), curated, NO_ALIASES)
    assert found.rows() == [("q/x-GPTQ", "o/right", "quantized")]


def test_copies_in_a_circle_have_no_root() -> None:
    kin = pl.DataFrame(
        {"model_id": ["a", "b"], "base_model_id": ["b", "a"], "base_model_relation": ["quantized", "quantized"]}
    )
    assert weights_of(kin).filter(pl.col("model_id") == pl.col("root_id")).is_empty()
