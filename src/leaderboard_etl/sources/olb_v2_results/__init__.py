"""Open LLM Leaderboard v2, the evidence: result files of single runs, with every subtask.

One file is one run of one model; several files of a model are several runs, distinguished by `run_id`.
IFEval is the mean of its two strict accuracies; BBH, GPQA, MATH and MuSR weight their subtasks by questions.
"""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.harness.file import LEFT_OUT, LEFT_OUT_BECAUSE, is_result_file
from leaderboard_etl.sources.shared.harness.rows import parsed_runs

SOURCE_ID = "olb_v2_results"
_VARIANTS = (
    "gpqa_olb_v2",
    "mmlu_pro_olb_v2",
    "bbh_olb_v2",
    "math_lvl5_olb_v2",
    "musr_olb_v2",
    "ifeval_olb_v2",
)


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every metric of every file, and the scores that this leaderboard defines."""
    return parsed_runs(SOURCE_ID, files, policy, _VARIANTS)


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Result files of single runs, Open LLM Leaderboard v2",
    repo_type="dataset",
    repo_id="open-llm-leaderboard/results",
    wants=is_result_file,
    parse=parse,
    reported_by=("leaderboard", "community"),
    variants=_VARIANTS,
    leaderboard="olb_v2",
    left_out=LEFT_OUT,
    left_out_because=LEFT_OUT_BECAUSE,
    works=(
        Work(
            "Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face; results of the single runs",
            "not stated by the dataset",
            "https://huggingface.co/datasets/open-llm-leaderboard/results",
        ),
    ),
)
