"""A backfill makes past commits of the leaderboards' tables into dated loads, before the first night."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from faulty_hub import HubServer
from test_arena_ratings import FULL, LATEST
from test_arena_ratings import parquet as ratings
from worlds import V1, V1_SENTINELS, V2, V2_SENTINELS, World, content, parquet, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.errors import UsageError
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.backfilling import backfill
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.warehouse.needs import needed_by

pytestmark = pytest.mark.marts(False)

V2_ONLY = ("olb_v2_contents",)


def commit(world: World, server: HubServer, moment: datetime, file: bytes, path: str = V2) -> None:
    """Commits a table on the Hub at the given moment (UTC), by default the v2 table."""
    world.put(path, file)
    stamp = moment.replace(tzinfo=UTC).timestamp()
    os.utime(world.root / path, (stamp, stamp))
    server.repositories.head("datasets", "/".join(path.split("/")[1:3]))


def table(raw: float, n_models: int = 30) -> bytes:
    return parquet([*V2_SENTINELS, *[v2_row(f"org/model-{n}b", raw) for n in range(n_models)]])


def options(world: World, **changes: Any) -> Options:
    return Options(world.warehouse, world.hub, world.endpoint, **{"only": V2_ONLY, **changes})


def raw_on(world: World, day: date) -> set[float]:
    query = "select distinct score_raw from core.scores where source_name = 'org/model-1b' and benchmark_id = 'gpqa'"
    with open_published(world.warehouse, as_of=day, needs=needed_by(query)) as con:
        return {raw for (raw,) in con.execute(query).fetchall()}


@pytest.fixture
def past(world: World, server: HubServer) -> World:
    """Three days of the v2 table in 2024, with two commits on the second day."""
    commit(world, server, datetime(2024, 8, 1, 5), table(0.31))
    commit(world, server, datetime(2024, 8, 2, 5), table(0.32))
    commit(world, server, datetime(2024, 8, 2, 23), table(0.33))
    commit(world, server, datetime(2024, 8, 4, 5), table(0.34))
    return world


def test_a_repository_that_a_hub_need_not_have_has_no_past_there(past: World) -> None:
    source = SOURCES["mmlu_pro_leaderboard"]
    shutil.rmtree(past.root / "datasets" / source.repo_id)
    outcome = backfill(options(past, only=(*V2_ONLY, source.source_id)))
    assert outcome.status == "published", outcome.message
    assert raw_on(past, date(2024, 8, 2)) == {0.33}


def test_each_day_shows_the_tables_last_state_of_that_day_and_nights_follow(past: World) -> None:
    outcome = backfill(options(past))
    assert outcome.status == "published", outcome.message
    loads = Ledger(past.warehouse.raw).loads
    assert [(load.load_id, load.kind, load.as_of_at[:13]) for load in loads] == [
        (1, "backfill", "2024-08-01T05"),
        (2, "backfill", "2024-08-02T23"),
        (3, "backfill", "2024-08-04T05"),
    ]
    told = {day: raw_on(past, date(2024, 8, day)) for day in (1, 2, 3, 4)}
    assert told == {1: {0.31}, 2: {0.33}, 3: {0.33}, 4: {0.34}}
    with pytest.raises(UsageError, match="before the first load"):
        open_published(past.warehouse, as_of=date(2024, 7, 31))

    night = past.night(only=V2_ONLY)
    assert night.load is not None
    entry = night.load.source("olb_v2_contents")
    assert entry is not None and (entry.state, entry.file_calls) == ("unchanged", 0)
    past.put_v2(*[v2_row(f"org/model-{n}b", 0.4) for n in range(30)])
    assert past.night(2, only=V2_ONLY).status == "published"
    assert (raw_on(past, date(2024, 8, 3)), raw_on(past, date(2025, 1, 2))) == ({0.33}, {0.4})
    # What a backfill changes in the judgement of today did not change on those days.
    assert past.query(
        "select kind, bool_or(is_compared) from ops.loads where status = 'published' group by kind order by kind"
    ) == [
        ("backfill", False),
        ("nightly", True),
    ]


@pytest.mark.marts(True)
def test_a_rebuild_from_raw_gives_the_same_past(past: World) -> None:
    backfill(options(past))
    before = content(past.warehouse.database)
    pipeline.rebuild(past.warehouse)
    assert content(past.warehouse.database) == before


def test_a_stopped_backfill_continues_after_the_last_load(past: World, server: HubServer) -> None:
    @contextmanager
    def stop(step: str, waits_s: Callable[[], float]) -> Iterator[Callable[[int, int], None]]:
        def show(done: int, total: int) -> None:
            if len(Ledger(past.warehouse.raw).loads) == 1:
                raise KeyboardInterrupt

        yield show

    with pytest.raises(KeyboardInterrupt):
        backfill(options(past, progress=stop), loads_at_once=1)
    server.requests.clear()
    assert backfill(options(past), loads_at_once=1).status == "published"
    loads = [load for load in Ledger(past.warehouse.raw).loads if load.status != "failed"]
    assert [load.as_of_at[:10] for load in loads] == ["2024-08-01", "2024-08-02", "2024-08-04"]
    assert sum("/tree/" in request.path for request in server.requests) == 2
    assert raw_on(past, date(2024, 8, 3)) == {0.33}
    assert backfill(options(past)).status == "no_news"


def test_a_commit_that_is_unreadable_or_fails_the_brake_is_held_and_the_others_load(
    world: World, server: HubServer
) -> None:
    commit(world, server, datetime(2024, 8, 1, 5), table(0.31))
    commit(world, server, datetime(2024, 8, 2, 5), table(0.32, n_models=5))
    commit(world, server, datetime(2024, 8, 3, 5), b"no parquet")
    commit(world, server, datetime(2024, 8, 4, 5), table(0.34))
    outcome = backfill(options(world))
    assert outcome.status == "degraded"
    states = [(load.status, load.source("olb_v2_contents")) for load in Ledger(world.warehouse.raw).loads]
    assert [(status, entry and entry.state) for status, entry in states] == [
        ("published", "loaded"),
        ("degraded", "held"),
        ("degraded", "held"),
        ("published", "loaded"),
    ]
    assert (raw_on(world, date(2024, 8, 3)), raw_on(world, date(2024, 8, 4))) == ({0.31}, {0.34})


def test_a_commit_kept_out_in_any_group_makes_the_whole_backfill_degraded(world: World, server: HubServer) -> None:
    for day, file in ((1, table(0.31)), (2, b"no parquet"), (3, table(0.33))):
        commit(world, server, datetime(2024, 8, day, 5), file)
    outcome = backfill(options(world), loads_at_once=1)
    assert outcome.status == "degraded"
    assert outcome.notes[0] == "3 loads landed, of 2024-08-01 to 2024-08-03"
    assert outcome.notes[1].startswith("1 commit kept out, the first of 2024-08-02: olb_v2_contents: ")
    assert "cannot be read as a parquet table" in outcome.notes[1]


def test_one_of_two_files_may_change_alone(world: World, server: HubServer) -> None:
    """The brake compares a file with what it held itself, also where the backfill continues."""
    half = V2.replace("00000-of-00001", "00001-of-00001")
    commit(world, server, datetime(2024, 8, 1, 5), table(0.31))
    others = parquet([v2_row(f"org/other-{n}b", 0.5) for n in range(40)])
    commit(world, server, datetime(2024, 8, 2, 5), others, half)
    assert backfill(options(world)).status == "published"
    commit(world, server, datetime(2024, 8, 3, 5), table(0.33))
    commit(world, server, datetime(2024, 8, 4, 5), table(0.34))
    assert backfill(options(world)).status == "published"
    assert (raw_on(world, date(2024, 8, 2)), raw_on(world, date(2024, 8, 4))) == ({0.31}, {0.34})


def test_a_commit_dated_in_the_future_is_left_out_and_the_nights_after_it_have_their_own_days(
    past: World, server: HubServer
) -> None:
    commit(past, server, datetime(2099, 1, 1), table(0.5))
    outcome = backfill(options(past))
    assert (outcome.status, outcome.notes[0]) == (
        "published",
        "olb_v2_contents: 1 commit left out, dated in the future",
    )
    assert [load.as_of_at[:10] for load in Ledger(past.warehouse.raw).loads] == [
        "2024-08-01",
        "2024-08-02",
        "2024-08-04",
    ]
    night = past.night(only=V2_ONLY)
    assert night.load is not None and night.load.as_of_at[:10] == "2025-01-01"
    assert raw_on(past, date(2025, 1, 1)) == {0.5}


def test_commits_older_than_another_sources_loads_are_said_to_be_left_out(past: World, server: HubServer) -> None:
    commit(past, server, datetime(2023, 8, 1), parquet(V1_SENTINELS), V1)
    assert backfill(options(past)).status == "published"
    outcome = backfill(options(past, only=("olb_v1_contents",)))
    assert outcome.status == "no_news"
    assert outcome.notes[0].startswith("olb_v1_contents: 1 commit left out, older than the last load: ")


def test_the_past_of_the_ratings_is_landed_by_day_and_its_file_of_all_days_once(
    world: World, server: HubServer
) -> None:
    """A model that the board has left since is in the days that were landed then."""
    only, repository = ("arena_ratings",), "datasets/lmarena-ai/leaderboard-dataset"
    shutil.rmtree(world.root / repository)
    for day, n_models in ((1, 30), (2, 30), (4, 29)):
        interval = {"rating_lower": None, "rating_upper": None}
        rows = [{"model_name": f"model-{n}", "rating": 1400.0 + n, **interval} for n in range(n_models)]
        dated = [row | {"leaderboard_publish_date": f"2025-03-0{day}"} for row in rows]
        world.put(f"{repository}/{FULL}", ratings(*[row | {"leaderboard_publish_date": "2025-02-01"} for row in rows]))
        os.utime(world.root / repository / FULL, (0, 0))
        commit(world, server, datetime(2025, 3, day, 3), ratings(*dated), f"{repository}/{LATEST}")
    outcome = backfill(options(world, only=only), loads_at_once=2)
    assert outcome.status == "published", outcome.message
    assert sum("full-00000" in request.path for request in server.requests) == 1
    days = "select strftime(published_on, '%m-%d'), count(*) from core.ratings group by all order by all"
    with open_published(world.warehouse, as_of=date(2025, 3, 3)) as con:
        assert con.execute(days).fetchall() == [("02-01", 30), ("03-01", 30), ("03-02", 30)]
    assert world.query(days) == [("02-01", 30), ("03-01", 30), ("03-02", 30), ("03-04", 29)]


def test_a_backfill_comes_before_the_first_night(past: World) -> None:
    past.night(only=V2_ONLY)
    with pytest.raises(UsageError, match="comes before the first night"):
        backfill(options(past))
    with pytest.raises(UsageError, match="has no past"):
        backfill(options(past, only=("arena",)))


def test_a_new_source_that_says_it_has_a_dated_past_needs_nothing_else(
    world: World, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    v2 = SOURCES["olb_v2_contents"]

    def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
        read = v2.parse(files, policy)
        return Parsed(read.scores.with_columns(source_id=pl.lit("made_up")), source_rows=read.source_rows)

    made_up = replace(v2, source_id="made_up", repo_id="org/made-up", parse=parse, leaderboard=None, submissions=None)
    monkeypatch.setitem(SOURCES, "made_up", made_up)
    for day, raw in ((1, 0.31), (3, 0.33)):
        commit(
            world,
            server,
            datetime(2024, 8, day, 5),
            table(raw),
            V2.replace("open-llm-leaderboard/contents", "org/made-up"),
        )
    outcome = backfill(options(world, only=("made_up",)))
    assert outcome.status == "published", outcome.message
    assert (raw_on(world, date(2024, 8, 2)), raw_on(world, date(2024, 8, 3))) == ({0.31}, {0.33})
    assert {load.kind for load in Ledger(world.warehouse.raw).loads} == {"backfill"}


def test_the_flow_uses_files_of_another_store_and_reports_its_end(
    past: World, server: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], prefect_home: Path
) -> None:
    from leaderboard_etl.cli import main

    shutil.copytree(prefect_home, tmp_path / "other" / "prefect")
    assert backfill(options(past)).status == "published"
    server.requests.clear()
    given = ["backfill", "--hub", past.hub, "-w", str(tmp_path / "other"), "--only", "olb_v2_contents"]
    told = ["--raw-from", str(past.warehouse.root), "--metrics", str(tmp_path / "past.prom"), "--notify", "false"]
    assert main([*given, *told]) == 0
    assert len(Ledger(tmp_path / "other" / "raw").loads) == 3
    assert not [request.path for request in server.requests if ".parquet" in request.path]
    assert 'status{status="published"} 1' in (tmp_path / "past.prom").read_text()
    assert main([*given, *told, "--deadline", "-1"]) == 2
    assert "the notice of this run did not reach false: it ended with exit code 1" in capsys.readouterr().err
