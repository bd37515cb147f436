"""Result files of lm-evaluation-harness: every shape is read, and scores are made only from complete sets of tasks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, v2_row

from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import apply_rules
from leaderboard_etl.units import RUN_KEY, normalized_by_subtask

POLICY = read_policy()
TASKS = POLICY.frame("harness_tasks")
SHA = "b" * 40
NAME = "results_2024-06-12T10-00-00.123456.json"


def landed(content: Any, *, path: str = f"org/model/{NAME}") -> SourceFile:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return SourceFile(FileVersion("dataset", "r/r", path, "c" * 40, "d" * 40, len(raw), "2025-01-01T00:00:00Z"), raw)


def read(source_id: str, *contents: Any) -> Parsed:
    source = SOURCES[source_id]
    files = [c if isinstance(c, SourceFile) else landed(c) for c in contents]
    return apply_rules(source.parse(files, POLICY), source, POLICY.benchmarks)


def parts(variant_id: str) -> list[str]:
    return TASKS.filter((pl.col("variant_id") == variant_id) & (pl.col("role") == "part"))["task"].to_list()


def mmlu(accuracies: list[float]) -> dict[str, Any]:
    subjects = parts("mmlu_olb_v1")
    return {
        f"harness|{task}|5": {"acc": acc, "acc_stderr": 0.01} for task, acc in zip(subjects, accuracies, strict=False)
    }


def score(parsed: Parsed, variant_id: str) -> float:
    found = parsed.scores.filter(pl.col("variant_id") == variant_id)["score_raw"].to_list()
    assert len(found) == 1, found
    return float(found[0])


def test_v1_mmlu_is_the_unweighted_mean_of_its_57_subjects() -> None:
    # https://huggingface.co/docs/leaderboards/open_llm_leaderboard/archive: "average of all the results acc"
    accuracies = [n / 100 for n in range(57)]
    parsed = read("olb_v1_results", {"results": mmlu(accuracies)})
    assert len(parts("mmlu_olb_v1")) == 57
    assert score(parsed, "mmlu_olb_v1") == pytest.approx(sum(accuracies) / 57, abs=1e-12)


def test_v1_mmlu_is_refused_if_one_subject_is_missing_and_its_metrics_are_kept() -> None:
    parsed = read("olb_v1_results", {"results": mmlu([0.5] * 56)})
    assert parsed.scores.is_empty()
    assert parsed.subtask_scores.height == 56
    rule, text = parsed.quarantine.select("rule", "offending_text").row(0)
    assert (rule, text) == ("aggregate|complete", parts("mmlu_olb_v1")[-1])


def test_mmlu_of_task_version_0_is_refused_as_the_leaderboard_skipped_it() -> None:
    file = {"results": mmlu([0.5] * 57), "versions": {"harness|hendrycksTest-abstract_algebra|5": 0}}
    parsed = read("olb_v1_results", file)
    assert parsed.scores.is_empty()
    assert parsed.quarantine["rule"].to_list() == ["task|version"]


@pytest.mark.parametrize("key", ["harness|arc:challenge|25", "arc:challenge"])
def test_task_names_with_and_without_harness_and_shots_are_the_same_task(key: str) -> None:
    parsed = read("olb_v1_results", {"results": {key: {"acc": 0.5, "acc_norm": 0.6}}})
    assert score(parsed, "arc_challenge_olb_v1") == 0.6
    assert parsed.scores["n_shot"].to_list() == [25]


def test_a_run_with_another_number_of_examples_makes_no_score_and_its_metrics_are_kept() -> None:
    results = {"leaderboard_mmlu_pro": {"acc,none": 0.4}}
    parsed = read("olb_v2_results", {"results": results, "n-shot": {"leaderboard_mmlu_pro": 0}})
    assert parsed.scores.is_empty()
    assert parsed.frame("subtask_scores")["n_shot"].to_list() == [0]
    assert parsed.quarantine["rule"].to_list() == ["run|shots"]
    assert "with 0 examples where the score is defined with 5" in parsed.quarantine["reason"][0]


@pytest.mark.parametrize(("stated", "rules"), [(5, []), (0, ["run|shots"])])
def test_the_harness_of_2023_says_once_with_how_many_examples_all_tasks_were_run(stated: int, rules: list[str]) -> None:
    tasks = {task: {"acc": 0.4, "acc_stderr": 0.01} for task in parts("mmlu_olb_v1")}
    parsed = read("olb_v1_results", {"results": tasks, "config": {"num_fewshot": stated, "limit": None}})
    assert parsed.frame("subtask_scores")["n_shot"].unique().to_list() == [stated]
    assert parsed.quarantine["rule"].to_list() == rules


def test_the_shots_of_a_group_are_those_of_its_tasks() -> None:
    tasks = parts("musr_olb_v2")
    results = {task: {"acc_norm,none": 0.4} for task in (*tasks, "leaderboard_musr")}
    # Some versions of the harness print a wrong number of shots for a group.
    shots = {**dict.fromkeys(tasks, 0), "leaderboard_musr": 3}
    parsed = read("olb_v2_results", {"results": results, "n-shot": shots})
    assert parsed.scores.select("variant_id", "n_shot").rows() == [("musr_olb_v2", 0)]


@pytest.mark.parametrize(
    ("asked", "rules"),
    # 307 of the 1,187 algebra problems of MATH have level 5; a task with all levels has the same name.
    [
        ({}, []),
        ({"leaderboard_math_algebra_hard": 307}, []),
        ({"leaderboard_math_algebra_hard": 1187}, ["run|questions"]),
    ],
)
def test_a_run_over_another_number_of_questions_is_another_benchmark(asked: dict[str, int], rules: list[str]) -> None:
    results = {task: {"exact_match,none": 0.5} for task in parts("math_lvl5_olb_v2")}
    samples = {task: {"original": n, "effective": n} for task, n in asked.items()}
    shots = dict.fromkeys(results, 4)
    parsed = read("olb_v2_results", {"results": results, "n-shot": shots, "n-samples": samples})
    assert parsed.quarantine["rule"].to_list() == rules
    assert parsed.scores["variant_id"].to_list() == ([] if rules else ["math_lvl5_olb_v2"])
    assert parsed.subtask_scores.height == 7
    assert not rules or "asked 1187 questions where its tasks have 307" in parsed.quarantine["reason"][0]


def test_questions_are_counted_once_for_each_task_whatever_its_metrics() -> None:
    metrics = {"inst_level_strict_acc,none": 0.5, "prompt_level_strict_acc,none": 0.4}
    samples = {"leaderboard_ifeval": {"original": 500, "effective": 500}}
    parsed = read("olb_v2_results", {"results": {"leaderboard_ifeval": metrics}, "n-samples": samples})
    assert "asked 500 questions where its tasks have 541" in parsed.quarantine["reason"][0]


def test_a_file_without_one_metric_is_refused() -> None:
    parsed = read("olb_v2_results", {"results": {"leaderboard_gpqa": {" ": " ", "alias": "x"}}})
    assert parsed.models.is_empty()
    assert parsed.quarantine["rule"].to_list() == ["file|empty"]


@pytest.mark.parametrize("odd", [[], ["x"], "x", 3])
def test_other_content_beside_the_results_does_not_exclude_them(odd: object) -> None:
    parsed = read("olb_v1_results", {"results": {"harness|gsm8k|5": {"acc": 0.1}}, "groups": odd, "versions": odd})
    assert score(parsed, "gsm8k_olb_v1") == 0.1


def test_the_version_of_a_task_is_found_under_its_bare_name_as_well() -> None:
    # https://huggingface.co/spaces/open-llm-leaderboard-old/open_llm_leaderboard, src/leaderboard/read_evals.py
    file = {"results": mmlu([0.5] * 57), "versions": {"hendrycksTest-abstract_algebra": 0}}
    assert read("olb_v1_results", file).quarantine["rule"].to_list() == ["task|version"]


@pytest.mark.parametrize(
    ("arguments", "precision"),
    [
        ("pretrained=x,dtype='float16'", "float16"),
        ("pretrained=x,torch_dtype=bfloat16", "bfloat16"),
        ("pretrained=x,dtype=auto", "unknown"),
        ("pretrained=x,dtype=float16,load_in_4bit=True", "4bit"),
        ("pretrained=x,load_in_8bit=True", "8bit"),
        ("pretrained=x,dtype=float16,load_in_8bit=False", "float16"),
        ({"pretrained": "x", "load_in_4bit": True}, "4bit"),
    ],
)
def test_the_precision_is_that_of_the_models_arguments(arguments: object, precision: str) -> None:
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.4}}, "config": {"model_args": arguments}}
    assert read("olb_v2_results", file).scores["precision"].to_list() == [precision]


def test_an_installed_harness_without_a_commit_still_gives_its_version_and_templates() -> None:
    results = {"leaderboard_mmlu_pro": {"acc,none": 0.4}}
    installed = {"results": results, "git_hash": None, "lm_eval_version": "0.4.9.2", "chat_template": None}
    parsed = read("olb_v2_results", installed)
    assert parsed.frame("subtask_scores").select("harness_version", "has_chat_template").rows() == [("0.4.9.2", False)]
    assert read("olb_v2_results", {"results": results}).scores["has_chat_template"].to_list() == [None]


@pytest.mark.parametrize(("stated", "params"), [(7241732096, [7241732096]), (-1, []), ("7B", []), (None, [])])
def test_the_parameters_that_the_harness_counted_are_a_claim(stated: object, params: list[int]) -> None:
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.4}}, "config": {"model_num_parameters": stated}}
    claims = read("olb_v2_results", file).parameter_claims
    assert claims["params"].to_list() == params
    assert claims.select("kind", "method", "locator").rows() == [
        ("total", "leaderboard", "config.model_num_parameters") for _ in params
    ]


def test_nan_is_refused_with_its_place_and_the_rest_of_the_file_is_read() -> None:
    raw = b'{"results": {"harness|truthfulqa:mc|0": {"mc1": 0.3, "mc2": NaN}, "harness|gsm8k|5": {"acc": 0.1}}}'
    parsed = read("olb_v1_results", raw)
    assert score(parsed, "gsm8k_olb_v1") == 0.1
    assert sorted(parsed.quarantine["rule"]) == ["aggregate|complete", "score_raw|number"]
    assert "results.harness|truthfulqa:mc|0.mc2" in parsed.quarantine["locator"].to_list()


def test_a_stderr_that_is_not_available_is_null() -> None:
    file = {"results": {"leaderboard_mmlu_pro": {"alias": "x", "acc,none": 0.4, "acc_stderr,none": "N/A"}}}
    parsed = read("olb_v2_results", file)
    assert parsed.frame("subtask_scores").select("metric", "metric_filter", "stderr_raw").rows() == [
        ("acc", "none", None)
    ]


def test_a_group_value_comes_from_results_else_from_groups_else_from_weighted_subtasks() -> None:
    subtasks = {"main": (0.3, 448), "extended": (0.4, 546), "diamond": (0.2, 198)}
    results = {f"leaderboard_gpqa_{name}": {"acc_norm,none": value} for name, (value, _) in subtasks.items()}
    weighted = sum(value * n for value, n in subtasks.values()) / 1192
    assert score(read("olb_v2_results", {"results": results}), "gpqa_olb_v2") == pytest.approx(weighted, abs=1e-12)
    empty_group = {**results, "leaderboard_gpqa": {" ": " ", "alias": "x"}}
    assert score(read("olb_v2_results", {"results": empty_group}), "gpqa_olb_v2") == pytest.approx(weighted, abs=1e-12)
    groups = {"leaderboard_gpqa": {"acc_norm,none": 0.31}}
    assert score(read("olb_v2_results", {"results": empty_group, "groups": groups}), "gpqa_olb_v2") == 0.31
    both = {"results": {**results, **groups}, "groups": groups}
    parsed = read("olb_v2_results", both)
    assert score(parsed, "gpqa_olb_v2") == 0.31
    assert parsed.subtask_scores.height == 4


def test_ifeval_is_the_mean_of_its_two_strict_accuracies() -> None:
    values = {
        "prompt_level_strict_acc,none": 0.2,
        "inst_level_strict_acc,none": 0.4,
        "prompt_level_loose_acc,none": 0.9,
    }
    assert score(read("olb_v2_results", {"results": {"leaderboard_ifeval": values}}), "ifeval_olb_v2") == pytest.approx(
        0.3
    )


def test_ifeval_without_one_of_its_accuracies_is_refused_for_its_metrics_because_the_task_is_there() -> None:
    parsed = read("olb_v2_results", {"results": {"leaderboard_ifeval": {"prompt_level_strict_acc,none": 0.2}}})
    assert parsed.quarantine.select("rule", "reason", "offending_text").rows() == [
        (
            "aggregate|complete",
            "1 of the 2 metrics that make the score are missing, not numbers or out of range",
            "results.leaderboard_ifeval.prompt_level_strict_acc,none",
        )
    ]


def test_musr_of_a_run_is_normalised_by_subtask() -> None:
    # https://huggingface.co/docs/leaderboards/open_llm_leaderboard/normalization: 0.7, 0.4, 0.6 make 35.00
    values = {"murder_mysteries": 0.7, "object_placements": 0.4, "team_allocation": 0.6}
    results = {f"leaderboard_musr_{name}": {"acc_norm,none": value} for name, value in values.items()}
    parsed = read("olb_v2_results", {"results": results})
    found = normalized_by_subtask(parsed.frame("subtask_scores"), TASKS)
    assert found["score_norm_subtasks_pct"].to_list() == pytest.approx([35.0], abs=1e-9)
    del results["leaderboard_musr_team_allocation"]
    assert normalized_by_subtask(read("olb_v2_results", {"results": results}).frame("subtask_scores"), TASKS).is_empty()


def test_the_order_in_which_subtasks_come_does_not_move_the_last_digit_of_their_mean() -> None:
    parts = TASKS.filter((pl.col("role") == "part") & (pl.col("variant_id") == "bbh_olb_v2")).select("task", "metric")
    runs = pl.DataFrame({"run": [f"r{number}" for number in range(300)]}).select(
        pl.col("run").alias(name) for name in RUN_KEY
    )
    scores = runs.join(parts, how="cross").with_columns(score_raw=pl.arange(pl.len()) * 0.6180339887 % 1)

    def means(seed: int) -> pl.DataFrame:
        shuffled = scores.sample(fraction=1, shuffle=True, seed=seed)
        return normalized_by_subtask(shuffled, TASKS).sort(RUN_KEY)

    assert means(0).height == runs.height
    assert all(means(seed).equals(means(0)) for seed in range(1, 5))


def test_a_run_that_names_the_model_commit_is_the_leaderboards_and_one_that_does_not_is_the_communitys() -> None:
    results = {"leaderboard_mmlu_pro": {"acc,none": 0.4}}
    named = {"results": results, "config": {"model_args": f"pretrained=org/model,revision={SHA},dtype=bfloat16"}}
    parsed = read("olb_v2_results", named)
    assert parsed.scores.select("reported_by", "precision").rows() == [("leaderboard", "bfloat16")]
    assert parsed.frame("subtask_scores")["model_sha"].to_list() == [SHA]
    unnamed = {"results": results, "config": {"model_args": "pretrained=org/model,dtype=auto"}}
    assert read("olb_v2_results", unnamed).scores.select("reported_by", "precision").rows() == [
        ("community", "unknown")
    ]


def test_several_files_of_a_model_are_several_runs() -> None:
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.4}}}
    again = landed(file, path="org/model/results_2024-06-13T10-00-00.123456.json")
    parsed = read("olb_v2_results", file, again)
    assert parsed.scores.height == parsed.scores["run_id"].n_unique() == 2
    assert parsed.quarantine.is_empty()


MMLU_PRO = {"leaderboard_mmlu_pro": {"acc,none": 0.4}}


@pytest.mark.parametrize(
    "said",
    [
        {"model_name": "org/model", "model_name_sanitized": "org__model"},
        {"config": {"model_args": "pretrained=org/model,dtype=bfloat16"}},
        {"config_general": {"model_name": "org/model"}},
        {"config_general": {"model_config": {"model_name": "org/model"}}},
    ],
)
@pytest.mark.parametrize("folder", ["org__model", "runs/org__model", "runs/may/org/model", "org/model/run1"])
def test_a_folder_that_contains_the_name_in_its_file_belongs_to_that_model(folder: str, said: dict[str, Any]) -> None:
    parsed = read("olb_v2_results", landed({"results": MMLU_PRO, **said}, path=f"{folder}/{NAME}"))
    assert parsed.scores.select("source_name", "score_raw").rows() == [("org/model", 0.4)]
    assert parsed.models["hub_id"].to_list() == ["org/model"] and folder in parsed.scores["run_id"][0]


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("__mnt__share__checkpoint-14676", "/mnt/share/checkpoint-14676"),
        ("C__models__m", "C:/models/m"),
        ("org__model", "x"),
        ("org__model", "org/other"),
        ("org__model", None),
        ("org/model/run1", "x"),
        ("org/model/run1", "model/run2"),
        ("a folder", "org/model"),
    ],
)
def test_a_folder_whose_model_is_unknown_is_refused_once(folder: str, said: str | None) -> None:
    file = {"results": MMLU_PRO, "model_name": said, "config": {"model_num_parameters": 7}}
    parsed = read("olb_v2_results", landed(file, path=f"{folder}/{NAME}"))
    assert parsed.quarantine.select("rule", "source_name").rows() == [("file|place", folder)]
    assert parsed.models.is_empty() and parsed.scores.is_empty() and parsed.parameter_claims.is_empty()


def test_the_model_of_a_repositorys_folder_does_not_depend_on_the_name_in_the_file() -> None:
    for said in ("/data/model", "org/base", "other"):
        parsed = read("olb_v2_results", {"results": MMLU_PRO, "model_name": said})
        assert parsed.scores["source_name"].to_list() == ["org/model"]
    assert read("olb_v1_results", landed({"results": {"x": {"acc": 0.5}}}, path=f"gpt2/{NAME}")).models.height == 1


@pytest.mark.parametrize("copy", [" (1)", " (12)", " copy", " - Copy", " copy 2"])
def test_a_second_copy_of_a_file_is_the_same_run(copy: str) -> None:
    file, again = {"results": MMLU_PRO}, f"org/model/{NAME.removesuffix('.json')}{copy}.json"
    both = read("olb_v2_results", landed(file, path=again), file)
    assert (both.scores.height, both.models.height) == (1, 1)
    assert both.quarantine["rule"].to_list() == ["file|copy"]
    alone = read("olb_v2_results", landed(file, path=again))
    assert alone.scores["run_id"].to_list() == both.scores["run_id"].to_list() and alone.quarantine.is_empty()


def test_files_whose_long_names_share_a_beginning_are_two_runs() -> None:
    files = [landed({"results": MMLU_PRO}, path=f"org/model/results_{'x' * 150}{end}.json") for end in "ab"]
    parsed = read("olb_v2_results", *files)
    assert parsed.scores["run_id"].n_unique() == 2 and parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    ("key", "task", "n_shot"),
    [
        ("hellaswag|10", "hellaswag", 10),
        ("gpqa:diamond|0", "gpqa:diamond", 0),
        ("mmlu_pro", "mmlu_pro", None),
        ("lighteval|gsm8k|5|0", "gsm8k", 5),
        ("lighteval|mmlu|5|1", "mmlu", 5),
        ("leaderboard|arc:challenge", "arc:challenge", None),
        ("a|b|c", "a|b|c", None),
        ("5", "5", None),
    ],
)
def test_a_key_names_its_task_with_and_without_suite_and_shots(key: str, task: str, n_shot: int | None) -> None:
    parsed = read("olb_v1_results", {"results": {key: {"acc": 0.5}}})
    assert parsed.frame("subtask_scores").select("task", "n_shot").rows() == [(task, n_shot)]


def test_a_run_of_the_newer_lighteval_is_read_with_its_precision_and_without_an_invented_version() -> None:
    made_with = {"model_name": "org/model", "dtype": "bfloat16", "revision": "main"}
    general = {"lighteval_sha": "?", "model_name": "org/model", "model_config": made_with, "max_samples": None}
    results = {"arc:challenge": {"acc_norm": 0.5, "acc_norm_stderr": 0.01}, "all": {"acc_norm": 0.5}}
    rows = read("olb_v1_results", {"config_general": general, "results": results}).frame("subtask_scores")
    assert rows.select("task", "stderr_raw", "precision", "harness_version").rows() == [
        ("arc:challenge", 0.01, "bfloat16", None),
        ("all", None, "bfloat16", None),
    ]


@pytest.mark.parametrize("header", [{" ": " ", "alias": "leaderboard"}, {"": ""}, {" ,none": " "}, {"   ": "N/A"}])
def test_the_blank_header_of_a_group_is_not_a_metric(header: dict[str, str]) -> None:
    parsed = read("olb_v2_results", {"results": {"leaderboard": header, **MMLU_PRO}, "groups": {"leaderboard": header}})
    assert parsed.scores["score_raw"].to_list() == [0.4] and parsed.quarantine.is_empty()


def test_a_git_lfs_pointer_is_reported_as_one() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    assert read("olb_v2_results", pointer).quarantine["rule"].to_list() == ["file|lfs_pointer"]


def test_a_run_over_a_part_of_the_questions_makes_no_score() -> None:
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.4}}, "config": {"limit": 10}}
    parsed = read("olb_v2_results", file)
    assert (parsed.scores.height, parsed.subtask_scores.height) == (0, 1)
    assert parsed.quarantine["rule"].to_list() == ["run|limited"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"{", "file|json"), (b"[]", "file|shape"), (b'{"results": 1}', "file|shape"), (b"\xff\xfe", "file|json")],
)
def test_a_file_without_a_run_is_one_quarantined_record(content: bytes, rule: str) -> None:
    parsed = read("olb_v2_results", content)
    assert parsed.quarantine.select("rule", "source_name").rows() == [(rule, "org/model")]
    assert parsed.source_rows == 1


_GOOD = json.dumps(
    {
        "results": {**mmlu([0.5] * 3), "leaderboard_gpqa": {"acc_norm,none": 0.3, "acc_norm_stderr,none": "N/A"}},
        "config_general": {"model_sha": SHA, "model_dtype": "torch.float16"},
        "versions": {"leaderboard_gpqa": 1.0},
        "n-shot": {"leaderboard_gpqa": 0},
        "date": 1718186400.0,
    }
).encode()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.integers(0, len(_GOOD) - 1), st.binary(max_size=3), st.integers(0, 40))
def test_mutated_bytes_never_raise(place: int, inserted: bytes, cut: int) -> None:
    parsed = read("olb_v1_results", _GOOD[:place] + inserted + _GOOD[place + cut :])
    assert parsed.source_rows == 1


@given(_JSON, _JSON, _JSON)
def test_any_json_in_place_of_a_key_never_raises(results: Any, config: Any, other: Any) -> None:
    file = {
        "results": {"leaderboard_gpqa": results},
        "config": config,
        "versions": other,
        "n-shot": other,
        "date": other,
    }
    parsed = read("olb_v2_results", json.dumps(file).encode())
    assert parsed.source_rows == 1


def test_a_lone_surrogate_in_a_name_does_not_hide_the_rest_of_the_file() -> None:
    parsed = read("olb_v1_results", {"results": {"gsm8k": {"acc": 0.5}, "\ud800": {"acc": 0.25}}})
    assert sorted(parsed.frame("subtask_scores")["task"]) == ["?", "gsm8k"]


@pytest.mark.parametrize("pair", [{"acc": "0.5"}, {"acc": True}, {"acc": [0.5]}, {"acc": None}, 0.5])
def test_a_value_that_is_not_a_number_is_refused_with_its_text(pair: Any) -> None:
    parsed = read("olb_v1_results", {"results": {"harness|winogrande|5": pair, "harness|gsm8k|5": {"acc": 0.1}}})
    refused = parsed.quarantine.filter(pl.col("rule") == "score_raw|number")
    stated = json.dumps(pair["acc"] if isinstance(pair, dict) else [pair])
    assert refused["offending_text"].to_list() == [f'"{"acc" if isinstance(pair, dict) else "value"}": {stated}']
    assert score(parsed, "gsm8k_olb_v1") == 0.1


def test_a_byte_order_mark_and_infinity_do_not_hide_the_rest_of_the_file() -> None:
    raw = b'\xef\xbb\xbf{"results": {"harness|winogrande|5": {"acc": 0.5, "acc_stderr": Infinity}, "all": {"acc": Infinity}}}'
    parsed = read("olb_v1_results", raw)
    assert parsed.frame("subtask_scores").select("task", "score_raw", "stderr_raw").rows() == [
        ("winogrande", 0.5, None)
    ]
    assert parsed.quarantine["offending_text"].to_list() == ['"acc": Infinity']


def test_tasks_nested_in_their_group_are_read_as_tasks() -> None:
    names = parts("gpqa_olb_v2")
    group = {"leaderboard_gpqa": {"acc_norm,none": 0.3}, **{name: {"acc_norm,none": 0.3} for name in names}}
    parsed = read("olb_v2_results", {"results": {"leaderboard_gpqa": group}})
    assert sorted(parsed.frame("subtask_scores")["task"]) == ["leaderboard_gpqa", *sorted(names)]
    assert score(parsed, "gpqa_olb_v2") == 0.3 and parsed.quarantine.is_empty()


def test_a_run_that_asked_fewer_questions_than_the_task_has_makes_no_score() -> None:
    file = {
        "results": {"leaderboard_mmlu_pro": {"acc,none": 0.6}},
        "n-samples": {"leaderboard_mmlu_pro": {"original": 12032, "effective": 10}},
    }
    parsed = read("olb_v2_results", file)
    assert parsed.scores.is_empty() and parsed.quarantine["rule"].to_list() == ["run|limited"]


def test_among_several_shots_of_a_task_the_variants_own_makes_the_score() -> None:
    results = {"harness|arc:challenge|0": {"acc_norm": 0.1}, "harness|arc:challenge|25": {"acc_norm": 0.6}}
    parsed = read("olb_v1_results", {"results": results})
    assert score(parsed, "arc_challenge_olb_v1") == 0.6
    assert parsed.frame("subtask_scores").select("n_shot", "score_raw").rows() == [(0, 0.1), (25, 0.6)]


def test_every_column_of_a_metric_is_read_in_both_generations() -> None:
    columns = [
        "task",
        "metric",
        "metric_filter",
        "score_raw",
        "stderr_raw",
        "n_shot",
        "task_version",
        "harness_version",
    ]
    columns += ["model_sha", "precision", "has_chat_template", "evaluated_on", "subtask", "locator"]
    old = {
        "results": {"harness|hendrycksTest-anatomy|5": {"acc": 0.5, "acc_stderr": 0.04}},
        "versions": {"harness|hendrycksTest-anatomy|5": 1},
        "config_general": {"model_sha": SHA, "model_dtype": "torch.float16", "lighteval_sha": "e" * 40},
    }
    on = date(2024, 6, 12)
    assert read("olb_v1_results", old).frame("subtask_scores").select(columns).rows() == [
        (
            *("hendrycksTest-anatomy", "acc", "none", 0.5, 0.04, 5, "1", "e" * 40),
            *(SHA, "float16", None, on, "anatomy", "results.harness|hendrycksTest-anatomy|5.acc"),
        )
    ]
    new = {
        "results": {"leaderboard_gpqa_main": {"alias": "  - main", "acc_norm,none": 0.3, "acc_norm_stderr,none": 0.02}},
        "versions": {"leaderboard_gpqa_main": 1.0},
        "n-shot": {"leaderboard_gpqa_main": 0},
        "config": {"model_args": f"pretrained=org/model,revision={SHA},dtype=bfloat16"},
        "git_hash": "ea4fe0c",
        "date": 1718186400.0,
        "chat_template": "{{ messages }}",
    }
    assert read("olb_v2_results", new).frame("subtask_scores").select(columns).rows() == [
        (
            *("leaderboard_gpqa_main", "acc_norm", "none", 0.3, 0.02, 0, "1.0", "ea4fe0c"),
            *(SHA, "bfloat16", True, on, "main", "results.leaderboard_gpqa_main.acc_norm,none"),
        )
    ]


def test_runs_read_together_are_read_as_each_alone() -> None:
    files = [landed({"results": mmlu([n / 10] * 57)}, path=f"org/model-{n}/{NAME}") for n in range(5)]
    together = read("olb_v1_results", *files)
    alone = pl.concat([read("olb_v1_results", file).scores for file in files])
    assert alone.equals(together.scores)


@pytest.mark.marts(False)
def test_the_same_run_in_table_and_file_agrees_and_another_run_is_listed_with_its_cause(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    accuracies = [0.40, 0.41]  # the table of the world gives 0.31 to org/model-1b, at commit aaa...
    for day, (value, config) in enumerate(
        [(0.31, {"model_sha": "a" * 40, "model_dtype": "bfloat16"}), (accuracies[1], {"model_args": "dtype=auto"})], 1
    ):
        file = {"results": {"leaderboard_mmlu_pro": {"acc,none": value}}, "config_general": config, "git_hash": "x"}
        path = f"datasets/open-llm-leaderboard/results/org/model-1b/results_2024-07-0{day}T00-00-00.000000.json"
        world.put(path, json.dumps(file).encode())
    world.night()
    rows = world.query(
        "select reported_by, is_same_run, is_agreeing, likely_cause, round(difference_pct, 6) from mart.source_agreement"
        " where model_id = 'org/model-1b' and benchmark = 'mmlu_pro' order by reported_by"
    )
    assert rows == [("community", False, False, "different run", 10.0), ("leaderboard", True, True, "agrees", 0.0)]


@pytest.mark.marts(False)
def test_a_file_is_compared_with_the_tables_row_of_the_same_commit(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    rows = [
        v2_row("org/two", 0.4, Precision="float16", **{"Model sha": "1" * 40, "Submission Date": "2024-09-01"}),
        v2_row("org/two", 0.3, Precision="bfloat16", **{"Model sha": "2" * 40, "Submission Date": "2024-07-01"}),
    ]
    world.put_v2(*rows)
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.3}}, "config_general": {"model_sha": "2" * 40}}
    world.put(f"datasets/open-llm-leaderboard/results/org/two/{NAME}", json.dumps(file).encode())
    world.night()
    assert world.query(
        "select is_same_run, likely_cause, reference_pct from mart.source_agreement"
        " where model_id = 'org/two' and source_id = 'olb_v2_results'"
    ) == [(True, "agrees", 30.0)]


@pytest.mark.marts(False)
def test_a_file_without_a_precision_is_compared_with_the_row_of_its_commit_that_may_be_its_run(
    world: World,
) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    same = {"Model sha": "1" * 40}
    world.put_v2(v2_row("org/two", 0.4, Precision="float16", **same), v2_row("org/two", 0.3, **same))
    for value in (0.3, 0.4):
        file = {"results": {"leaderboard_mmlu_pro": {"acc,none": value}}, "config_general": {"model_sha": "1" * 40}}
        path = (
            f"datasets/open-llm-leaderboard/results/org/two/results_2024-06-0{round(value * 10)}T00-00-00.000000.json"
        )
        world.put(path, json.dumps(file).encode())
        world.night(round(value * 10))
        assert world.query(
            "select likely_cause, reference_pct from mart.source_agreement"
            " where model_id = 'org/two' and source_id = 'olb_v2_results'"
        ) == [("agrees", value * 100)]


@pytest.mark.marts(False)
@pytest.mark.parametrize(
    ("off", "cause"), [(0.9e-6, "agrees"), (1.1e-6, "unexplained: same run, other number")], ids=["within", "beyond"]
)
def test_a_recomputed_raw_score_agrees_to_a_millionth(world: World, off: float, cause: str) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    file = {"results": {"leaderboard_mmlu_pro": {"acc,none": 0.31 + off}}, "config_general": {"model_sha": "a" * 40}}
    world.put(f"datasets/open-llm-leaderboard/results/org/model-1b/{NAME}", json.dumps(file).encode())
    world.night()
    found = world.query(
        "select likely_cause from mart.source_agreement where model_id = 'org/model-1b' and source_id = 'olb_v2_results'"
    )
    assert found == [(cause,)]


def test_a_value_outside_0_to_1_is_refused_as_a_share_and_makes_no_score() -> None:
    # With one subject in percent the mean of 57 would be a plausible 76.
    accuracies = [43.7, *[0.0] * 56]
    parsed = read("olb_v1_results", {"results": {**mmlu(accuracies), "harness|lambada|0": {"ppl": 43.7, "acc": -0.1}}})
    assert parsed.scores.is_empty()
    refused = parsed.quarantine.select("target", "rule", "offending_text").rows()
    assert ("subtask_scores", "score_raw|range", '"acc": 43.7') in refused
    assert ("subtask_scores", "score_raw|range", '"acc": -0.1') in refused
    assert [rule for target, rule, _ in refused if target == "scores"] == ["aggregate|complete"]
    # A metric that is not a share may have any value.
    assert parsed.frame("subtask_scores").filter(pl.col("metric") == "ppl")["score_raw"].to_list() == [43.7]
    assert parsed.frame("subtask_scores").filter(pl.col("metric") == "acc")["score_raw"].is_between(0, 1).all()
