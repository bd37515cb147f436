"""Every Eval Ever: which evaluation is which variant, who measured it, and one statement out of records that repeat it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from eee_records import RETRIEVED_S, counted, record, result
from faulty_hub import HubServer
from hypothesis import given, settings
from hypothesis import strategies as st
from sourcing import POLICY, fixture, landed
from worlds import World

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.every_eval_ever.collections import unknown_folders, wanted_folders
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import apply_rules

pytestmark = pytest.mark.marts(False)

SOURCE = SOURCES["every_eval_ever"]
MMLU = "MMLU All Subjects"
WHOLE = {"score": 0.695, **counted(MMLU, 28084, 114)}


def read(*records: bytes, folder: str = "helm_mmlu/meta/llama-2-70b", policy: Policy = POLICY) -> Parsed:
    """Records as files of one folder, in order of their names, read as a night does."""
    files = [landed(content, f"data/{folder}/{n}.json") for n, content in enumerate(records)]
    return apply_rules(SOURCE.parse(files, policy), SOURCE, policy.benchmarks)


def scores(parsed: Parsed, *columns: str) -> list[Any]:
    rows = parsed.scores.select(*columns).rows()
    return [row[0] for row in rows] if len(columns) == 1 else rows


def rules_broken(parsed: Parsed) -> list[str]:
    return sorted(parsed.quarantine["rule"].to_list())


def price(which: str, usd: object, **changes: Any) -> dict[str, Any]:
    """What Artificial Analysis says a million tokens cost."""
    metric = {"metric_unit": "usd_per_1m_tokens", "lower_is_better": True, "min_score": 0.0, "max_score": 600.0}
    return result(f"artificial_analysis.price_1m_{which}_tokens", usd, metric_config=metric | changes)


def prices(*records: bytes) -> Parsed:
    return read(*records, folder="artificial-analysis-llms/org/m")


# What HELM publishes.


def test_the_whole_is_a_score_and_the_subjects_are_parts_of_it_to_the_last_digit() -> None:
    given = [
        result(MMLU, 0.695, score_details=WHOLE),
        result("Abstract Algebra", 0.29),
        result("Us Foreign Policy", 0.9),
    ]
    content = record("meta/llama-2-70b", *given, result("Mean win rate", 0.651))
    parsed = read(content)
    assert scores(parsed, "source_name", "variant_id", "score_raw", "score_unit", "reported_by", "is_verified") == [
        ("meta/llama-2-70b", "mmlu_helm_5shot", 0.695, "fraction", "third_party", True)
    ]
    independent = {r["evaluation_name"]: r["score_details"]["score"] for r in json.loads(content)["evaluation_results"]}
    assert parsed.frame("subtask_scores").select("subtask", "score_raw", "benchmark_id").rows() == [
        ("abstract_algebra", independent["Abstract Algebra"], "mmlu"),
        ("us_foreign_policy", independent["Us Foreign Policy"], "mmlu"),
    ]
    assert parsed.quarantine.is_empty() and not parsed.drift


def test_what_helm_measured_on_mmlu_equals_the_genuine_files_to_the_last_digit() -> None:
    files = [file for file in fixture(SOURCE) if file.version.path.startswith("data/helm_mmlu/")]
    assert len(files) > 3
    for file in files:
        parsed = SOURCE.parse([file], POLICY)
        told = {
            r["evaluation_name"]: r["score_details"]["score"] for r in json.loads(file.content)["evaluation_results"]
        }
        assert scores(parsed, "variant_id", "score_raw") == [("mmlu_helm_5shot", told.pop(MMLU))]
        told.pop("Mean win rate", None)
        assert sorted(parsed.frame("subtask_scores")["score_raw"].to_list()) == sorted(told.values())
        assert parsed.quarantine.is_empty()


@pytest.mark.parametrize("is_json", [False, True])
def test_an_evaluation_over_other_questions_than_policy_says_is_refused(is_json: bool) -> None:
    def gpqa(n: int, subset: str) -> bytes:
        details = {"score": 0.5, **counted("GPQA", n, is_json=is_json)}
        stated = {"additional_details": {"subset": json.dumps(subset) if is_json else subset}}
        return record("a/b", result("GPQA", 0.5, score_details=details, generation_config=stated))

    def read_capabilities(content: bytes) -> Parsed:
        return read(content, folder="helm_capabilities/a/b")

    assert scores(read_capabilities(gpqa(446, "gpqa_main")), "variant_id") == ["gpqa_main_helm_0shot_cot"]
    assert rules_broken(read_capabilities(gpqa(198, "gpqa_main"))) == ["result|questions"]
    assert rules_broken(read_capabilities(gpqa(446, "gpqa_diamond"))) == ["result|subset"]


def test_subjects_counted_twice_and_several_trials_are_the_same_questions() -> None:
    for total in (514, 1542):
        whole = result("MMLU", 0.5, score_details={"score": 0.5, **counted("MMLU", total, 5)})
        parsed = read(record("a/b", whole), folder="helm_classic/a/b")
        assert scores(parsed, "variant_id") == ["mmlu_helm_classic_5shot"]


@pytest.mark.parametrize("folder", ["helm_mmlu", "HELM-MMLU", "helm-mmlu"])
def test_a_collection_is_known_however_it_is_spelt(folder: str) -> None:
    assert wanted_folders([folder, "hal-gaia"], POLICY) == [folder]
    parsed = read(record("a/b", result(MMLU, 0.5)), folder=f"{folder}/a/b")
    assert scores(parsed, "variant_id", "run_id") == [("mmlu_helm_5shot", "helm-mmlu")]


def test_what_is_only_compared_comes_last_and_gives_no_score() -> None:
    assert wanted_folders(["hfopenllm_v2", "vals-ai", "helm_lite"], POLICY) == ["helm_lite", "vals-ai", "hfopenllm_v2"]
    told = {"additional_details": {"precision": "bfloat16"}}
    parsed = read(record("Org/Model", result("MMLU-PRO", 0.4205), model_info=told), folder="hfopenllm_v2/Org/Model")
    assert parsed.scores.is_empty()
    assert parsed.frame("subtask_scores").select("task", "precision", "score_raw", "subtask").rows() == [
        ("mmlu_pro_olb_v2", "bfloat16", 0.4205, None)
    ]


def test_a_folder_named_after_a_known_benchmark_that_policy_does_not_know_is_said() -> None:
    drift = unknown_folders(["helm_mmlu", "mmlu-pro-2", "GPQA_Diamond", "global-mmlu-lite", "hal-gaia"], POLICY)
    assert [(finding.kind, finding.subject) for finding in drift] == [
        ("unknown_collection", "GPQA_Diamond"),
        ("unknown_collection", "mmlu-pro-2"),
    ]


def test_an_evaluation_that_policy_does_not_know_is_counted_and_said() -> None:
    parsed = read(record("a/b", result("vals_ai.mmlu_redux.overall", 0.5)), folder="vals-ai/a/b")
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()
    assert [(d.kind, d.subject) for d in parsed.drift] == [("unknown_evaluation", "vals-ai")]
    assert "vals_ai.mmlu_redux.overall" in parsed.drift[0].message


# Who measured, in which unit, under which setting.


@pytest.mark.parametrize(
    ("relationship", "reported_by", "is_verified"),
    [("third_party", "third_party", True), ("first_party", "vendor", False), ("other", "third_party", None)],
)
def test_the_relationship_says_who_reports(relationship: str, reported_by: str, is_verified: bool | None) -> None:
    content = record("a/b", result(MMLU, 0.5), source_metadata={"evaluator_relationship": relationship})
    assert scores(read(content), "reported_by", "is_verified") == [(reported_by, is_verified)]


@pytest.mark.parametrize("said", ["Self-Reported", "Sefl-Reported"])
def test_a_row_that_a_leaderboard_calls_self_reported_is_the_vendors_whatever_its_relationship(said: str) -> None:
    def of(data_source: str) -> bytes:
        source = {"source_name": "MMLU-Pro Leaderboard", "additional_details": {"leaderboard_data_source": data_source}}
        whole, part = result("MMLU-Pro (overall)", 0.5229), result("MMLU-Pro (Law)", 0.3479)
        return record("01-ai/yi-1.5-34b-chat", whole, part, source_metadata=source)

    parsed = read(of("TIGER-Lab"), of(said), folder="mmlu-pro/01-ai/yi-1.5-34b-chat")
    assert sorted(scores(parsed, "variant_id", "reported_by", "is_verified")) == [
        ("mmlu_pro_reported", "vendor", False),
        ("mmlu_pro_tiger_5shot_cot", "third_party", True),
    ]
    assert parsed.frame("subtask_scores")["task"].unique().to_list() == ["mmlu_pro_tiger_5shot_cot:law"]


def vals(score: float, **changes: Any) -> bytes:
    metric = {"lower_is_better": False, "metric_unit": "percent", "min_score": 0.0, "max_score": 100.0}
    evaluation = result("vals_ai.gpqa.zero_shot_cot", score, metric_config=metric, **changes)
    return record("openai/gpt-5", evaluation, source_metadata={"source_name": "Vals.ai Leaderboard - GPQA"})


def test_the_metric_says_the_unit_and_the_uncertainty_the_standard_error() -> None:
    stated = {"score": 79.55, "uncertainty": {"standard_error": {"value": 2.2, "method": "vals_reported"}}}
    parsed = read(vals(79.55, score_details=stated), folder="vals-ai/openai/gpt-5")
    assert scores(parsed, "variant_id", "score_raw", "score_unit", "stderr_raw") == [
        ("gpqa_diamond_vals_0shot_cot", 79.55, "percent", 2.2)
    ]
    from_deviation = {"score": 0.5, "uncertainty": {"standard_deviation": 0.5, "num_samples": 100}}
    assert scores(read(record("a/b", result(MMLU, 0.5, score_details=from_deviation))), "stderr_raw") == [0.05]


@pytest.mark.parametrize(
    ("metric", "score", "rule"),
    [
        ({"lower_is_better": False, "min_score": 0.0, "max_score": 1.0}, 69.5, "score_raw|range"),
        ({"lower_is_better": False, "min_score": 0.0, "max_score": 1.0}, -1.0, "score_raw|range"),
        ({"lower_is_better": True, "min_score": 0.0, "max_score": 1.0}, 0.5, "metric_config|scale"),
        ({"lower_is_better": False, "min_score": -1.0, "max_score": 1.0}, 0.5, "metric_config|scale"),
        ({"lower_is_better": False, "min_score": 0.0, "max_score": "Infinity"}, 0.5, "metric_config|scale"),
        ({"lower_is_better": False, "min_score": 0.0, "max_score": 1.0}, "0.5", "score_raw|number"),
        ({"lower_is_better": False, "min_score": 0.0, "max_score": 1.0}, None, "score_raw|number"),
    ],
)
def test_a_score_outside_its_own_metric_is_refused(metric: dict[str, Any], score: object, rule: str) -> None:
    parsed = read(record("a/b", result(MMLU, score, metric_config=metric)))
    assert parsed.scores.is_empty() and rules_broken(parsed) == [rule]


def test_a_stated_date_of_evaluation_is_kept_and_one_of_retrieval_is_none() -> None:
    assert scores(read(record("a/b", result(MMLU, 0.5))), "evaluated_on") == [None]
    dated = record("a/b", result(MMLU, 0.5, evaluation_timestamp="1751328000"))
    assert [str(day) for day in scores(read(dated), "evaluated_on")] == ["2025-07-01"]
    assert [str(day) for day in scores(read(record("a/b", result(MMLU, 0.5), evaluation_timestamp="2025-07-02T01:00:00Z")),
                                       "evaluated_on")] == ["2025-07-02"]  # fmt: skip


# Records that repeat each other.


def test_a_record_that_comes_again_each_day_is_one_statement_in_its_first_file() -> None:
    daily = [record("a/b", result(MMLU, 0.5), days=day) for day in range(4)]
    for order in (daily, daily[::-1]):
        parsed = read(*order)
        assert scores(parsed, "score_raw") == [0.5] and parsed.models.height == 1 and parsed.quarantine.is_empty()
        assert scores(parsed, "path") == [f"data/helm_mmlu/meta/llama-2-70b/{order.index(daily[0])}.json"]


def test_the_newest_record_says_what_is_so_and_its_figure_stands_where_it_first_did() -> None:
    values = [0.5, 0.6, 0.5, 0.5]
    parsed = read(*(record("a/b", result(MMLU, value), days=day) for day, value in enumerate(values)))
    assert scores(parsed, "score_raw", "path") == [(0.5, "data/helm_mmlu/meta/llama-2-70b/2.json")]


def test_two_platforms_are_two_statements_and_two_figures_of_one_moment_contradict_each_other() -> None:
    hosted = record("a/b", result(MMLU, 0.6), model_info={"inference_platform": "Together AI"})
    assert sorted(scores(read(record("a/b", result(MMLU, 0.5)), hosted), "run_id")) == [
        "helm-mmlu",
        "helm-mmlu, Together AI",
    ]
    contradicted = read(record("a/b", result(MMLU, 0.5)), record("a/b", result(MMLU, 0.6)))
    assert scores(contradicted, "score_raw") == [0.5] and rules_broken(contradicted) == ["key|unique"]


# Files that are no record.


# What tokens cost.


def test_a_price_holds_from_the_first_day_of_those_on_which_it_was_stated_and_each_change_is_kept() -> None:
    asked = [price("input", 1.25), price("output", 10.0), result("artificial_analysis.gpqa", 0.85)]
    dearer = [price("input", 2.0), price("output", 10.0)]
    parsed = prices(
        record("org/m", *asked, days=1),
        record("org/m", *asked),
        record("org/m", *dearer, days=3),
        record("org/m", *asked, days=5),
        record("org/m", *asked, days=4),
    )
    assert parsed.prices.select("priced_on", "input_usd_per_mtok", "output_usd_per_mtok", "path").rows() == [
        (date(2026, 2, 11), 1.25, 10.0, "data/artificial-analysis-llms/org/m/1.json"),
        (date(2026, 2, 14), 2.0, 10.0, "data/artificial-analysis-llms/org/m/2.json"),
        (date(2026, 2, 15), 1.25, 10.0, "data/artificial-analysis-llms/org/m/4.json"),
    ]
    assert parsed.prices["provider"].unique().to_list() == ["Artificial Analysis"]
    assert parsed.scores.height == 1 and parsed.quarantine.is_empty() and not parsed.drift


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ([price("input", 1.25)], ["price|pair"]),
        (
            [price("input", 1.25, metric_unit="eur_per_1m_tokens"), price("output", 5.0)],
            ["metric_config|scale", "price|pair"],
        ),
        ([price("input", "1.25"), price("output", 5.0)], ["metric_config|scale", "price|pair"]),
        ([price("input", -1.0), price("output", 5.0)], ["price|range"]),
        ([price("input", 1.25e6), price("output", 5.0e6)], ["price|range"]),
        ([price("input", 0.0), price("output", 0.0)], []),  # given away: no price, and no fault
    ],
)
def test_a_price_in_another_unit_or_without_its_other_half_is_refused(
    given: list[dict[str, Any]], rules: list[str]
) -> None:
    parsed = prices(record("org/m", *given))
    assert parsed.prices.is_empty() and rules_broken(parsed) == rules


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"{", "record|syntax"),
        (b"[]", "record|shape"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "record|syntax"),
        (record("a/b", schema_version="0.4.0"), "record|schema"),
        (record("a/b", retrieved_timestamp="yesterday"), "record|shape"),
        (record("a/b", retrieved_timestamp="1770835937459"), "record|shape"),
        (record("a/b", source_metadata={"evaluator_relationship": "friend"}), "record|shape"),
        (record("a/b", model_info={"id": None}), "record|shape"),
        (record("a/b", evaluation_results={}), "record|shape"),
        (record("a/b", {"score_details": {"score": 1}}), "result|shape"),
    ],
)
def test_what_is_no_record_is_quarantined_with_its_reason(content: bytes, rule: str) -> None:
    parsed = read(content)
    assert parsed.scores.is_empty() and rules_broken(parsed) == [rule]


def test_a_broken_record_costs_no_other() -> None:
    parsed = read(b"{", record("a/b", result(MMLU, 0.5)))
    assert scores(parsed, "score_raw") == [0.5] and rules_broken(parsed) == ["record|syntax"]


def test_a_newer_schema_of_the_known_line_and_a_time_of_iso_are_read() -> None:
    newer = record("a/b", result(MMLU, 0.5), schema_version="0.3.1", retrieved_timestamp="2026-07-01T00:00:00Z")
    assert scores(read(newer), "score_raw") == [0.5]


def test_a_load_of_before_these_tables_is_replayed_without_them() -> None:
    texts = {name: text for name, text in POLICY.texts.items() if not name.startswith("eee_")}
    parsed = read(record("a/b", result(MMLU, 0.5)), policy=Policy(texts))
    assert (
        parsed.scores.is_empty() and parsed.quarantine.is_empty() and wanted_folders(["helm_mmlu"], Policy(texts)) == []
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["source_metadata", "model_info", "evaluation_results", "retrieved_timestamp"]), JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(name: str, value: object) -> None:
    whole = json.loads(record("a/b", result(MMLU, 0.5)))
    for changed in (
        {**whole, name: value},
        {**whole, "evaluation_results": [{**whole["evaluation_results"][0], name: value}]},
    ):
        parsed = read(json.dumps(changed).encode())
        kept = parsed.scores.height + parsed.subtask_scores.height + parsed.models.height + parsed.quarantine.height
        assert parsed.rows_in == kept
        assert kept or parsed.drift or not json.loads(json.dumps(changed)).get("evaluation_results")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["source_data", "metric_config", "score_details", "generation_config", "evaluation_name"]), JSON)
def test_whatever_stands_in_a_result_is_read_or_refused(name: str, value: object) -> None:
    parsed = read(record("a/b", result(MMLU, 0.5, **{name: value})))
    read_or_said = parsed.scores.height + parsed.subtask_scores.height + parsed.quarantine.height + len(parsed.drift)
    assert read_or_said == 1


# Nights over HTTP.

FOLDER = "datasets/evaleval/EEE_datastore/data/helm_mmlu/mistralai/mixtral-8x7b"


def helm(world: World, number: int, score: float, days: float) -> None:
    content = record("mistralai/Mixtral-8x7B-v0.1", result(MMLU, score), days=days)
    world.put(f"{FOLDER}/{number}.json", content)


def statements(world: World) -> list[Any]:
    return world.query(
        "select score_raw, load_id, closed_load_id from history.scores"
        " where source_id = 'every_eval_ever' and source_name = 'mistralai/Mixtral-8x7B-v0.1' order by load_id"
    )


def test_a_record_uploaded_again_each_day_changes_nothing_until_its_figure_does(world: World) -> None:
    world.options = {"only": (SOURCE.source_id,)}
    helm(world, 9, 0.7, days=0)
    assert world.night(1).status == "published"
    helm(world, 5, 0.7, days=1)
    helm(world, 7, 0.7, days=2)
    assert world.night(2).status == "published"
    assert statements(world) == [(0.7, 1, None)]
    helm(world, 1, 0.8, days=3)
    assert world.night(3).status == "published"
    assert statements(world) == [(0.7, 1, 3), (0.8, 3, None)]
    assert world.query("select count(*) from ops.quarantine where source_id = 'every_eval_ever'") == [(0,)]
    (world.root / f"{FOLDER}/1.json").unlink()
    assert world.night(4, accept=()).status == "published"
    assert statements(world)[-1] == (0.7, 4, None), "the file that took it back is gone: the one before speaks again"


def test_the_history_made_again_from_raw_is_the_one_that_nights_made(world: World) -> None:
    world.options = {"only": (SOURCE.source_id,)}
    for day, score in enumerate((0.7, 0.7, 0.8), 1):
        helm(world, day, score, days=day)
        world.night(day)
    nightly = statements(world)
    world.warehouse.database.unlink()
    world.night(4)
    assert statements(world) == nightly == [(0.7, 1, 3), (0.8, 3, None)]


def test_a_collection_that_is_gone_is_held_and_said(world: World, server: HubServer) -> None:
    helm(world, 1, 0.7, days=0)
    world.night(1)
    for file in (world.root / "datasets/evaleval/EEE_datastore/data/helm_mmlu").rglob("*.json"):
        file.unlink()
    content = record("mistralai/Mistral-7B-v0.1", result("MMLU", 0.5))
    world.put("datasets/evaleval/EEE_datastore/data/helm_lite/a/b/2.json", content)
    world.put("datasets/evaleval/EEE_datastore/data/helm_mmlu_2/a/b/2.json", content)
    outcome = world.night(2)
    assert outcome.status == "published", outcome.message
    assert (0.7, 1, None) in statements(world)
    found = world.query("select kind, subject from ops.drift where source_id = 'every_eval_ever' order by all")
    assert found == [("collection_gone", "helm_mmlu"), ("unknown_collection", "helm_mmlu_2")]
    paths = [request.path for request in server.requests if "EEE_datastore" in request.path]
    assert not any("helm_mmlu_2" in path for path in paths), "what nobody knows is not fetched"


def test_a_price_stays_known_when_a_newer_one_comes_and_its_file_is_gone(world: World) -> None:
    world.options = {"only": (SOURCE.source_id,)}
    folder = "datasets/evaleval/EEE_datastore/data/artificial-analysis-llms/mistral/mixtral"

    def ask(number: int, usd: float) -> None:
        asked = [price("input", usd), price("output", 2 * usd), result("artificial_analysis.gpqa", 0.3)]
        world.put(f"{folder}/{number}.json", record("mistralai/Mixtral-8x7B-v0.1", *asked, days=number))

    ask(1, 0.6)
    assert world.night(1).status == "published"
    (world.root / f"{folder}/1.json").unlink()
    ask(2, 0.4)
    assert world.night(2, accept=()).status == "published"
    columns = "model_id, provider, is_vendor, input_usd_per_mtok, round(blended_usd_per_mtok, 3), priced_on"
    rows = world.query(f"select {columns} from core.prices where source_dataset = 'every_eval_ever' order by priced_on")
    assert rows == [
        ("mistralai/Mixtral-8x7B-v0.1", "Artificial Analysis", False, 0.6, 0.75, date(2026, 2, 12)),
        ("mistralai/Mixtral-8x7B-v0.1", "Artificial Analysis", False, 0.4, 0.5, date(2026, 2, 13)),
    ]


def test_records_in_the_datastores_second_layout_are_not_read_and_said(world: World) -> None:
    world.options = {"only": (SOURCE.source_id,)}
    helm(world, 1, 0.7, days=0)
    content = record("mistralai/Mixtral-8x7B-v0.1", result(MMLU, 0.9), days=1)
    world.put("datasets/evaleval/EEE_datastore/flat/objects/aa/bb/record.json", content)
    assert world.night(1).status == "published"
    assert statements(world) == [(0.7, 1, None)]
    found = world.query("select kind, subject from ops.drift where source_id = 'every_eval_ever'")
    assert found == [("second_layout", "flat/")]


def measured_by_vals(world: World, model_id: str, pct: float) -> None:
    """A model's MMLU-Pro as Vals AI measures it."""
    metric = {"lower_is_better": False, "score_type": "continuous", "min_score": 0.0, "max_score": 100.0}
    content = record(model_id, result("vals_ai.mmlu_pro.overall", pct, metric_config=metric))
    world.put(f"datasets/evaleval/EEE_datastore/data/vals-ai/{model_id.lower()}/1.json", content)


@pytest.mark.marts(True)
def test_the_gap_of_a_vendor_that_stops_freezes_and_is_marked_in_the_nights_that_follow(world: World) -> None:
    """Proprietary models to August 2024, open ones on to August 2025, and one proprietary model a year later."""
    world.options = {"only": (SOURCE.source_id, "reference")}
    closed = {
        "anthropic/claude-3-opus-20240229": 68.0,
        "openai/gpt-4o-2024-05-13": 74.0,
        "anthropic/claude-3-5-sonnet-20240620": 77.0,
        "openai/gpt-4o-mini-2024-07-18": 63.0,
        "openai/gpt-4o-2024-08-06": 75.0,
    }
    opened = {
        "meta-llama/Meta-Llama-3-70B-Instruct": 56.0,
        "Qwen/Qwen2-72B-Instruct": 64.0,
        "meta-llama/Llama-3.1-405B-Instruct": 73.0,
    }
    later = {
        "Qwen/Qwen2.5-72B-Instruct": 71.0,
        "deepseek-ai/DeepSeek-V3": 76.0,
        "deepseek-ai/DeepSeek-R1": 84.0,
        "deepseek-ai/DeepSeek-R1-0528": 85.0,
    }

    def night(number: int, on: datetime, models: dict[str, float]) -> dict[str, Any]:
        for model_id, pct in models.items():
            measured_by_vals(world, model_id, pct)
        assert world.night(number, started_at=on).status == "published"
        columns = (
            "compared_on, difference_pct, verdict, is_alive_together, is_current, verdict_now, is_headline,"
            " proprietary_newest_on"
        )
        (row,) = world.query(
            f"select {columns} from mart.parity where population = 'official' and comparable_group = 'mmlu_pro_vals'"
        )
        gaps = world.query(
            "select max(compared_on), min(gap_pct) from mart.gap_monthly"
            " where population = 'official' and comparable_group = 'mmlu_pro_vals'"
        )
        claim = world.query("select verdict, evidence from mart.paper_claims where claim_id = 'parity_mmlu_pro'")
        return dict(zip(columns.split(", "), row, strict=True)) | {"monthly": gaps[0], "claim": claim[0]}

    both = night(1, datetime(2024, 8, 20, 3), closed | opened)
    assert (both["compared_on"], both["difference_pct"]) == (date(2024, 7, 23), -4.0)
    assert (both["is_current"], both["verdict_now"], both["claim"][0]) == (True, "trails", "fails")
    stopped = date(2024, 8, 6)
    alone = night(2, datetime(2025, 6, 10, 3), later)
    one_more = night(3, datetime(2025, 8, 20, 3), {"openai/gpt-5-2025-08-07": 87.0, "openai/gpt-oss-120b": 80.0})
    for told in (alone, one_more):
        assert (told["compared_on"], told["proprietary_newest_on"]) == (stopped, stopped)
        assert (told["difference_pct"], told["verdict"]) == (-4.0, "trails"), (
            "never an open lead over a side that stopped"
        )
        assert (told["is_alive_together"], told["is_current"]) == (False, False)
        assert (told["verdict_now"], told["is_headline"]) == ("not_measurable_now", False)
        # What is reported of both sides to that day speaks instead, and what stopped stands beside it with its date.
        assert str(told["claim"][1]).startswith("MMLU-Pro, as reported: on 2025-0")
        assert "beside it MMLU-Pro, measured by Vals AI: Llama 3.1 405B Instruct 73.0 against" in str(told["claim"][1])
        assert told["monthly"][0] == stopped and told["monthly"][1] > 0


def test_a_coined_name_is_a_model_where_policy_or_another_source_knows_it(world: World) -> None:
    for number, name in enumerate(("MISTRALAI/mixtral-8x7b-v0.1", "google/Palmyra-X-43B", "nobody/knows-it")):
        world.put(
            f"datasets/evaleval/EEE_datastore/data/helm_classic/x/{number}/1.json", record(name, result("MMLU", 0.5))
        )
    assert world.night(1).status == "published"
    resolved = world.query(
        "select source_name, model_id, method from core.model_aliases where source_id = 'every_eval_ever' and"
        " source_name in ('MISTRALAI/mixtral-8x7b-v0.1', 'google/Palmyra-X-43B', 'nobody/knows-it') order by all"
    )
    assert resolved == [
        ("MISTRALAI/mixtral-8x7b-v0.1", "mistralai/Mixtral-8x7B-v0.1", "hub_id_case"),
        ("google/Palmyra-X-43B", "writer/palmyra-x", "alias"),
        ("nobody/knows-it", "nobody/knows-it", "unresolved"),
    ]
    assert world.query("select source_name from mart.unresolved_names where source_id = 'every_eval_ever'") == [
        ("nobody/knows-it",)
    ]


def test_every_collection_that_is_read_says_whom_to_cite() -> None:
    read_ones = POLICY.frame("eee_collections").filter(pl.col("role") != "left_out")["collection"].to_list()
    assert sorted(collection.collection_id for collection in SOURCE.collections) == sorted(read_ones)
    variants = {
        (collection, variant)
        for collection, *both in POLICY.frame("eee_evaluations")
        .filter(pl.col("role") == "score")
        .select("collection", "variant_id", "vendor_variant_id")
        .iter_rows()
        for variant in both
        if variant
    }
    assert {(c.collection_id, variant) for c in SOURCE.collections for variant in c.variants} == variants


def test_a_retrieval_is_told_in_seconds() -> None:
    assert json.loads(record("a/b", days=1))["retrieved_timestamp"] == str(RETRIEVED_S + 86400)
