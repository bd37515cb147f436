"""After a fix, quarantined records are parsed again from the landed bytes, without requests to the Hub."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from faulty_hub import HubServer
from worlds import World

from leaderboard_etl import pipeline
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import POLICY
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES

pytestmark = pytest.mark.marts(False)

TABLE = "spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20250505.csv"
BROKEN = (
    b"key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\nm,M,7 points,0.5,-,MIT,O,-\n"
)


def test_a_fixed_parser_releases_a_quarantined_record_without_a_request(
    world: World, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.options = {"only": ("arena", "olb_v2_contents")}
    (world.root / TABLE).write_bytes(BROKEN)
    world.night(1)
    standing = "select offending_text from ops.quarantine where valid_to is null and source_id = 'arena'"
    scores = "select variant_id, score_raw from core.scores where source_id = 'arena' order by 1"
    assert world.query(standing) == [("7 points",)]
    assert world.query(scores) == [("mmlu_arena", 0.5)]

    old = SOURCES["arena"]

    def fixed(files: Sequence[SourceFile], policy: Policy) -> Parsed:
        mended = [SourceFile(file.version, file.content.replace(b"7 points", b"7")) for file in files]
        return old.parse(mended, policy)

    monkeypatch.setitem(SOURCES, "arena", dataclasses.replace(old, parse=fixed))
    server.requests.clear()
    outcome = pipeline.replay(world.warehouse)
    assert outcome.status == "published" and server.requests == []
    assert world.query(standing) == []
    assert world.query(scores) == [("mmlu_arena", 0.5), ("mt_bench_arena", 7.0)]
    assert world.query("select kind from ops.loads order by load_id") == [("nightly",), ("replay",)]


def test_a_replay_with_nothing_in_quarantine_is_quiet(published: World) -> None:
    assert published.query("select count(*) from ops.quarantine where valid_to is null") == [(0,)]
    assert pipeline.replay(published.warehouse).status == "no_news"


def test_the_next_night_continues_where_the_last_one_stopped(world: World, server: HubServer) -> None:
    world.options = {"only": ("arena", "olb_v2_contents")}
    (world.root / TABLE).write_bytes(BROKEN)
    world.night(1)
    pipeline.replay(world.warehouse)
    server.requests.clear()
    assert world.night(2).status == "no_news"
    assert not [request for request in server.requests if "/resolve/" in request.path]


def test_a_corrected_policy_row_releases_a_quarantined_record(
    world: World, server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.options = {"only": ("olb_v2_contents", *pipeline.MODEL_SOURCES)}
    world.put_model("org/model-1b", b"---\nlicense: mit\n---\n")
    entry = b"- dataset: {id: Idavidrein/gpqa, task_id: diamond}\n  value: 0.9\n"
    world.put("models/org/model-1b/.eval_results/gpqa.yaml", entry)
    world.night(1)
    standing = "select rule from ops.quarantine where valid_to is null and source_id = 'eval_results'"
    assert world.query(standing) == [("score_raw|unit",)]

    mended = tmp_path / "policy"
    shutil.copytree(POLICY, mended)
    tasks = (mended / "eval_tasks.csv").read_text()
    (mended / "eval_tasks.csv").write_text(
        tasks.replace("gpqa_diamond_reported,percent,1", "gpqa_diamond_reported,percent,0")
    )
    monkeypatch.setattr("leaderboard_etl.policy.POLICY", mended)
    server.requests.clear()
    assert pipeline.replay(world.warehouse).status == "published" and server.requests == []
    assert world.query(standing) == []
    assert world.query("select score_pct from core.scores where source_id = 'eval_results'") == [(0.9,)]


def test_a_replay_with_new_policy_reads_every_source_by_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(TABLE, BROKEN)
    world.put_model("org/model-1b", b"---\nlicense: mit\n---\n")
    world.put(
        "models/org/model-1b/.eval_results/gsm8k.yaml", b"- dataset: {id: openai/gsm8k, task_id: gsm8k}\n  value: 90\n"
    )
    before = tmp_path / "policy"
    shutil.copytree(POLICY, before)
    tasks = [line for line in (before / "eval_tasks.csv").read_text().splitlines() if "gsm8k" not in line]
    (before / "eval_tasks.csv").write_text("\n".join(tasks))
    scores = "select variant_id, score_pct from core.scores where source_id = 'eval_results'"
    with monkeypatch.context() as patched:
        patched.setattr("leaderboard_etl.policy.POLICY", before)
        world.night(1)
        assert world.query(scores) == []
    assert pipeline.replay(world.warehouse).status == "published"
    assert world.query(scores) == [("gsm8k_reported", 90.0)]
    assert world.night(2).status == "no_news"
