"""Evaluation results of model repositories: units come from policy and are never guessed; the Hub's answer complements
the files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sourcing import POLICY, landed, read
from worlds import World

from leaderboard_etl import pipeline
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.eval_results import API_PATH, BOARD_PATH
from leaderboard_etl.sources.registry import SOURCES

pytestmark = pytest.mark.marts(False)

PATH = ".eval_results/gpqa.yaml"


def entry(value: object = 78.8, task: str = "diamond", more: str = "") -> bytes:
    return f"- dataset:\n    id: Idavidrein/gpqa\n    task_id: {task}\n  value: {value}\n{more}".encode()


def results(content: bytes, path: str = PATH) -> Parsed:
    return read("eval_results", content, path=path, repo_id="org/m")


def test_an_entry_becomes_a_vendors_score_with_its_date_and_link() -> None:
    parsed = results(entry(more="  date: '2026-05-23'\n  source:\n    url: https://huggingface.co/org/m\n"))
    wanted = ["source_name", "variant_id", "score_raw", "score_unit", "reported_by", "is_verified", "source_url"]
    assert parsed.scores.select(wanted).rows() == [
        (
            "org/m",
            "gpqa_diamond_reported",
            78.8,
            "percent",
            "vendor_eval_results",
            False,
            "https://huggingface.co/org/m",
        )
    ]
    assert str(parsed.scores["evaluated_on"][0]) == "2026-05-23"


def cited(address: str, repo_id: str = "org/m") -> Parsed:
    return read("eval_results", entry(more=f"  source:\n    url: {address}\n"), path=PATH, repo_id=repo_id)


@pytest.mark.parametrize(
    ("address", "reported_by"),
    [
        ("https://huggingface.co/org/m", "vendor_eval_results"),
        ("https://huggingface.co/Org/M/blob/main/README.md#results", "vendor_eval_results"),
        ("https://www.hf.co/org/another", "vendor_eval_results"),
        ("https://huggingface.co/org", "vendor_eval_results"),
        ("https://huggingface.co/spaces/org/logs", "vendor_eval_results"),
        ("https://huggingface.co/datasets/org/logs", "vendor_eval_results"),
        ("https://github.com/Org/m", "vendor_eval_results"),
        ("https://org.github.io/m", "vendor_eval_results"),
        ("https://huggingface.co/datasets/evaleval/EEE_datastore", "third_party"),
        ("https://huggingface.co/spaces/somebody/logs", "third_party"),
        ("https://huggingface.co/papers/2311.12022", "third_party"),
        ("https://huggingface.co/somebody", "third_party"),
        ("https://artificialanalysis.ai/models/m", "third_party"),
        ("https://github.com/somebody/m", "third_party"),
        ("https://huggingface.co.example/org/m", "third_party"),
        ("https://[org/m", "third_party"),
    ],
)
def test_the_address_of_its_source_says_whose_number_an_entry_is(address: str, reported_by: str) -> None:
    assert cited(address).scores.select("reported_by", "source_url").rows() == [(reported_by, address)]


def test_an_entry_that_states_no_source_is_the_repositorys_own() -> None:
    assert results(entry()).scores["reported_by"].to_list() == ["vendor_eval_results"]


@pytest.mark.parametrize(
    "address",
    ["https://huggingface.co/google/gemma-4-12B-it", "https://hf.co/google/gemma-4-12B-it/blob/main/README.md"],
)
def test_a_score_of_another_models_card_is_copied_and_refused(address: str) -> None:
    parsed = cited(address, "org/gemma-4-12B-tuned")
    assert parsed.scores.is_empty()
    rule, reason, told = parsed.quarantine.select("rule", "reason", "offending_text").row(0)
    assert (rule, told) == ("eval_results|copied", address) and "google/gemma-4-12b-it" in reason


def test_a_repository_that_cites_itself_under_its_former_name_is_its_own_source() -> None:
    names = POLICY.frame("model_aliases").filter(pl.col("source_id") == "*").select("source_name", "model_id").rows()
    former, now = next((a, b) for a, b in names if a.partition("/")[0].lower() != b.partition("/")[0].lower())
    for cites, repo_id in ((former, now), (now, former)):
        parsed = cited(f"https://huggingface.co/{cites}", repo_id)
        assert parsed.scores["reported_by"].to_list() == ["vendor_eval_results"]


def test_what_the_hub_answers_of_an_open_pull_request_is_the_communitys_and_a_copy_is_refused_there_as_well() -> None:
    def answered(url: str, **more: object) -> Parsed:
        data = {"dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"}, "value": 50.5, "source": {"url": url}}
        return results(json.dumps({"evalResults": [{"data": data, "filename": PATH, **more}]}).encode(), API_PATH)

    assert answered("https://artificialanalysis.ai").scores["reported_by"].to_list() == ["third_party"]
    assert answered("https://huggingface.co/org/m", pullRequest=3).scores["reported_by"].to_list() == ["community"]
    copied = answered("https://huggingface.co/other/m", pullRequest=3)
    assert copied.scores.is_empty() and copied.quarantine["rule"].to_list() == ["eval_results|copied"]


@pytest.mark.parametrize("task", ["diamond", "gpqa_diamond"])
def test_a_task_has_the_name_of_the_documentation_or_the_one_in_use(task: str) -> None:
    assert results(entry(task=task)).scores.height == 1


@pytest.mark.parametrize("value", ["0.412", "1.0", "0"])
def test_a_value_that_could_be_a_fraction_or_a_percentage_is_refused_not_guessed(value: str) -> None:
    parsed = results(entry(value))
    assert parsed.scores.is_empty()
    assert parsed.quarantine["rule"].to_list() == ["score_raw|unit"]


@pytest.mark.parametrize(("value", "rule"), [("high", "score_raw|number"), ("140", "score_raw|range")])
def test_a_missing_value_is_quarantined(value: str, rule: str) -> None:
    assert results(entry(value)).quarantine["rule"].to_list() == [rule]


def test_a_benchmark_that_policy_does_not_list_is_counted_not_lost() -> None:
    parsed = results(entry().replace(b"Idavidrein/gpqa", b"org/other"))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()
    assert [(d.kind, d.subject) for d in parsed.drift] == [("unknown_benchmark", "org/other")]


def test_an_unknown_task_of_a_benchmark_that_is_loaded_is_quarantined_with_its_entry() -> None:
    parsed = results(entry(task="gpqa_diamond_v2"))
    assert parsed.scores.is_empty() and parsed.drift == []
    rule, text = parsed.quarantine.select("rule", "offending_text").row(0)
    assert rule == "eval_results|task" and "gpqa_diamond_v2" in text


def test_a_benchmark_that_is_left_out_on_purpose_is_not_reported() -> None:
    left_out = POLICY.frame("eval_tasks").filter(pl.col("variant_id").is_null())
    assert left_out.height and not left_out["left_out_because"].null_count()
    for dataset_id in left_out["dataset_id"]:
        parsed = results(entry(task="main").replace(b"Idavidrein/gpqa", dataset_id.encode()))
        assert (parsed.scores.height, parsed.quarantine.height, parsed.drift) == (0, 0, [])


def test_a_policy_older_than_benchmarks_left_out_by_name_can_be_read() -> None:
    old = POLICY.frame("eval_tasks").drop_nulls("variant_id").drop("left_out_because").write_csv().encode()
    file = landed(entry(), PATH, repo_type="model", repo_id="org/m")
    parsed = SOURCES["eval_results"].parse([file], Policy({**POLICY.texts, "eval_tasks": old}))
    assert parsed.scores["score_raw"].to_list() == [78.8]


def test_an_entry_without_a_task_is_quarantined_with_its_text() -> None:
    parsed = results(entry() + b"- 3\n- dataset: {id: Idavidrein/gpqa}\n")
    assert parsed.scores.height == 1
    assert parsed.quarantine.select("rule", "offending_text", "locator").rows() == [
        ("eval_results|shape", "3", "[1]"),
        ("eval_results|shape", "{'dataset': {'id': 'Idavidrein/gpqa'}}", "[2]"),
    ]


def of_mmlu_pro(value: object, dataset: str = "id: TIGER-Lab/MMLU-Pro") -> bytes:
    return f"- dataset: {{{dataset}}}\n  value: {value}\n".encode()


def test_an_entry_without_a_task_gets_the_only_task_of_its_dataset() -> None:
    # As DeepSeek-R1 and MiniMax-M2.1 publish theirs: https://huggingface.co/deepseek-ai/DeepSeek-R1
    parsed = results(of_mmlu_pro(84), ".eval_results/mmlu_pro.yaml")
    assert parsed.scores.select("variant_id", "score_raw", "protocol").rows() == [
        ("mmlu_pro_reported", 84.0, "TIGER-Lab/MMLU-Pro (no task named)")
    ]


@pytest.mark.parametrize("null", ["null", "~", "NULL", "''"])
def test_yamls_null_is_no_value(null: str) -> None:
    dataset = f"id: TIGER-Lab/MMLU-Pro, task_id: {null}"
    parsed = results(of_mmlu_pro(84, dataset) + f"  date: {null}\n  notes: {null}\n".encode())
    assert parsed.scores.select("score_raw", "evaluated_on").rows() == [(84.0, None)] and parsed.quarantine.is_empty()
    card = f"---\nlicense: {null}\nbase_model: {null}\nmodel-index: {null}\n---\n".encode()
    of_card = read("model_cards", card, path="README.md", repo_id="org/m")
    assert of_card.models["license_text"].to_list() == [None] and of_card.quarantine.is_empty()
    quoted = read("model_cards", b"---\nlicense: 'null'\n---\n", path="README.md", repo_id="org/m")
    assert quoted.models["license_text"].to_list() == ["null"]


def test_an_entry_without_a_task_gets_the_task_named_like_its_configuration() -> None:
    parsed = results(of_mmlu_pro(41.2, "id: Idavidrein/gpqa, config: gpqa_diamond"))
    assert parsed.scores.select("variant_id", "score_raw").rows() == [("gpqa_diamond_reported", 41.2)]
    other = results(of_mmlu_pro(41.2, "id: Idavidrein/gpqa, config: gpqa_main"))
    assert (other.scores.height, other.quarantine.height) == (0, 0)  # excluded by policy


@pytest.mark.parametrize("task", ["3", "[diamond]", "{a: b}"])
def test_an_unknown_task_is_never_taken_for_the_only_one(task: str) -> None:
    parsed = results(of_mmlu_pro(84, f"id: TIGER-Lab/MMLU-Pro, task_id: {task}"))
    assert parsed.scores.is_empty() and parsed.quarantine.height == 1


def test_an_entry_of_an_unknown_benchmark_without_a_task_is_counted_not_lost() -> None:
    parsed = results(of_mmlu_pro(84, "id: org/other"))
    assert [(d.subject, "no task" in d.message) for d in parsed.drift] == [("org/other", True)]


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2026-1-5", "2026-01-05"),
        ("2026/01/05", "2026-01-05"),
        ("'2026-01-15T01:00:00+09:00'", "2026-01-14"),
        ("2026-01-15T23:30:00Z", "2026-01-15"),
        ("", None),
    ],
)
def test_the_day_of_an_entry_is_read_in_utc_and_with_or_without_its_zeros(stated: str, day: str | None) -> None:
    parsed = results(entry(more=f"  date: {stated}\n"))
    assert [on and str(on) for on in parsed.scores["evaluated_on"]] == [day] and parsed.quarantine.is_empty()


@pytest.mark.parametrize("stated", ["January 2026", "1/2/2026", "1999-01-01", "[2026-01-05]", "2026-02-30"])
def test_an_invalid_date_is_reported_and_the_score_is_kept(stated: str) -> None:
    parsed = results(entry(more=f"  date: {stated}\n"))
    assert parsed.scores.select("score_raw", "evaluated_on").rows() == [(78.8, None)]
    assert parsed.quarantine.select("rule", "locator").rows() == [("evaluated_on|date", "[0]")]


def test_a_repeated_key_with_two_values_is_reported_and_both_are_ignored() -> None:
    parsed = results(entry(66.5, more="  value: 12.5\n") + entry(70.5, more="  notes: a\n  notes: b\n"))
    assert parsed.scores["score_raw"].to_list() == [70.5]
    assert parsed.quarantine.select("rule", "offending_text", "locator").rows() == [
        ("eval_results|repeated_key", "66.5 and 12.5", "[0].value"),
        ("eval_results|repeated_key", "a and b", "[1].notes"),
        ("score_raw|number", "66.5 and 12.5", "[0]"),
    ]
    assert results(entry(66.5, more="  value: 66.5\n")).quarantine.is_empty()


@pytest.mark.parametrize(
    ("stated", "value", "said"),
    [
        ("63,5", 63.5, ""),
        ("61.2%", 61.2, ""),
        ("68.5 ± 1.2", 68.5, ": ± 1.2"),
        ("68.5 +/- 1.2", 68.5, ": ± 1.2"),
        ("[68.5]", 68.5, ""),
        ("{mean: 68.5, std: 1.2}", 68.5, ": std 1.2"),
    ],
)
def test_a_value_is_read_in_all_unambiguous_forms(stated: str, value: float, said: str) -> None:
    parsed = results(entry(stated))
    assert parsed.scores.select("score_raw", "protocol").rows() == [(value, f"Idavidrein/gpqa diamond{said}")]


@pytest.mark.parametrize(
    "stated", ["63,512", "[68.5, 70]", "{mean: 68.5, best: 70}", "68.5 (5-shot)", "68.5-70", "~68"]
)
def test_an_ambiguous_value_is_not_read_as_a_number(stated: str) -> None:
    assert results(entry(stated)).quarantine["rule"].to_list() == ["score_raw|number"]


@pytest.mark.parametrize("notes", ["with tools, pass@16", "maj@64", "cons@64", "best of 8", "majority vote"])
def test_a_result_of_several_tries_is_another_metric(notes: str) -> None:
    parsed = results(entry(69.5) + entry(71.0, more=f"  notes: {notes}\n"))
    assert parsed.scores["score_raw"].to_list() == [69.5]
    assert parsed.quarantine.select("rule", "offending_text").rows() == [("eval_results|metric", notes)]
    assert results(entry(more="  notes: pass@1, the mean of 16 runs\n")).scores.height == 1


@pytest.mark.parametrize(
    "field", ["notes: [a, pass@16]", "notes: {how: pass @ 16}", "metric: maj@8", "metrics: [{type: cons@64}]"]
)
def test_the_metric_of_a_result_is_found_in_any_form_and_in_fields_that_the_format_lacks(field: str) -> None:
    parsed = results(entry(more=f"  {field}\n"))
    assert parsed.scores.is_empty() and parsed.quarantine["rule"].to_list() == ["eval_results|metric"]
    assert results(entry(more="  metric: pass @ 1\n")).scores.height == 1


def test_one_entry_without_its_list_and_several_documents_are_read_as_the_entries_that_they_hold() -> None:
    alone = results(b"dataset: {id: Idavidrein/gpqa, task_id: diamond}\nvalue: 65.5\n")
    assert alone.scores.select("score_raw", "locator").rows() == [(65.5, "[0]")]
    several = results(b"---\n" + entry(67.5) + b"---\n" + of_mmlu_pro(77.5))
    assert several.scores.select("variant_id", "score_raw", "locator").rows() == [
        ("gpqa_diamond_reported", 67.5, "[0]"),
        ("mmlu_pro_reported", 77.5, "[1]"),
    ]


def test_a_byte_order_mark_and_windows_lines_change_nothing() -> None:
    content = b"\xef\xbb\xbf" + entry(64.5).replace(b"\n", b"\r\n")
    assert results(content).scores["score_raw"].to_list() == [64.5]


def test_a_value_below_zero_is_out_of_range_and_not_in_another_unit() -> None:
    assert results(entry(-1)).quarantine["rule"].to_list() == ["score_raw|range"]


def test_files_of_one_name_in_two_folders_are_two_runs() -> None:
    runs = [results(entry(), f".eval_results/{folder}gpqa.yaml").scores["run_id"][0] for folder in ("", "a/", "b/")]
    assert runs == ["gpqa.yaml", "a/gpqa.yaml", "b/gpqa.yaml"]


def test_files_whose_long_names_share_a_beginning_are_two_runs() -> None:
    names = [f".eval_results/{'x' * 230}{end}.yaml" for end in "ab"]
    runs = {results(entry(), name).scores["run_id"][0] for name in names}
    assert len(runs) == 2 and max(map(len, runs)) <= 200


def test_two_entries_of_one_task_in_a_file_are_two_runs() -> None:
    assert results(entry() + entry(80.1)).scores["run_id"].to_list() == ["gpqa.yaml", "gpqa.yaml#2"]


@pytest.mark.parametrize("content", [b"- [", b"just text", b"\xff\xfe", b"a: &a [*a]"])
def test_a_file_that_cannot_be_read_is_one_quarantined_record(content: bytes) -> None:
    parsed = results(content)
    assert parsed.scores.is_empty() and parsed.quarantine.height == 1


def test_a_result_in_an_open_pull_request_is_the_communitys() -> None:
    data = {"dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"}, "value": 60.5}
    shown = {"id": "org/m", "evalResults": [{"filename": PATH, "pullRequest": 3, "verified": True, "data": data}]}
    parsed = results(json.dumps(shown).encode(), API_PATH)
    assert parsed.scores.select("reported_by", "is_verified", "score_raw").rows() == [("community", True, 60.5)]


def test_a_datasets_leaderboard_names_models_and_scores_nothing() -> None:
    board = [{"modelId": "org/m", "filename": PATH}, {"modelId": "org/m"}, {"modelId": "org/n"}, {"no": "model"}]
    parsed = results(json.dumps(board).encode(), BOARD_PATH)
    assert parsed.models["source_name"].to_list() == ["org/m", "org/n"] and parsed.scores.is_empty()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_value_is_stored_as_it_is_or_quarantined(value: float) -> None:
    parsed = results(entry(repr(value)))
    assert parsed.scores.height + parsed.quarantine.height == 1
    assert parsed.scores.is_empty() or parsed.scores["score_raw"][0] == value


def test_a_model_that_a_benchmarks_leaderboard_names_is_asked_for_its_results(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", *pipeline.MODEL_SOURCES)}
    root: Path = world.root
    dataset = POLICY.frame("eval_tasks")["dataset_id"][0]
    api = root / "_api/datasets" / f"{dataset}.json"
    api.parent.mkdir(parents=True)
    api.write_text(json.dumps({"leaderboard": [{"modelId": "org/found"}]}))
    file = root / "models/org/found" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(entry())
    world.night(1)
    rows = world.query("select model_id, score_pct, path from core.scores where source_id = 'eval_results'")
    assert rows == [("org/found", 78.8, PATH)]


def test_a_gated_models_results_come_from_the_hubs_answer(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", *pipeline.MODEL_SOURCES)}
    data = {"dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"}, "value": 55.5}
    api = world.root / "_api/models/mistralai/Mistral-7B-v0.1.json"
    api.parent.mkdir(parents=True, exist_ok=True)
    api.write_text(json.dumps({"gated": "auto", "evalResults": [{"filename": PATH, "verified": False, "data": data}]}))
    world.night(1)
    rows = world.query("select score_pct, path from core.scores where source_id = 'eval_results'")
    assert rows == [(55.5, API_PATH)]
