"""Who measured what each collection holds, and the licence of its figures, which is not that of the datastore."""

from __future__ import annotations

from leaderboard_etl.sources.description import Collection, Work

_HELM = "https://crfm.stanford.edu/helm"
_HELM_LICENSE = "Apache-2.0 (its code); none stated for the results"

COLLECTIONS = (
    Collection(
        "artificial-analysis-llms",
        "Artificial Analysis: GPQA Diamond and MMLU-Pro of its own runs, and prices of tokens",
        (Work("Artificial Analysis, LLM API", "free with attribution", "https://artificialanalysis.ai/"),),
        ("third_party",),
        ("gpqa_diamond_aa", "mmlu_pro_aa"),
    ),
    Collection(
        "helm-capabilities",
        "HELM Capabilities: a sample of MMLU-Pro, and GPQA's main set",
        (Work("Stanford CRFM, HELM Capabilities (2025)", _HELM_LICENSE, f"{_HELM}/capabilities/latest/"),),
        ("third_party",),
        ("gpqa_main_helm_0shot_cot", "mmlu_pro_helm_0shot_cot"),
    ),
    Collection(
        "helm-classic",
        "HELM Classic: five subjects of MMLU, 2022 and 2023",
        (
            Work(
                "Liang et al., Holistic Evaluation of Language Models (2022), arXiv:2211.09110; HELM Classic",
                _HELM_LICENSE,
                f"{_HELM}/classic/latest/",
            ),
        ),
        ("third_party",),
        ("mmlu_helm_classic_5shot",),
    ),
    Collection(
        "helm-lite",
        "HELM Lite: five subjects of MMLU",
        (Work("Stanford CRFM, HELM Lite (2023)", _HELM_LICENSE, f"{_HELM}/lite/latest/"),),
        ("third_party",),
        ("mmlu_helm_lite_5shot",),
    ),
    Collection(
        "helm-mmlu",
        "HELM MMLU: all 57 subjects, the same prompts for every model",
        (Work("Stanford CRFM, HELM MMLU (2024)", _HELM_LICENSE, f"{_HELM}/mmlu/latest/"),),
        ("third_party",),
        ("mmlu_helm_5shot",),
        repeats_source_id="reference",
    ),
    Collection(
        "hfopenllm-v2",
        "Open LLM Leaderboard v2, converted: only compared with its own table",
        (
            Work(
                "Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face",
                "not stated by the dataset",
                "https://huggingface.co/datasets/open-llm-leaderboard/contents",
            ),
        ),
        (),
        (),
        repeats_source_id="olb_v2_contents",
        rounded_to_pct=0.01,
    ),
    Collection(
        "llm-stats",
        "LLM Stats: what vendors and others report",
        (Work("LLM Stats, API", "none stated", "https://llm-stats.com/developer"),),
        ("third_party", "vendor"),
        (
            *("gpqa_diamond_reported", "gpqa_reported", "humaneval_plus_reported", "humaneval_reported"),
            *("mmlu_pro_reported", "mmlu_reported"),
        ),
    ),
    Collection(
        "mmlu-pro",
        "MMLU-Pro leaderboard of TIGER-Lab, converted",
        (
            Work(
                "Wang et al., MMLU-Pro (2024), arXiv:2406.01574; submissions to its leaderboard",
                "Apache-2.0 (card of the dataset)",
                "https://huggingface.co/datasets/TIGER-Lab/mmlu_pro_leaderboard_submission",
                "Apache-2.0",
            ),
        ),
        ("third_party", "vendor"),
        ("mmlu_pro_reported", "mmlu_pro_tiger_5shot_cot"),
        repeats_source_id="mmlu_pro_leaderboard",
    ),
    Collection(
        "vals-ai",
        "Vals AI: GPQA Diamond and MMLU-Pro of its own runs",
        (Work("Vals AI, benchmarks", "none stated", "https://www.vals.ai/benchmarks"),),
        ("third_party",),
        ("gpqa_diamond_vals", "gpqa_diamond_vals_0shot_cot", "mmlu_pro_vals"),
    ),
)
