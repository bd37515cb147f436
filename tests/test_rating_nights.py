"""Ratings over some nights: the past is fetched once, days stay when their file goes on, and an archive may vanish."""

from __future__ import annotations

import polars as pl
import pytest
from conftest import Faults
from faulty_hub import HubServer, Response
from test_arena_ratings import FULL, LATEST, parquet
from test_doctor_hub import lines
from worlds import World

from leaderboard_etl.pipeline import Outcome

pytestmark = pytest.mark.marts(False)

REPO = "datasets/lmarena-ai/leaderboard-dataset"
ARCHIVE = "spaces/lmarena-ai/chatbot-arena-leaderboard"
OLD, OTHER = f"{ARCHIVE}/leaderboard_table_20250505.csv", f"{ARCHIVE}/leaderboard_table_20250506.csv"
HEADER = "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link"
LINK = "https://huggingface.co/org/model-one"


@pytest.fixture
def board(world: World) -> World:
    """A world of ratings and of the archive, which alone are asked for: the archive links one name to a repository."""
    world.options = {"only": ("arena_ratings", "arena"), "card_budget": 0}
    world.put(OLD, f"{HEADER}\nmodel-1,Model One,7,0.5,2023/1,MIT,Org,{LINK}\n".encode())
    put(world, "2024-12-31", path=FULL)
    put(world, "2025-01-01")
    return world


def put(world: World, day: str, *, path: str = LATEST, n_models: int = 30, factor: float = 1.0) -> None:
    """A file with `n_models` models of one day: of odd numbers open ones, of even numbers proprietary ones, but for the last two,
    whose licence says nothing."""
    licenses = ["Proprietary", "MIT"] * 14 + ["Other", "Other"]
    rows = [
        {"model_name": f"model-{n}", "license": licenses[n], "rating": (1400.0 + n) * factor, "rating_lower": None}
        | {"rating_upper": None, "leaderboard_publish_date": day}
        for n in range(n_models)
    ]
    world.put(f"{REPO}/{path}", parquet(*rows))


def days(world: World) -> dict[str, int]:
    return dict(world.query("select published_on::varchar, count(*) from core.ratings group by all order by all"))


def told(night: Outcome, source_id: str) -> tuple[str, list[str]]:
    """The state of a source in a night, and the kinds of its findings."""
    entry = night.load.source(source_id) if night.load else None
    assert entry is not None
    return entry.state, [finding.kind for finding in entry.drift]


def test_a_bare_word_behind_the_name_of_a_known_model_is_the_setting_of_its_rating(board: World) -> None:
    stated = [
        "gpt-5.1-high",
        "gpt-5.1",
        "kimi-k2-thinking-turbo",
        "claude-opus-4-5-20251101-thinking-32k",
        "new-thinking",
    ]
    rows = [{"model_name": name, "leaderboard_publish_date": "2025-01-01"} for name in stated]
    board.put(f"{REPO}/{LATEST}", parquet(*rows))
    board.night(1)
    settings = "select source_name, setting from core.ratings where published_on = date '2025-01-01' order by all"
    assert board.query(settings) == [
        ("claude-opus-4-5-20251101-thinking-32k", "thinking 32k"),
        ("gpt-5.1", "n/a"),
        ("gpt-5.1-high", "high"),
        ("kimi-k2-thinking-turbo", "n/a"),
        ("new-thinking", "n/a"),
    ]


@pytest.mark.marts(True)
def test_each_night_adds_its_day_the_past_is_fetched_once_and_an_archive_may_go(
    board: World, server: HubServer, faults: Faults
) -> None:
    assert board.night(1).status == "published"
    assert days(board) == {"2024-12-31": 30, "2025-01-01": 30}
    names = "select source_name, model_id, openness from core.ratings where published_on = date '2025-01-01'"
    assert sorted(board.query(f"{names} and source_name in ('model-0', 'model-1', 'model-3', 'model-29')")) == [
        ("model-0", "model-0", "proprietary"),
        ("model-1", "org/model-one", "open_weights"),
        ("model-29", "model-29", "unknown"),
        ("model-3", "model-3", "open_weights"),
    ]

    put(board, "2025-01-02", n_models=27)
    put(board, "2024-12-30", path=FULL)
    faults.answers["/lmarena-ai/chatbot-arena-leaderboard"] = Response(404, {"X-Error-Code": "RepoNotFound"})
    server.requests.clear()
    night = board.night(2)
    assert (night.status, told(night, "arena")) == ("published", ("unchanged", ["archive_gone"]))
    assert board.query("select sum(score_raw) from core.scores where source_id = 'arena'") == [(7.5,)]
    assert lines(board)["arena"][0]
    assert [request.path for request in server.requests if "full-00000" in request.path] == []
    assert days(board) == {"2024-12-31": 30, "2025-01-01": 30, "2025-01-02": 27}
    gone = "select is_listed, last_rated_on::varchar from mart.arena_models where model_id = 'model-27'"
    assert board.query(gone) == [(False, "2025-01-01")]
    leaders = "select proprietary_source_name, open_source_name, gap_rating from mart.arena_gap order by day desc"
    assert board.query(f"{leaders} limit 1") == [("model-26", "model-25", 1.0)]

    faults.answers.clear()
    (board.root / OLD).unlink()
    board.put(OTHER, f"{HEADER}\nmodel-1,Model One,8,-,-,MIT,Org,-\n".encode())
    night = board.night(3, full=True)
    assert (night.status, told(night, "arena")) == ("published", ("loaded", ["archive_gone"]))
    assert board.query("select sum(score_raw) from core.scores where source_id = 'arena'") == [(8.5,)]
    assert days(board) == {"2024-12-30": 30, "2024-12-31": 30, "2025-01-01": 30, "2025-01-02": 27}


def test_what_cannot_be_believed_is_held_and_a_restated_day_says_the_newest(board: World) -> None:
    board.night(1)
    put(board, "2025-01-02", n_models=26)
    night = board.night(2)
    assert (night.status, told(night, "arena_ratings")) == ("degraded", ("held", ["rows_vanished"]))
    path = board.root / REPO / LATEST
    pl.read_parquet(path).rename({"rating": "score"}).write_parquet(path)
    night = board.night(3)
    assert (night.status, told(night, "arena_ratings")) == ("degraded", ("held", ["unreadable"]))
    is_expected, found = lines(board)["arena_ratings"]
    assert not is_expected and "model_name, organization" in found and "'rating' (number) is missing" in found
    assert days(board)["2025-01-01"] == 30

    put(board, "2025-01-01", factor=1.5)
    assert board.night(4).status == "published"
    rated = "select rating from core.ratings where source_name = 'model-0' and published_on = date '2025-01-01'"
    assert board.query(rated) == [(2100.0,)]
    stated = "select rating from history.ratings where source_name = 'model-0' and published_on = date '2025-01-01'"
    assert sorted(board.query(stated)) == [(1400.0,), (2100.0,)]
    for file in (FULL, LATEST):
        (board.root / REPO / file).unlink()
    board.put(f"{REPO}/README.md", b"moved")
    night = board.night(5)
    assert (night.status, told(night, "arena_ratings")[0]) == ("degraded", "failed")
