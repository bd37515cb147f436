"""Sources that do not fit in memory at once: many batches of files give the same result as one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import World, content, without_marts

from leaderboard_etl import pipeline
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.batches import parse_batches
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES

pytestmark = pytest.mark.marts(False)


def result_file(value: float) -> bytes:
    return json.dumps({"results": {"leaderboard_mmlu_pro": {"acc,none": value}}, "git_hash": "x"}).encode()


@pytest.mark.marts(True)
def test_many_batches_of_a_source_give_the_same_rows_as_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("one", "two", "three"):
        for day in (1, 2):
            name = f"results_2024-07-0{day}T00-00-00.000000.json"
            world.put(f"datasets/open-llm-leaderboard/results/org/{model}/{name}", result_file(0.3 + day / 100))
    world.put("datasets/open-llm-leaderboard/results/org/four/results_2024-07-01T00-00-00.000000.json", b"no JSON")
    world.options = {"card_budget": 4}  # one batch per model; a few are enough
    world.night(1)
    at_once = content(world.warehouse.database)
    monkeypatch.setattr("leaderboard_etl.reading.batches._MOST_FILES_AT_ONCE", 1)
    pipeline.rebuild(world.warehouse)
    assert content(world.warehouse.database) == at_once
    # A night that reads in batches has the same result.
    other = replace(world, warehouse=Warehouse(tmp_path / "other"))
    with without_marts():
        other.night(1)
    rows = "ops.loads", "ops.build", "ops.analysis_inputs", "raw.", "mart."
    assert content(other.warehouse.database, without=rows) == {
        name: held for name, held in at_once.items() if not name.startswith(rows)
    }
    # Files that are gone and files that changed are folded over many batches too.
    (world.root / "datasets/open-llm-leaderboard/results/org/one/results_2024-07-01T00-00-00.000000.json").unlink()
    name = "results_2024-07-02T00-00-00.000000.json"
    world.put(f"datasets/open-llm-leaderboard/results/org/two/{name}", result_file(0.4))
    with without_marts():
        other.night(2)
    assert other.query(
        "select source_name, score_raw from history.scores where source_id = 'olb_v2_results' and closed_load_id = 2"
        " order by all"
    ) == [("org/one", 0.31), ("org/two", 0.32)]


def test_files_that_explain_each_other_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard_etl.reading.batches._MOST_FILES_AT_ONCE", 1)
    texts = {
        ("org/a", "config.json"): b'{"torch_dtype": "bfloat16"}',
        ("org/a", "model.safetensors.index.json"): b'{"metadata": {"total_size": 2000}}',
        ("org/b", "README.md"): b"---\nlicense: mit\n---\n",
    }
    with BlobStore(tmp_path) as store:
        files = []
        for (repo_id, path), text in texts.items():
            blob_id = sha256_id(text)
            store.put(blob_id, text)
            files.append(FileVersion("model", repo_id, path, "c" * 40, blob_id, len(text), "2025-01-01T00:00:00Z"))
        batches = list(parse_batches(SOURCES["model_cards"], files, store, read_policy()))
    assert [[file.repo_id for file in read] for read, _ in batches] == [["org/a", "org/a"], ["org/b"]]
    claims = batches[0][1].parameter_claims.filter(method="index")
    assert claims["params"].to_list() == [1_000]


def test_findings_of_several_batches_about_one_subject_are_merged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.reading.batches._MOST_FILES_AT_ONCE", 1)
    world.options = {"card_budget": 20}  # one batch per model; those that are asked for first are enough
    for name, task in (("01-ai/Yi-34B", "first"), ("01-ai/Yi-6B", "second")):
        data = {"dataset": {"id": "org/new", "task_id": task}, "value": 1}
        results = [{"filename": ".eval_results/new.yaml", "verified": False, "data": data}]
        world.put(f"_api/models/{name}.json", json.dumps({"gated": "auto", "evalResults": results}).encode())
    world.night(1)
    found = world.query("select subject, message from ops.drift where source_id = 'eval_results'")
    assert [subject for subject, _ in found] == ["org/new"]
    assert "first" in found[0][1] and "second" in found[0][1]
