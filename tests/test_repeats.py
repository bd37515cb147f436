"""If two files of a source have the same key, the first is kept and the second is quarantined, whenever they arrive."""

from __future__ import annotations

import json

import pytest
from worlds import V2, World, parquet, v2_row

pytestmark = pytest.mark.marts(False)

_RESULTS = "datasets/open-llm-leaderboard/results/org/m"
_RUN = json.dumps({"results": {"leaderboard_mmlu_pro": {"acc,none": 0.4}}, "git_hash": "x"}).encode()


def books(world: World) -> list[tuple[object, ...]]:
    return world.query(
        "select load_id, source_id from ops.load_sources where rows_in <> rows_stored + rows_quarantined"
    )


def test_of_a_table_that_repeats_a_row_of_another_only_that_row_is_quarantined(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    world.night(1)
    other = V2.replace("00000-of-00001", "00001-of-00002")
    world.put(other, parquet([v2_row("org/model-1b", 0.9), v2_row("org/new", 0.8)]))
    assert world.night(2).status != "failed"
    scores = "select source_name, score_raw from core.scores where variant_id = 'gpqa_olb_v2' and score_raw"
    assert world.query(f"{scores} in (0.9, 0.8, 0.31) order by all") == [("org/model-1b", 0.31), ("org/new", 0.8)]
    refused = world.query("select distinct rule, source_name from ops.quarantine where valid_to is null")
    assert refused == [("key|unique", "org/model-1b")] and books(world) == []
    # A renamed table is the same table, not another one that repeats it.
    (world.root / V2).rename(world.root / V2.replace("00000-of-00001", "00000-of-00002"))
    assert world.night(3).status != "failed"
    assert world.query(f"{scores} in (0.9, 0.31)") == [("org/model-1b", 0.31)]


def test_a_second_file_of_one_run_is_refused_on_whatever_night_it_comes(
    world: World,
) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    world.put(f"{_RESULTS}/results.json", _RUN)
    world.night(1)
    world.put(f"{_RESULTS}/results_results.json", _RUN)
    assert world.night(2).status != "failed" and books(world) == []
    rows = world.query("select path from core.subtask_scores where source_name = 'org/m'")
    assert rows == [("org/m/results.json",)]


def test_if_one_of_two_tables_goes_the_counts_still_add_up(world: World) -> None:
    world.options = {"only": ("olb_v2_contents", "olb_v2_results")}
    other = V2.replace("00000-of-00001", "00001-of-00002")
    world.put_v2()
    world.put(other, parquet([v2_row("org/new", 0.8)]))
    world.night(1)
    (world.root / other).unlink()
    assert world.night(2).status != "failed" and books(world) == []
    names = world.query("select distinct source_name from core.scores where source_id = 'olb_v2_contents' order by all")
    assert names == [("mistralai/Mistral-7B-v0.1",), ("mistralai/Mixtral-8x7B-v0.1",)]
