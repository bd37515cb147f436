"""A first night with only one source, or without one of the tables, publishes; policy about names that no table has yet
waits."""

from __future__ import annotations

import pytest
from conftest import Faults
from faulty_hub import Response
from worlds import World, no_wait, v1_row, v2_row

from leaderboard_etl.policy import read_policy
from leaderboard_etl.sources.registry import SOURCES

# Of analyses that get nothing of what they read, the nights with one source are the test.
pytestmark = pytest.mark.marts(False)
ALIASES = read_policy().frame("model_aliases")
HEADER = "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\n"


@pytest.fixture
def aliased(world: World) -> World:
    """Tables that use the former names, and own names whose models policy knows."""
    world.options = {"card_budget": 0}
    former = ALIASES.filter(ALIASES["source_id"] == "*").select("source_name", "model_id").rows()
    world.put_v1(*[v1_row(name) for name, _ in former])
    world.put_v2(
        *[v2_row(model_id) for _, model_id in {model_id.lower(): (_, model_id) for _, model_id in former}.values()]
    )
    own = ALIASES.filter(ALIASES["source_id"] == "arena")["source_name"].to_list()
    rows = "".join(f'"{name}",x,8.0,0.7,,MIT,Org,\n' for name in own)
    world.put("spaces/lmarena-ai/chatbot-arena-leaderboard/leaderboard_table_20250505.csv", (HEADER + rows).encode())
    return world


@pytest.mark.marts(True)
@pytest.mark.parametrize("source_id", SOURCES)
def test_a_first_night_with_only_one_source_publishes(aliased: World, source_id: str) -> None:
    outcome = aliased.night(1, only=(source_id,))
    assert outcome.status == "published", outcome.message


@pytest.mark.parametrize(
    ("table", "answer"),
    [
        ("open-llm-leaderboard", Response(500)),
        ("open-llm-leaderboard", Response(401, {"X-Error-Code": "RepoNotFound"})),  # private, or missing
        ("open-llm-leaderboard", Response(401, {"X-Error-Code": "GatedRepo"})),
        ("open-llm-leaderboard-old", Response(401, {"X-Error-Code": "GatedRepo"})),
    ],
    ids=["v2 500", "v2 private", "v2 gated", "v1 gated"],
)
def test_a_first_night_without_one_of_the_tables_publishes_the_others(
    aliased: World, faults: Faults, table: str, answer: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    faults.answers[f"datasets/{table}/contents"] = answer
    outcome = aliased.night(1)
    assert outcome.status == "degraded", outcome.message
    other = "olb_v1_contents" if table == "open-llm-leaderboard" else "olb_v2_contents"
    assert aliased.query(f"select count(*) > 0 from core.scores where source_id = '{other}'") == [(True,)]


def test_an_alias_to_an_unknown_model_is_reported_after_both_tables_are_read(aliased: World) -> None:
    aliased.put_v2()
    aliased.night(1)
    found = "select n_rows > 0 from ops.check_results where check_name = 'aliases_lead_to_known_models'"
    assert aliased.query(found) == [(True,)]


def test_a_hub_that_never_had_a_repository_that_it_need_not_have_is_no_failure_and_one_that_loses_it_is(
    world: World,
) -> None:
    source = SOURCES["mmlu_pro_leaderboard"]
    world.options = {"card_budget": 0, "only": (source.source_id,)}
    folder, aside = world.root / "datasets" / source.repo_id, world.root.parent / "aside"
    states = []
    for day, is_there in enumerate((False, True, False), start=1):
        (aside if is_there else folder).rename(folder if is_there else aside)
        outcome = world.night(day)
        entry = outcome.load and outcome.load.source(source.source_id)
        assert entry
        states.append((outcome.status, entry.state, "without it" in (entry.message or "")))
    assert states[0] == ("published", "unchanged", True)
    assert states[1][1:] == ("loaded", False) and states[2] == ("degraded", "failed", False)
    assert world.query("select count(*) > 0 from core.scores") == [(True,)]


def test_a_gated_repository_is_a_failure_even_where_it_need_not_be_there(world: World, faults: Faults) -> None:
    world.options = {"card_budget": 0, "only": ("mmlu_pro_leaderboard",)}
    faults.answers["TIGER-Lab/mmlu_pro_leaderboard_submission"] = Response(401, {"X-Error-Code": "GatedRepo"})
    assert world.night(1).status == "degraded"
