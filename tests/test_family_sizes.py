"""Golden: sizes from config.json equal the published figures of the model families, each with its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leaderboard_etl.sizes.architecture import config_parameters

HF = "https://huggingface.co/"
# This column counts the weights in the files, to the million.
TABLE = f"{HF}datasets/open-llm-leaderboard/contents"


def dense(model_type: str, hidden: int, layers: int, heads: int, kv: int, width: int, vocab: int, **more: Any) -> Any:
    return {
        "model_type": model_type,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "intermediate_size": width,
        "vocab_size": vocab,
        **more,
    }


def routed(experts: int, chosen: int, **more: Any) -> dict[str, Any]:
    return {"num_local_experts": experts, "num_experts_per_tok": chosen, **more}


LATENT = {"q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
DBRX = {
    "model_type": "dbrx",
    "d_model": 6144,
    "n_layers": 40,
    "n_heads": 48,
    "vocab_size": 100352,
    "attn_config": {"kv_n_heads": 8},
    "ffn_config": {"moe_num_experts": 16, "moe_top_k": 4, "ffn_hidden_size": 10752},
}
FALCON_40B = {
    "model_type": "falcon",
    "hidden_size": 8192,
    "num_hidden_layers": 60,
    "num_attention_heads": 128,
    "num_kv_heads": 8,
    "new_decoder_architecture": True,
    "vocab_size": 65024,
}
FALCON_7B = {
    "model_type": "falcon",
    "hidden_size": 4544,
    "num_hidden_layers": 32,
    "num_attention_heads": 71,
    "multi_query": True,
    "parallel_attn": True,
    "vocab_size": 65024,
}

FALCON_180B = {**FALCON_40B, "hidden_size": 14848, "num_hidden_layers": 80, "num_attention_heads": 232}
LLAMA_4_SCOUT = dense("llama4_text", 5120, 48, 40, 8, 8192, 202048, intermediate_size_mlp=16384, **routed(16, 1))
DEEPSEEK_MOE_16B = dense(
    "deepseek",
    2048,
    28,
    16,
    16,
    10944,
    102400,
    moe_intermediate_size=1408,
    n_routed_experts=64,
    n_shared_experts=2,
    num_experts_per_tok=6,
    first_k_dense_replace=1,
)

GPT2 = {"model_type": "gpt2", "n_positions": 1024, "vocab_size": 50257, "n_inner": None}
BLOOM = {"model_type": "bloom", "vocab_size": 250880}
MPT_7B = {
    "model_type": "mpt",
    "d_model": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "expansion_ratio": 4,
    "vocab_size": 50432,
}
STABLELM_12B = dense(
    "stablelm", 5120, 40, 32, 8, 13824, 100352, use_qkv_bias=False, use_parallel_residual=True, qk_layernorm=True
)
EXAONE = {**dense("exaone", 4096, 32, 32, 8, 14336, 102400, num_layers=32), "num_hidden_layers": None}

# name, config.json as published, total and active parameters in billions as published, and where.
GOLDEN: list[tuple[str, dict[str, Any], float, float, str]] = [
    ("LLaMA 7B", dense("llama", 4096, 32, 32, 32, 11008, 32000), 6.7, 6.7, "https://arxiv.org/abs/2302.13971"),
    ("LLaMA 65B", dense("llama", 8192, 80, 64, 64, 22016, 32000), 65.2, 65.2, "https://arxiv.org/abs/2302.13971"),
    ("Llama 2 7B", dense("llama", 4096, 32, 32, 32, 11008, 32000), 6.74, 6.74, f"{HF}meta-llama/Llama-2-7b-hf"),
    ("Llama 2 70B", dense("llama", 8192, 80, 64, 8, 28672, 32000), 68.98, 68.98, f"{HF}meta-llama/Llama-2-70b-hf"),
    ("Llama 3 8B", dense("llama", 4096, 32, 32, 8, 14336, 128256), 8.03, 8.03, f"{HF}meta-llama/Meta-Llama-3-8B"),
    ("Llama 3 70B", dense("llama", 8192, 80, 64, 8, 28672, 128256), 70.55, 70.55, f"{HF}meta-llama/Meta-Llama-3-70B"),
    (
        "Llama 3.1 405B",
        dense("llama", 16384, 126, 128, 8, 53248, 128256),
        405.85,
        405.85,
        f"{HF}meta-llama/Llama-3.1-405B",
    ),
    (
        "Llama 3.2 1B",
        dense("llama", 2048, 16, 32, 8, 8192, 128256, head_dim=64, tie_word_embeddings=True),
        1.23,
        1.23,
        f"{HF}meta-llama/Llama-3.2-1B",
    ),
    ("Mistral 7B", dense("mistral", 4096, 32, 32, 8, 14336, 32000), 7.24, 7.24, f"{HF}mistralai/Mistral-7B-v0.1"),
    (
        "Mixtral 8x7B",
        dense("mixtral", 4096, 32, 32, 8, 14336, 32000, **routed(8, 2)),
        46.7,
        12.9,
        "https://mistral.ai/news/mixtral-of-experts/",
    ),
    (
        "Mixtral 8x22B",
        dense("mixtral", 6144, 56, 48, 8, 16384, 32768, **routed(8, 2)),
        141,
        39,
        "https://mistral.ai/news/mixtral-8x22b/",
    ),
    (
        "DeepSeek-V2",
        dense(
            "deepseek_v2",
            5120,
            60,
            128,
            128,
            12288,
            102400,
            moe_intermediate_size=1536,
            n_routed_experts=160,
            n_shared_experts=2,
            num_experts_per_tok=6,
            first_k_dense_replace=1,
            **LATENT,
        ),
        236,
        21,
        "https://arxiv.org/abs/2405.04434",
    ),
    (
        "DeepSeek-V3",
        dense(
            "deepseek_v3",
            7168,
            61,
            128,
            128,
            18432,
            129280,
            moe_intermediate_size=2048,
            n_routed_experts=256,
            n_shared_experts=1,
            num_experts_per_tok=8,
            first_k_dense_replace=3,
            **LATENT,
        ),
        671,
        37,
        "https://arxiv.org/abs/2412.19437",
    ),
    ("Qwen1.5 7B", dense("qwen2", 4096, 32, 32, 32, 11008, 151936), 7.72, 7.72, f"{HF}Qwen/Qwen1.5-7B"),
    (
        "Qwen1.5 MoE A2.7B",
        dense(
            "qwen2_moe",
            2048,
            24,
            16,
            16,
            5632,
            151936,
            num_experts=60,
            num_experts_per_tok=4,
            moe_intermediate_size=1408,
            shared_expert_intermediate_size=5632,
        ),
        14.3,
        2.7,
        "https://qwenlm.github.io/blog/qwen-moe/",
    ),
    ("Qwen2 7B", dense("qwen2", 3584, 28, 28, 4, 18944, 152064), 7.62, 7.62, "https://arxiv.org/abs/2407.10671"),
    ("Qwen2 72B", dense("qwen2", 8192, 80, 64, 8, 29568, 152064), 72.71, 72.71, "https://arxiv.org/abs/2407.10671"),
    (
        "Qwen2 57B-A14B",
        dense(
            "qwen2_moe",
            3584,
            28,
            28,
            4,
            18944,
            151936,
            num_experts=64,
            num_experts_per_tok=8,
            moe_intermediate_size=2560,
            shared_expert_intermediate_size=20480,
        ),
        57.4,
        14.2,
        f"{HF}Qwen/Qwen2-57B-A14B",
    ),
    ("Qwen2.5 32B", dense("qwen2", 5120, 64, 40, 8, 27648, 152064), 32.5, 32.5, f"{HF}Qwen/Qwen2.5-32B"),
    ("Qwen3 8B", dense("qwen3", 4096, 36, 32, 8, 12288, 151936, head_dim=128), 8.2, 8.2, f"{HF}Qwen/Qwen3-8B"),
    (
        "Qwen3 30B-A3B",
        dense(
            "qwen3_moe",
            2048,
            48,
            32,
            4,
            6144,
            151936,
            head_dim=128,
            num_experts=128,
            num_experts_per_tok=8,
            moe_intermediate_size=768,
        ),
        30.5,
        3.3,
        f"{HF}Qwen/Qwen3-30B-A3B",
    ),
    (
        "Qwen3 235B-A22B",
        dense(
            "qwen3_moe",
            4096,
            94,
            64,
            4,
            12288,
            151936,
            head_dim=128,
            num_experts=128,
            num_experts_per_tok=8,
            moe_intermediate_size=1536,
        ),
        235,
        22,
        f"{HF}Qwen/Qwen3-235B-A22B",
    ),
    ("Gemma 2B", dense("gemma", 2048, 18, 8, 1, 16384, 256000, head_dim=256), 2.51, 2.51, f"{HF}google/gemma-2b"),
    ("Gemma 7B", dense("gemma", 3072, 28, 16, 16, 24576, 256000, head_dim=256), 8.54, 8.54, f"{HF}google/gemma-7b"),
    ("Gemma 2 9B", dense("gemma2", 3584, 42, 16, 8, 14336, 256000, head_dim=256), 9.24, 9.24, f"{HF}google/gemma-2-9b"),
    (
        "Gemma 2 27B",
        dense("gemma2", 4608, 46, 32, 16, 36864, 256000, head_dim=128),
        27.23,
        27.23,
        f"{HF}google/gemma-2-27b",
    ),
    ("Phi-2", dense("phi", 2560, 32, 32, 32, 10240, 51200), 2.78, 2.78, f"{HF}microsoft/phi-2"),
    (
        "Phi-3 mini",
        dense("phi3", 3072, 32, 32, 32, 8192, 32064),
        3.82,
        3.82,
        f"{HF}microsoft/Phi-3-mini-4k-instruct",
    ),
    ("Falcon 7B", FALCON_7B, 7.22, 7.22, f"{HF}tiiuae/falcon-7b"),
    ("Falcon 40B", FALCON_40B, 41.8, 41.8, f"{HF}tiiuae/falcon-40b"),
    ("DBRX", DBRX, 132, 36, "https://www.databricks.com/blog/introducing-dbrx-new-state-art-open-llm"),
    (
        "gpt-oss-120b",
        dense("gpt_oss", 2880, 36, 64, 8, 2880, 201088, head_dim=64, **routed(128, 4)),
        116.83,
        5.13,
        "https://arxiv.org/abs/2508.10925",
    ),
    (
        "gpt-oss-20b",
        dense("gpt_oss", 2880, 24, 64, 8, 2880, 201088, head_dim=64, **routed(32, 4)),
        20.91,
        3.61,
        "https://arxiv.org/abs/2508.10925",
    ),
    (
        "OLMoE 1B-7B",
        dense("olmoe", 2048, 16, 16, 16, 1024, 50304, num_experts=64, num_experts_per_tok=8),
        6.92,
        1.28,
        "https://arxiv.org/abs/2409.02060",
    ),
    (
        "Granite 3.1 8B",
        dense("granite", 4096, 40, 32, 8, 12800, 49155, tie_word_embeddings=True),
        8.17,
        8.17,
        f"{HF}ibm-granite/granite-3.1-8b-base",
    ),
    (
        "Granite 3.1 1B-A400M",
        dense("granitemoe", 1024, 24, 16, 8, 512, 49155, tie_word_embeddings=True, **routed(32, 8)),
        1.33,
        0.43,
        f"{HF}ibm-granite/granite-3.1-1b-a400m-base",
    ),
    ("LLaMA 13B", dense("llama", 5120, 40, 40, 40, 13824, 32000), 13.0, 13.0, "https://arxiv.org/abs/2302.13971"),
    ("LLaMA 33B", dense("llama", 6656, 60, 52, 52, 17920, 32000), 32.5, 32.5, "https://arxiv.org/abs/2302.13971"),
    ("Llama 2 13B", dense("llama", 5120, 40, 40, 40, 13824, 32000), 13.016, 13.016, TABLE),
    ("Llama 3.2 3B", dense("llama", 3072, 28, 24, 8, 8192, 128256, tie_word_embeddings=True), 3.213, 3.213, TABLE),
    ("Llama 4 Scout", LLAMA_4_SCOUT, 107.77, 17.17, f"{HF}meta-llama/Llama-4-Scout-17B-16E"),
    ("Mistral Small 24B", dense("mistral", 5120, 40, 32, 8, 32768, 131072, head_dim=128), 23.572, 23.572, TABLE),
    ("DeepSeek MoE 16B", DEEPSEEK_MOE_16B, 16.376, 2.8, "https://arxiv.org/abs/2401.06066"),
    ("Qwen1.5 0.5B", dense("qwen2", 1024, 24, 16, 16, 2816, 151936), 0.62, 0.62, TABLE),
    ("Qwen1.5 14B", dense("qwen2", 5120, 40, 40, 40, 13696, 152064), 14.167, 14.167, TABLE),
    ("Qwen1.5 32B", dense("qwen2", 5120, 64, 40, 8, 27392, 152064), 32.512, 32.512, TABLE),
    ("Qwen1.5 110B", dense("qwen2", 8192, 80, 64, 8, 49152, 152064), 111.21, 111.21, TABLE),
    ("Qwen2 0.5B", dense("qwen2", 896, 24, 14, 2, 4864, 151936, tie_word_embeddings=True), 0.494, 0.494, TABLE),
    ("Qwen2 1.5B", dense("qwen2", 1536, 28, 12, 2, 8960, 151936, tie_word_embeddings=True), 1.544, 1.544, TABLE),
    ("Qwen2.5 7B", dense("qwen2", 3584, 28, 28, 4, 18944, 152064), 7.616, 7.616, TABLE),
    ("Qwen2.5 14B", dense("qwen2", 5120, 48, 40, 8, 13824, 152064), 14.77, 14.77, TABLE),
    ("Qwen2.5 72B", dense("qwen2", 8192, 80, 64, 8, 29568, 152064), 72.706, 72.706, TABLE),
    (
        "Qwen3 0.6B",
        dense("qwen3", 1024, 28, 16, 8, 3072, 151936, head_dim=128, tie_word_embeddings=True),
        0.6,
        0.6,
        "https://arxiv.org/abs/2505.09388",
    ),
    (
        "Qwen3 4B",
        dense("qwen3", 2560, 36, 32, 8, 9728, 151936, head_dim=128, tie_word_embeddings=True),
        4.0,
        4.0,
        f"{HF}Qwen/Qwen3-4B",
    ),
    ("Qwen3 14B", dense("qwen3", 5120, 40, 40, 8, 17408, 151936, head_dim=128), 14.8, 14.8, f"{HF}Qwen/Qwen3-14B"),
    ("Qwen3 32B", dense("qwen3", 5120, 64, 64, 8, 25600, 151936, head_dim=128), 32.8, 32.8, f"{HF}Qwen/Qwen3-32B"),
    ("Gemma 2 2B", dense("gemma2", 2304, 26, 8, 4, 9216, 256000, head_dim=256), 2.614, 2.614, TABLE),
    (
        "Gemma 3 1B",
        dense("gemma3_text", 1152, 26, 4, 1, 6912, 262144, head_dim=256),
        1.0,
        1.0,
        "https://arxiv.org/abs/2503.19786",
    ),
    (
        "Gemma 3 4B, text",
        dense("gemma3_text", 2560, 34, 8, 4, 10240, 262208, head_dim=256),
        3.884,
        3.884,
        "https://arxiv.org/abs/2503.19786",
    ),
    (
        "Gemma 3 12B, text",
        dense("gemma3_text", 3840, 48, 16, 8, 15360, 262208, head_dim=256),
        11.771,
        11.771,
        "https://arxiv.org/abs/2503.19786",
    ),
    (
        "Gemma 3 27B, text",
        dense("gemma3_text", 5376, 62, 32, 16, 21504, 262208, head_dim=128),
        27.016,
        27.016,
        "https://arxiv.org/abs/2503.19786",
    ),
    ("Phi-1", dense("phi", 2048, 24, 32, 32, 8192, 51200), 1.418, 1.418, TABLE),
    ("Phi-1.5", dense("phi", 2048, 24, 32, 32, 8192, 51200), 1.418, 1.418, TABLE),
    ("Phi-3 medium", dense("phi3", 5120, 40, 40, 10, 17920, 32064), 13.96, 13.96, TABLE),
    (
        "Phi-3.5 MoE",
        dense("phimoe", 4096, 32, 32, 8, 6400, 32064, attention_bias=True, lm_head_bias=True, **routed(16, 2)),
        42,
        6.6,
        f"{HF}microsoft/Phi-3.5-MoE-instruct",
    ),
    ("Phi-4", dense("phi3", 5120, 40, 40, 10, 17920, 100352), 14.66, 14.66, TABLE),
    ("Phi-4 mini", dense("phi3", 3072, 32, 24, 8, 8192, 200064, tie_word_embeddings=True), 3.836, 3.836, TABLE),
    ("Falcon 180B", FALCON_180B, 180, 180, f"{HF}tiiuae/falcon-180B"),
    ("OLMo 1B", dense("olmo", 2048, 16, 16, 16, 8192, 50304, tie_word_embeddings=True), 1.177, 1.177, TABLE),
    ("OLMo 7B", dense("olmo", 4096, 32, 32, 32, 11008, 50304), 6.888, 6.888, TABLE),
    ("OLMo 2 7B", dense("olmo2", 4096, 32, 32, 32, 11008, 100352), 7.299, 7.299, TABLE),
    ("Granite 3.1 2B", dense("granite", 2048, 40, 32, 8, 8192, 49155, tie_word_embeddings=True), 2.534, 2.534, TABLE),
    (
        "Granite 3.1 3B-A800M",
        dense("granitemoe", 1536, 32, 24, 8, 512, 49155, tie_word_embeddings=True, **routed(40, 8)),
        3.299,
        0.88,
        f"{HF}ibm-granite/granite-3.1-3b-a800m-base",
    ),
    ("Command R", dense("cohere", 8192, 40, 64, 64, 22528, 256000), 34.981, 34.981, TABLE),
    ("Command R7B", dense("cohere2", 4096, 32, 32, 8, 14336, 256000), 8.028, 8.028, TABLE),
    ("GPT-2", {**GPT2, "n_embd": 768, "n_layer": 12, "n_head": 12}, 0.124, 0.124, "https://github.com/openai/gpt-2"),
    (
        "GPT-2 XL",
        {**GPT2, "n_embd": 1600, "n_layer": 48, "n_head": 25},
        1.558,
        1.558,
        "https://github.com/openai/gpt-2",
    ),
    (
        "BLOOM",
        {**BLOOM, "n_embed": 14336, "n_layer": 70, "num_attention_heads": 112},
        176.25,
        176.25,
        f"{HF}bigscience/bloom",
    ),
    ("BLOOM 560M", {**BLOOM, "n_embed": 1024, "n_layer": 24, "num_attention_heads": 16}, 0.559, 0.559, TABLE),
    ("MPT 7B", MPT_7B, 6.65, 6.65, f"{HF}mosaicml/mpt-7b"),
    (
        "Replit Code 1.5 3B",
        {
            **MPT_7B,
            "d_model": 3072,
            "n_heads": 24,
            "vocab_size": 32768,
            "no_bias": True,
            "attn_config": {"attn_type": "grouped_query_attention", "kv_n_heads": 8},
        },
        3.3,
        3.3,
        f"{HF}replit/replit-code-v1_5-3b",
    ),
    ("StarCoder2 3B", dense("starcoder2", 3072, 30, 24, 2, 12288, 49152), 3.03, 3.03, TABLE),
    (
        "StarCoder2 15B",
        dense("starcoder2", 6144, 40, 48, 4, 24576, 49152, tie_word_embeddings=False),
        15.958,
        15.958,
        TABLE,
    ),
    ("StableLM 2 1.6B", dense("stablelm", 2048, 24, 32, 32, 5632, 100352, use_qkv_bias=True), 1.645, 1.645, TABLE),
    ("StableLM 2 12B", STABLELM_12B, 12.143, 12.143, TABLE),
    ("SmolLM3 3B", dense("smollm3", 2048, 36, 16, 4, 11008, 128256), 3.08, 3.08, f"{HF}HuggingFaceTB/SmolLM3-3B"),
    ("Minitron 4B", dense("nemotron", 3072, 32, 24, 8, 9216, 256000), 4.19, 4.19, f"{HF}nvidia/Minitron-4B-Base"),
    ("EXAONE 3.5 7.8B", EXAONE, 7.818, 7.818, TABLE),
    ("InternLM2.5 7B", dense("internlm2", 4096, 32, 32, 8, 14336, 92544), 7.738, 7.738, TABLE),
    ("OLMo 3 7B", dense("olmo3", 4096, 32, 32, 32, 11008, 100278), 7.3, 7.3, f"{HF}allenai/Olmo-3-1025-7B"),
]


@pytest.mark.parametrize(
    ("config", "total_b", "active_b", "source_url"), [g[1:] for g in GOLDEN], ids=[g[0] for g in GOLDEN]
)
def test_the_computed_size_equals_the_published_one(
    config: dict[str, Any], total_b: float, active_b: float, source_url: str
) -> None:
    found = config_parameters(config)
    assert found.total is not None and found.active is not None and found.reason is None, source_url
    assert found.total / 1e9 == pytest.approx(total_b, rel=0.01), source_url
    assert found.active / 1e9 == pytest.approx(active_b, rel=0.02), source_url


# The keys that matter of published config.json files of newer families, with what the vendor publishes. `stored` is the number of
# parameters by the headers or the index of the repository's weights.
NEWER = json.loads((Path(__file__).parent / "fixtures" / "architectures.json").read_text())


def is_as_published(count: int, published_b: float, tolerance: float) -> bool:
    """Whether a count is within the tolerance of a published figure, or rounds to it where it is in whole billions."""
    billions = count / 1e9
    return abs(billions - published_b) <= tolerance * published_b or round(billions) == published_b


@pytest.mark.parametrize("family", NEWER, ids=[family["name"] for family in NEWER])
def test_the_size_of_newer_families_equals_the_published_one_and_that_of_their_weights(family: dict[str, Any]) -> None:
    found = config_parameters(family["config"])
    assert found.total is not None, found.reason
    if family["total_b"] is not None:
        assert is_as_published(found.total, family["total_b"], 0.01), family["source_url"]
    if family["active_b"] is not None:
        assert found.active is not None and is_as_published(found.active, family["active_b"], 0.02), family[
            "source_url"
        ]
    if family["stored"] is not None:
        # Some repositories hold the layers for multi-token prediction as well.
        totals = (found.total, found.total + (found.prediction or 0))
        assert family["stored"] in [pytest.approx(total, rel=0.001) for total in totals], family["source_url"]
