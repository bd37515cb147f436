"""Open LLM Leaderboard v1, the evidence: result files of single runs, with every subtask.

One file is one run of one model; several files of a model are several runs, distinguished by `run_id`.
MMLU is the unweighted mean of `acc` over all 57 subjects; if one is missing, there is no score.
"""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.harness.file import LEFT_OUT, LEFT_OUT_BECAUSE, is_result_file
from leaderboard_etl.sources.shared.harness.rows import parsed_runs

SOURCE_ID = "olb_v1_results"
_VARIANTS = (
    "mmlu_olb_v1",
    "arc_challenge_olb_v1",
    "hellaswag_olb_v1",
    "truthfulqa_olb_v1",
    "winogrande_olb_v1",
    "gsm8k_olb_v1",
)


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every metric of every file, and the scores that this leaderboard defines."""
    # The leaderboard itself made all files of this generation.
    return parsed_runs(SOURCE_ID, files, policy, _VARIANTS, unsigned="leaderboard")


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Result files of single runs, Open LLM Leaderboard v1",
    repo_type="dataset",
    repo_id="open-llm-leaderboard-old/results",
    wants=is_result_file,
    parse=parse,
    reported_by=("leaderboard",),
    variants=_VARIANTS,
    leaderboard="olb_v1",
    left_out=LEFT_OUT,
    left_out_because=LEFT_OUT_BECAUSE,
    works=(
        Work(
            "Beeching et al., Open LLM Leaderboard (2023), Hugging Face; results of the single runs",
            "not stated by the dataset",
            "https://huggingface.co/datasets/open-llm-leaderboard-old/results",
        ),
    ),
)
