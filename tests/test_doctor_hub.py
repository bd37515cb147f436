"""`doctor --hub` asks each kind of question once and reports what is not as expected."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import Faults
from faulty_hub import HubServer, Response
from worlds import V2, World

from leaderboard_etl.cli import main
from leaderboard_etl.doctor.hub_examination import examine_hub
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.policy import read_policy
from leaderboard_etl.sources.registry import SOURCES

POLICY = read_policy()


def lines(world: World) -> dict[str, tuple[bool, str]]:
    found = examine_hub(Hub(world.hub), SOURCES, POLICY)
    return {line.part: (line.is_expected, line.found) for line in found.lines}


def test_the_samples_hub_is_as_expected_within_fifty_requests(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--hub", "sample", "--json"])
    told = json.loads(capsys.readouterr().out)
    by_part = {line["part"]: line for line in told["lines"]}
    wrong = {part for part, line in by_part.items() if not line["is_expected"]}
    assert (code, wrong) == (0, set())
    # The sample lacks these: it has no benchmark's dataset, and its models state neither size nor date.
    absent = {part for part, line in by_part.items() if line["is_absent"]}
    others = {"official benchmarks", "what changed last", "one model"}
    assert absent == {*others, *(part for part in by_part if part.startswith("leaderboard of"))}
    assert {source_id for source_id, source in SOURCES.items() if source.repo_id} <= set(by_part)
    assert told["api_calls"] + told["file_calls"] <= 50
    assert "fullname" in by_part["olb_v2_contents"]["found"]


def test_a_table_with_unknown_columns_is_reported_with_its_columns(world: World) -> None:
    import io

    import polars as pl

    buffer = io.BytesIO()
    pl.DataFrame({"who": ["a"], "how much": [1.0]}).write_parquet(buffer)
    world.put(V2, buffer.getvalue())
    is_expected, found = lines(world)["olb_v2_contents"]
    assert not is_expected and "who, how much" in found


def test_only_the_sample_may_lack_parts_but_not_its_own_sources(
    world: World, server: HubServer, faults: Faults
) -> None:
    faults.answers["/open-llm-leaderboard/results/"] = Response(404)
    for is_sample in (False, True):
        found = examine_hub(Hub(world.hub), SOURCES, POLICY, is_sample=is_sample)
        wrong = {line.part for line in found.lines if not line.is_expected}
        assert "olb_v2_results" in wrong and found.exit_code == 3
        assert ("official benchmarks" in wrong) != is_sample


def test_a_failing_or_gated_part_does_not_affect_the_others(world: World, server: HubServer, faults: Faults) -> None:
    faults.answers["/open-llm-leaderboard/results/"] = Response(404)
    faults.answers["/gpqa/leaderboard"] = Response(403, {"X-Error-Code": "GatedRepo"})
    found = lines(world)
    assert not found["olb_v2_results"][0] and "404" in found["olb_v2_results"][1]
    assert "gated" in found["leaderboard of Idavidrein/gpqa"][1]
    assert found["olb_v2_contents"][0]


def test_if_nothing_answers_there_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--hub", "http://127.0.0.1:9"]) == 1
    out = capsys.readouterr().out
    assert "cannot be reached" in out and "Traceback" not in out


def test_a_refused_token_is_reported_and_ends_the_examination(world: World, server: HubServer) -> None:
    server.refused_tokens.add("hf_expired")
    found = examine_hub(Hub(world.hub, token="hf_expired"), SOURCES, POLICY)
    assert found.exit_code == 1
    assert "HF_TOKEN" in found.lines[-1].found and found.lines[-1].part == "token"


def test_a_repository_that_a_hub_need_not_have_is_absent_and_any_other_is_amiss(world: World) -> None:
    for source_id in ("mmlu_pro_leaderboard", "bigcode"):
        source = SOURCES[source_id]
        shutil.rmtree(world.root / f"{source.repo_type}s" / source.repo_id)
    found = {line.part: line for line in examine_hub(Hub(world.hub), SOURCES, POLICY).lines}
    assert [(found[s].is_expected, found[s].is_absent) for s in ("mmlu_pro_leaderboard", "bigcode")] == [
        (True, True),
        (False, False),
    ]
    assert found["past commits"].is_expected
