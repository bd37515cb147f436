"""`sql --as-of` makes as much of a day's state as a query names, once, and what it shows is what a rebuild of that day shows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from faulty_hub import HubServer
from worlds import World, copied, v2_row

from leaderboard_etl import engine
from leaderboard_etl.cli import main
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.target import cache as kept_files
from leaderboard_etl.target import past
from leaderboard_etl.target.cache import cache_folder
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.target.past import open_past, open_state
from leaderboard_etl.warehouse import marts
from leaderboard_etl.warehouse.marts import build_marts
from leaderboard_etl.warehouse.needs import needed_by
from leaderboard_etl.warehouse.past import judge_past

FIRST, SECOND = date(2025, 1, 1), date(2025, 1, 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def after_second_night(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world after its second night, made once for the tests of this file and only read."""
    folder = tmp_path_factory.mktemp("two_nights")
    (folder / "hub").mkdir()
    with HubServer(folder / "hub") as server:
        world = copied(first_night, folder, server.url)
        world.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
        assert world.night(2).status == "published"
    return folder


@pytest.fixture
def two_nights(after_second_night: Path, tmp_path: Path, server: HubServer) -> World:
    """A copy of that world, with a Hub of its own."""
    return copied(after_second_night, tmp_path, server.url)


def kept() -> list[Path]:
    return sorted(cache_folder().glob("*")) if cache_folder().exists() else []


@pytest.mark.parametrize(
    ("query", "needs"),
    [
        ("select 1", set()),
        ("from history.scores", {"history.scores"}),
        ('select * from CORE.models join "history"."scores" using (source_id)', {"core.models", "history.scores"}),
        ("select mart.decimal_year(released_on) from core.models", {"core.models"}),
        ("with a as (from core.models) from a, ops.loads", {"core.models", "ops.loads"}),
    ],
)
def test_a_query_needs_what_it_names(query: str, needs: set[str]) -> None:
    assert needed_by(query) == frozenset(needs)


@pytest.mark.parametrize(
    ("query", "needed", "not_needed"),
    [
        ("from mart.gap_sides", {"mart.gap_running", "core.models"}, {"mart.parity", "mart.lineage"}),
        ("from mart.parity", {"mart.model_scaling", "mart.lineage"}, {"mart.gap_lag", "mart.scaling_fit"}),
        ("from mart.density_frontier", {"mart.capability_density", "mart.scaling_fit"}, {"mart.gap_lag"}),
        ("from mart.tokens_per_parameter", {"core.models"}, {"mart.model_scaling"}),
        ("from core.subtask_scores", {"history.measurements", "core.model_aliases"}, {"mart.model_scaling"}),
    ],
)
def test_it_needs_what_that_is_made_from_and_no_analysis_more(
    query: str, needed: set[str], not_needed: set[str]
) -> None:
    needs = needed_by(query)
    assert needs is not None and needed <= needs and needs.isdisjoint(not_needed)


@pytest.mark.parametrize(
    "query",
    [
        "from mart.paper_claims",
        "use mart; from gap_lag",
        "from mart.no_such_table",
        "from duckdb_columns()",
        "select * from information_schema.tables",
        "show all tables",
    ],
)
def test_what_may_read_anything_needs_everything(query: str) -> None:
    assert needed_by(query) is None


def rows(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return sorted(map(repr, con.execute(f"from {relation}").fetchall()))


def test_each_table_of_a_past_day_is_that_of_a_rebuild_of_the_day(two_nights: World) -> None:
    alone = (
        *("raw.files", "history.scores", "history.subtask_scores", "ops.loads", "ops.load_sources"),
        *("core.scores", "core.models", "core.subtask_scores", "core.ratings"),
        *("mart.coverage", "mart.gap_daily", "mart.gap_lag", "mart.parity", "mart.density_frontier", "mart.lineage"),
        *("mart.self_report_gap", "mart.tokens_per_parameter", "mart.dense_equivalent", "mart.source_agreement"),
        *("mart.new_models", "mart.changes"),
    )
    with closing(open_published(two_nights.warehouse, as_of=FIRST, is_recomputed=True)) as whole:
        with closing(open_past(two_nights.warehouse, FIRST, "from mart.paper_claims")) as con:
            for name in [*tables(), *views()]:
                assert rows(con, name) == rows(whole, name), name
        for name in alone:
            with closing(open_past(two_nights.warehouse, FIRST, f"from {name}")) as con:
                assert rows(con, name) == rows(whole, name), name


def test_what_sources_stated_is_read_where_it_is(two_nights: World) -> None:
    with closing(open_past(two_nights.warehouse, FIRST, "from history.scores")) as con:
        assert con.execute("select max(load_id) from history.scores").fetchall() == [(1,)]
        assert con.execute("select count(*) from history.scores where valid_to is not null").fetchall() == [(0,)]
    assert kept() == []


def test_a_query_may_name_days_itself(two_nights: World, capsys: pytest.CaptureFixture[str]) -> None:
    relations = [name for name in (*tables(), *views()) if name.startswith("core.")]
    relations += ["history.scores", "mart.coverage", "mart.gap_daily", "mart.gap_frontier"]
    query = "; ".join(f"from {name}_as_of('{day}')" for name in relations for day in (FIRST, SECOND))
    with closing(open_state(two_nights.warehouse, None, f"{query}; from core.scores")) as con:
        for day in (FIRST, SECOND):
            with closing(open_past(two_nights.warehouse, day, "from mart.paper_claims")) as whole:
                for name in relations:
                    assert rows(con, f"{name}_as_of('{day}')") == rows(whole, name), (name, day)
        assert rows(con, "core.scores") == rows(con, f"core.scores_as_of(date '{SECOND}')")
        assert rows(con, "core.scores") != rows(con, f"core.scores_as_of('{FIRST}'::date)")
    with closing(open_state(two_nights.warehouse, FIRST, f"from core.scores, core.scores_as_of('{SECOND}')")) as con:
        assert rows(con, "core.scores") != rows(con, f"core.scores_as_of('{SECOND}')")

    arguments = ["sql", "-w", str(two_nights.warehouse.root), "--json"]
    before = f"core.scores_as_of('{FIRST}')"
    question = f"select count(*) as n from core.scores as s anti join {before} as p using (model_id, score_pct)"
    assert main([*arguments, question]) == 0
    assert json.loads(capsys.readouterr().out)[0]["n"] > 0
    for wrong, word in (
        ("from core.nothing_as_of('2025-01-01')", "there is no core.nothing"),
        ("from core.scores_as_of(today())", "as it is written"),
        (f"from {before}, core.scores_as_of(date '{FIRST}' - interval 30 day)", "as it is written"),
        ("; ".join(f"from core.scores_as_of('2024-01-{day:02}')" for day in range(1, 17)), "at most 15"),
        ("from core.scores_as_of('2024-01-01')", "before the first load"),
        (f"copy (from core.scores_as_of('{FIRST}')) to 'x.csv'", "--unsafe"),
    ):
        assert main([*arguments, wrong]) == 2
        assert word in capsys.readouterr().err


@pytest.mark.parametrize("query", ["from ops.check_results", "select n_new from OPS.check_results, ops.build"])
def test_what_is_kept_of_the_last_run_alone_is_not_empty_without_a_reason(
    query: str, two_nights: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*arguments: str) -> str:
        assert main(["sql", "-w", str(two_nights.warehouse.root), *arguments]) == 0
        return capsys.readouterr().err

    said = asked("--as-of", FIRST.isoformat(), query)
    assert said.count("\n") == 1 and "empty as of 2025-01-01" in said and "ops.check_results" in said
    assert ("ops.build" in said) == ("ops.build" in query) and "of load 1, the last one then" in said
    assert asked(query) == "" == asked("--as-of", SECOND.isoformat(), query)
    assert asked("--as-of", FIRST.isoformat(), "from ops.loads") == ""


def test_what_was_known_on_a_past_day_can_be_asked_with_the_macros(two_nights: World) -> None:
    query = "select mart.place(source_id, repo_id, revision, path, locator) as place from history.scores limit 1"
    with closing(open_past(two_nights.warehouse, FIRST, query)) as con:
        assert "@" in con.execute(query).fetchall()[0][0]


def test_a_state_that_could_not_be_written_whole_is_not_kept(
    two_nights: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(con: duckdb.DuckDBPyConnection, name: str) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(engine, "finish_attached", full)
    with closing(open_past(two_nights.warehouse, FIRST, "from core.scores")) as con:
        assert con.execute("select count(*) > 0 from core.scores").fetchall() == [(True,)]
    assert kept() == []


def test_marts_that_could_not_be_written_are_made_in_memory(two_nights: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def full_at_first(*given: Any, **named: Any) -> object:
        tries.append(1)
        if len(tries) == 1:
            raise duckdb.IOException("No space left on device")
        return build_marts(*given, **named)

    monkeypatch.setattr(marts, "build_marts", full_at_first)
    with closing(open_past(two_nights.warehouse, FIRST, "from mart.parity")) as con:
        assert con.execute("select count(*) from mart.parity").fetchall()
    assert len(tries) == 2


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda whole: whole[:9000] + b"\0" * 9000])
def test_a_damaged_kept_state_is_made_again(two_nights: World, damage: Callable[[bytes], bytes]) -> None:
    asked = "select count(*) from core.scores"
    with closing(open_past(two_nights.warehouse, FIRST, asked)) as con:
        told = con.execute(asked).fetchall()
    for file in cache_folder().glob("*/*.duckdb"):
        file.write_bytes(damage(file.read_bytes()))
    with closing(open_past(two_nights.warehouse, FIRST, asked)) as con:
        assert con.execute(asked).fetchall() == told


def test_a_state_is_made_once_and_again_after_a_night_with_news(
    two_nights: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime, *, is_same_code: bool) -> None:
        made.append(at.date())
        judge_past(con, catalog, at, is_same_code=is_same_code)

    monkeypatch.setattr(past, "judge_past", counted)
    for _ in range(2):
        with closing(open_past(two_nights.warehouse, FIRST, "from core.scores")) as con:
            assert con.execute("select max(load_id) from ops.loads").fetchall() == [(1,)]
    assert made == [FIRST]
    two_nights.put_v2(*[v2_row(f"org/model-{n}b", 0.8) for n in range(1, 31)])
    two_nights.night(3)
    open_past(two_nights.warehouse, FIRST, "from core.scores").close()
    open_past(two_nights.warehouse, SECOND, "from core.scores").close()
    assert made == [FIRST, FIRST, SECOND]


def test_the_published_file_answers_for_the_days_since_its_last_load(two_nights: World) -> None:
    for query in ("from core.scores", "from history.scores", "from mart.coverage"):
        with closing(open_past(two_nights.warehouse, SECOND, query)) as con:
            assert con.execute("select max(load_id) from ops.loads").fetchall() == [(2,)]
    assert kept() == []
    # The marts of a later day may judge otherwise what is current.
    open_past(two_nights.warehouse, date(2025, 6, 1), "from mart.coverage").close()
    open_past(two_nights.warehouse, date(2025, 6, 1), "from core.scores").close()
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["from core.scores limit 1"],
        ["--as-of", str(FIRST), "from history.scores limit 1"],
        pytest.param(
            ["--as-of", str(FIRST), "from core.models limit 1"],
            marks=pytest.mark.skipif(
                duckdb.__version__ < "2", reason="DuckDB 1.5 imports pandas, where it is installed, to bind a value"
            ),
        ),
    ],
)
def test_what_is_there_is_shown_without_a_library_for_frames(two_nights: World, arguments: list[str]) -> None:
    open_past(two_nights.warehouse, FIRST, "from core.models").close()
    script = (
        "import sys; from leaderboard_etl.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('polars', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, "sql", "-w", str(two_nights.warehouse.root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_only_the_newest_states_in_use_stay(two_nights: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_files, "_MOST_KEPT", 1)
    for query in ("from mart.coverage", "from core.scores"):
        open_past(two_nights.warehouse, FIRST, query).close()
    assert len(kept()) == 1


def test_without_a_folder_for_the_cache_the_answer_is_the_same(
    two_nights: World, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.write_text("a file")
    arguments = ["sql", "-w", str(two_nights.warehouse.root), "--as-of", str(FIRST), "--json"]
    assert (
        main(
            [
                *arguments,
                "select max(load_id) as newest, current_setting('lock_configuration') as locked from core.scores",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out) == [{"newest": 1, "locked": True}]


def test_without_a_folder_for_the_cache_days_can_be_compared_but_in_all_that_there_is(
    two_nights: World, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.write_text("a file")
    arguments = ["sql", "-w", str(two_nights.warehouse.root)]
    assert main([*arguments, f"select max(load_id) from core.scores_as_of('{FIRST}')"]) == 0
    assert "1" in capsys.readouterr().out
    assert main([*arguments, f"from mart.paper_claims_as_of('{FIRST}')"]) == 2
    err = capsys.readouterr().err
    assert "set XDG_CACHE_HOME, or ask with --as-of DAY" in err and err.count("\n") == 1


def test_a_past_day_is_locked_too_and_no_day_before_the_first_is_made(
    two_nights: World, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sql", "-w", str(two_nights.warehouse.root), "--as-of"]
    for _ in range(2):
        assert main([*arguments, str(FIRST), "copy (from core.models) to 'x.csv'"]) == 2
        assert "--unsafe" in capsys.readouterr().err
    assert main([*arguments, "2024-12-31", "from core.models"]) == 2
    assert "before the first load" in capsys.readouterr().err
    assert all(folder.name[0] != "." for folder in kept())
