"""Our scores as records of Every Eval Ever: each is valid by the schema, and what came in from there goes out equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from eee_records import record, result
from jsonschema import Draft7Validator
from worlds import World, after_first_night

from leaderboard_etl.cli import main
from leaderboard_etl.export.every_eval_ever import record_files

# The schema of the project's public history (MIT): https://github.com/evaleval/every_eval_ever, version 0.3.0.
SCHEMA = Path(__file__).parent / "fixtures" / "every_eval_ever-0.3.0.schema.json"
MODEL = "mistralai/Mixtral-8x7B-v0.1"
OUT_OF_100 = {"lower_is_better": False, "score_type": "continuous", "min_score": 0.0, "max_score": 100.0}
WHOLE = {"score": 0.695, "uncertainty": {"standard_error": {"value": 0.0123456789}}}
CAME_IN = {
    "helm_mmlu": record(
        MODEL,
        result("MMLU All Subjects", 0.695, score_details=WHOLE, evaluation_timestamp="2024-03-01"),
        model_info={"additional_details": {"model_availability": "open_weights", "release_date": "2023-12-11"}},
    ),
    "llm-stats": record(
        MODEL,
        result("llm_stats.mmlu", 70.6, metric_config=OUT_OF_100),
        result("llm_stats.mmlu-pro", 43.3, metric_config=OUT_OF_100),
        source_metadata={"source_name": "llm-stats", "evaluator_relationship": "first_party"},
        model_info={"additional_details": {"model_availability": "open_weights"}},
    ),
    "vals-ai": record(
        MODEL,
        result(
            "vals_ai.mmlu_pro.overall",
            0.41,
            generation_config={"additional_details": {"reasoning_effort": "high"}},
        ),
        source_metadata={"source_name": "Vals.ai", "evaluator_relationship": "other"},
        model_info={"additional_details": {"model_availability": "open_weights"}},
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published warehouse with scores of two tables and of three records, which is only read."""

    def put(world: World) -> None:
        for collection, content in CAME_IN.items():
            world.put(f"datasets/evaleval/EEE_datastore/data/{collection}/{MODEL}/1.json", content)

    return after_first_night(tmp_path_factory.mktemp("records"), put) / "warehouse"


@pytest.fixture(scope="module")
def records(root: Path) -> dict[str, Any]:
    with duckdb.connect(str(root / "leaderboard.duckdb"), read_only=True) as con:
        return {path: json.loads(content) for path, content in record_files(con).items()}


def details(read: Any) -> dict[str, str]:
    found: dict[str, str] = read["source_metadata"]["additional_details"]
    return found


def kept(read: Any, setting: str | None) -> list[Any]:
    """The fields that a record keeps, of each result."""
    return sorted(
        (
            read["source_metadata"]["evaluator_relationship"],
            read["model_info"]["additional_details"]["model_availability"],
            each["score_details"]["score"],
            each["score_details"].get("uncertainty", {}).get("standard_error", {}).get("value"),
            [each["metric_config"][name] for name in ("min_score", "max_score", "lower_is_better")],
            each["source_data"]["url"][0],
            each.get("evaluation_timestamp"),
            each.get("generation_config", {}).get("additional_details", {}).get(setting),
        )
        for each in read["evaluation_results"]
    )


def test_every_record_is_valid_by_the_schema_and_every_score_is_in_one(root: Path, records: dict[str, Any]) -> None:
    validator = Draft7Validator(json.loads(SCHEMA.read_bytes()))
    wrong = [f"{path}: {error.message}" for path, read in records.items() for error in validator.iter_errors(read)]
    assert wrong == []
    with duckdb.connect(str(root / "leaderboard.duckdb"), read_only=True) as con:
        scores = con.execute("select score_raw, variant_id from core.scores order by all").fetchall()
    written = [
        (each["score_details"]["score"], each["metric_config"]["additional_details"]["variant_id"])
        for read in records.values()
        for each in read["evaluation_results"]
    ]
    assert sorted(written) == scores and len(scores) > 300


def test_ids_are_unique_and_do_not_depend_on_when_a_score_was_believed(root: Path, records: dict[str, Any]) -> None:
    ids = [read["evaluation_id"] for read in records.values()]
    assert len(set(ids)) == len(ids)
    with duckdb.connect() as con:
        con.execute(f"attach '{root / 'leaderboard.duckdb'}' as published (read_only)")
        con.execute("copy from database published to memory")
        con.execute("update ops.loads set as_of_at = as_of_at + interval 1 year")
        later = {path: json.loads(content) for path, content in record_files(con).items()}
    assert later.keys() == records.keys()
    assert [read["evaluation_id"] for read in later.values()] == ids
    assert {read["retrieved_timestamp"] for read in later.values()}.isdisjoint(
        read["retrieved_timestamp"] for read in records.values()
    )


@pytest.mark.parametrize("collection", CAME_IN)
def test_what_came_in_goes_out_equal_in_the_fields_that_it_keeps(collection: str, records: dict[str, Any]) -> None:
    folder = f"data/{collection.replace('_', '-')}/{MODEL}/"
    from_there = [path for path, read in records.items() if details(read)["source_id"] == "every_eval_ever"]
    [out] = [records[path] for path in from_there if path.startswith(folder)]
    assert kept(out, "reasoning_effort") == kept(json.loads(CAME_IN[collection]), "reasoning_effort")
    assert out["model_info"]["additional_details"]["source_name"] == MODEL


def test_an_export_is_verified_and_says_what_it_loses(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "records"
    command = ["export", "-w", str(root), "--format", "every-eval-ever", "--out", str(out)]
    assert main(command) == 0
    assert "records of the state as of" in capsys.readouterr().out
    assert "evaluator_relationship" in (out / "README.md").read_text()
    assert main(["verify", "-w", str(root), str(out)]) == 0, capsys.readouterr().out
    assert "recomputed from the warehouse" in capsys.readouterr().out
    file = next((out / "data").rglob("*.json"))
    file.write_bytes(file.read_bytes().replace(b"score", b"sc0re", 1))
    assert main(["verify", "-w", str(root), str(out)]) == 1
    assert main([*command, "--with-database"]) == main(["diff", str(out), str(out)]) == 2
    assert main(["export", "-w", str(root), "--out", str(out)]) == 2, "the article's files do not replace records"


def test_records_for_passing_on_hold_only_scores_under_a_licence_that_says_so(root: Path) -> None:
    with duckdb.connect(str(root / "leaderboard.duckdb"), read_only=True) as con:
        passed_on = [json.loads(content) for content in record_files(con, is_redistributable=True).values()]
    licenses = {details(read).get("license") for read in passed_on}
    assert licenses and None not in licenses
