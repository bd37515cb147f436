"""`sql --as-of` makes as much of a day's state as a query names, once, and what it shows is what a rebuild of that day shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from worlds import World, v2_row

from leaderboard_etl.cli import main
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.target import past
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.target.past import cache_folder, depth_of, open_past

FIRST, SECOND = date(2025, 1, 1), date(2025, 1, 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def two_nights(published: World) -> Iterator[World]:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)])
    published.night(2)
    yield published


def kept() -> list[Path]:
    return sorted(cache_folder().glob("*")) if cache_folder().exists() else []


@pytest.mark.parametrize(
    ("query", "depth"),
    [
        ("from history.scores", "history"),
        ("select count(*) from ops.loads", "history"),
        ("select 1", "history"),
        ("select * from CORE.models join history.scores using (source_id)", "core"),
        ("from mart.gap_lag", "mart"),
        ('from "mart"."gap_lag"', "mart"),
        ("with a as (from core.models) from a, mart.coverage", "mart"),
    ],
)
def test_a_query_needs_the_deepest_schema_that_it_names(query: str, depth: str) -> None:
    assert depth_of(query) == depth


def test_each_table_of_a_past_day_is_that_of_a_rebuild_of_the_day(two_nights: World) -> None:
    with (
        closing(open_published(two_nights.warehouse, as_of=FIRST)) as whole,
        closing(open_past(two_nights.warehouse, FIRST, "from mart.coverage")) as con,
    ):
        for name in [*tables(), *views()]:
            expected, found = (sorted(map(repr, c.execute(f"from {name}").fetchall())) for c in (whole, con))
            assert found == expected, name
    for depth, schemas in (("history", ("raw", "history")), ("core", ("raw", "history", "core"))):
        with (
            closing(open_published(two_nights.warehouse, as_of=FIRST)) as whole,
            closing(open_past(two_nights.warehouse, FIRST, f"from {depth}.x")) as con,
        ):
            for name in (name for name in tables() if name.split(".")[0] in schemas):
                expected, found = (sorted(map(repr, c.execute(f"from {name}").fetchall())) for c in (whole, con))
                assert found == expected, name


def test_a_state_is_made_once_and_again_after_a_night_with_news(
    two_nights: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(*arguments: object) -> None:
        made.append(arguments[1:3])
        make(*arguments)  # type: ignore[arg-type]

    make = past._make
    monkeypatch.setattr(past, "_make", counted)
    for _ in range(2):
        with closing(open_past(two_nights.warehouse, FIRST, "from core.scores")) as con:
            assert con.execute("select max(load_id) from ops.loads").fetchall() == [(1,)]
    assert made == [(FIRST, "core")]
    two_nights.put_v2(*[v2_row(f"org/model-{n}b", 0.8) for n in range(1, 31)])
    two_nights.night(3)
    open_past(two_nights.warehouse, FIRST, "from core.scores").close()
    open_past(two_nights.warehouse, SECOND, "from core.scores").close()
    assert made == [(FIRST, "core"), (FIRST, "core"), (SECOND, "core")]


def test_the_published_file_answers_for_the_days_since_its_last_load(two_nights: World) -> None:
    for query in ("from core.scores", "from history.scores", "from mart.coverage"):
        with closing(open_past(two_nights.warehouse, SECOND, query)) as con:
            assert con.execute("select max(load_id) from ops.loads").fetchall() == [(2,)]
    assert kept() == []
    # The marts of a later day may judge otherwise what is current.
    open_past(two_nights.warehouse, date(2025, 6, 1), "from mart.coverage").close()
    open_past(two_nights.warehouse, date(2025, 6, 1), "from core.scores").close()
    assert len(kept()) == 1


def test_only_the_newest_states_in_use_stay(two_nights: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_MOST_KEPT", 1)
    for query in ("from history.scores", "from core.scores"):
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
                "select max(load_id) as newest, current_setting('lock_configuration') as locked from ops.loads",
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out) == [{"newest": 1, "locked": True}]


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
