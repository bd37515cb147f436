"""A result of an analysis stays while what it is made from is the same, and is computed again when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
import pytest
from worlds import World, content, v1_row

from leaderboard_etl import apart, engine, pipeline
from leaderboard_etl.analysis.capability import CapabilityFit
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.settings import resource
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.target.seal import MOST_GROWN
from leaderboard_etl.warehouse import analyses, results
from leaderboard_etl.warehouse.analyses import POPULATIONS
from leaderboard_etl.warehouse.answers import Answers
from leaderboard_etl.warehouse.database import create_tables
from leaderboard_etl.warehouse.marts import build_marts
from leaderboard_etl.warehouse.needs import needed_by
from leaderboard_etl.warehouse.results import Analysis, refresh

DAY = date(2025, 1, 2)


@pytest.fixture(scope="module")
def of_the_day(standing: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of one night with the results as of DAY, made once for the tests of this file and only read."""
    path = tmp_path_factory.mktemp("of_the_day") / "results.duckdb"
    path.write_bytes(standing.warehouse.database.read_bytes())
    with duckdb.connect(str(path)) as con:
        build_marts(con, DAY)
    return path


@pytest.fixture
def con(of_the_day: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of it, open for writing."""
    (tmp_path / "copy.duckdb").write_bytes(of_the_day.read_bytes())
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as con:
        yield con


def mart(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every stored result, in their order."""
    names = [*(name for name, table in tables().items() if table.schema == "mart"), *kept_views()]
    return {name: con.execute(f"from {name}").fetchall() for name in names}


def from_nothing(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """The same computed again whole."""
    con.execute("delete from ops.analysis_inputs")
    build_marts(con, DAY)
    return mart(con)


def from_views(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """The same where kept views are not tables yet."""
    for name, view in kept_views().items():
        con.execute(f"drop table {name}; create view {name} as {view.query}")
    build_marts(con, DAY)
    return mart(con)


def computed(con: duckdb.DuckDBPyConnection) -> dict[str, set[tuple[str, ...]]]:
    return {name: set(parts) for name, parts in build_marts(con, DAY).items() if parts}


def test_nothing_is_computed_where_nothing_changed(con: duckdb.DuckDBPyConnection) -> None:
    assert computed(con) == {}


def test_one_changed_score_recomputes_exactly_its_dependents(con: duckdb.DuckDBPyConnection) -> None:
    # A fine-tune's score on MMLU: no official model's, so nothing of the official population depends on it.
    con.execute(
        "update core.scores set score_pct = 43.5, score_norm_pct = 25 where source_id = 'olb_v1_contents'"
        " and benchmark_id = 'mmlu' and model_id = 'org/model-9b'"
    )
    rows = con.execute("select population from mart.populations where model_id = 'org/model-9b'").fetchall()
    members = {name for (name,) in rows}
    group = "mmlu_measured"
    assert computed(con) == {
        "model_scaling": {(group,)},
        "gap_running": {(group,)},
        "source_agreement": {("mmlu",)},
        "lags": {(name, group) for name in members},
        "fits": {(name, group) for name in members},
        "size_to_reach": {(name, group) for name in members & {"official", "all"}},
        "price_to_reach": {(name,) for name in members & {"official", "all"}},
        "parity": {()},
        "self_report_gap": {("mmlu",)},
        "paper_claims": {()},
    }
    assert members < set(POPULATIONS) and "official" not in members
    assert mart(con) == from_nothing(con)


def test_one_changed_row_of_policy_recomputes_exactly_its_dependents(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update core.comparable_groups set match_tolerance_pct = 4 where comparable_group = 'mmlu_measured'")
    assert computed(con) == {
        "gap_running": {("mmlu_measured",)},
        "lags": {(name, "mmlu_measured") for name in POPULATIONS},
        "parity": {()},
        "paper_claims": {()},
    }
    assert mart(con) == from_nothing(con)


def test_of_a_kept_view_only_the_rows_that_differ_are_written(con: duckdb.DuckDBPyConnection) -> None:
    rows = "select rowid, * from mart.model_scaling"
    before = set(con.execute(rows).fetchall())
    con.execute("update core.scores set score_pct = 43.5 where benchmark_id = 'mmlu' and model_id = 'org/model-9b'")
    build_marts(con, DAY)
    after = set(con.execute(rows).fetchall())
    assert len(before) == len(after) and len(before - after) == 1
    assert max(after) in after - before


def test_a_kept_view_of_which_much_differs_is_written_whole_and_sorted(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update core.scores set score_pct = score_pct / 2, score_norm_pct = score_norm_pct / 2")
    con.execute("delete from core.scores where model_id = (select min(model_id) from core.scores)")
    build_marts(con, DAY)
    order = con.execute("select comparable_group, model_id from mart.model_scaling").fetchall()
    assert order == sorted(order) and len(order) > 10


def test_a_kept_view_that_is_made_some_parts_at_a_time_is_as_if_made_at_once(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = from_views(con)
    monkeypatch.setattr(results, "_MOST_AT_ONCE", 20)
    assert from_views(con) == at_once
    n_groups = con.execute("select count(distinct comparable_group) from mart.model_scaling").fetchall()
    assert n_groups > [(3,)] and len(at_once["mart.model_scaling"]) > 20


@pytest.mark.parametrize(("limit", "n_times"), [("2GB", 1), ("250MB", 0)])
def test_a_new_file_is_written_out_beside_the_analyses_only_where_there_is_memory_for_both(
    con: duckdb.DuckDBPyConnection, limit: str, n_times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    writing_out = engine.writing_out

    def counted(con: duckdb.DuckDBPyConnection) -> AbstractContextManager[None]:
        written.append(limit)
        return writing_out(con)

    monkeypatch.setattr(engine, "writing_out", counted)
    con.execute(f"set memory_limit = '{limit}'; begin")
    build_marts(con, DAY, is_new=True)
    con.commit()
    assert len(written) == n_times


def test_a_later_day_recomputes_only_what_tells_the_day(con: duckdb.DuckDBPyConnection) -> None:
    lags = {part for (part,) in con.execute("select part from ops.analysis_inputs where analysis = 'lags'").fetchall()}
    found = {name: parts for name, parts in build_marts(con, date(2031, 1, 1)).items() if parts}
    # A model may be withdrawn in between.
    assert set(found) <= {"lags", "capability", "parity", "price_to_reach", "paper_claims"}
    assert len(found.get("lags", [])) < len(lags)


def test_a_part_that_is_no_more_leaves_no_rows(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from core.scores where comparable_group = 'mmlu_measured'")
    build_marts(con, DAY)
    assert mart(con) == from_nothing(con)
    assert con.execute(
        "select count(*) from mart.model_scaling where comparable_group = 'mmlu_measured'"
    ).fetchall() == [(0,)]


def test_a_night_carries_results_over_and_a_rebuild_from_raw_gives_the_same(published: World) -> None:
    before = dict(published.query("select analysis || part, input_hash from ops.analysis_inputs"))
    published.put_v1(*[v1_row(f"org/model-{n}b", 31.0 + n) for n in range(1, 31)])
    published.night(2)
    carried = content(published.warehouse.database)
    after = dict(published.query("select analysis || part, input_hash from ops.analysis_inputs"))
    assert 10 < len(before.items() & after.items()) < len(after)
    pipeline.rebuild(published.warehouse)
    assert content(published.warehouse.database) == carried


def test_results_as_of_a_day_are_those_of_the_same_rows_and_a_damaged_one_is_found_by_recomputing(
    published: World,
) -> None:
    day = date(2025, 1, 1)
    with (
        open_published(published.warehouse, as_of=day) as carried,
        open_published(published.warehouse, as_of=day, is_recomputed=True) as recomputed,
    ):
        assert mart(carried) == mart(recomputed)
    published.warehouse.database.chmod(0o644)
    with duckdb.connect(str(published.warehouse.database)) as con:
        con.execute("update mart.scaling_fit set n = 1234567")
    query = "select count(*), count(*) filter (where n = 1234567) from mart.scaling_fit"
    with open_published(published.warehouse, as_of=day, is_recomputed=True, needs=needed_by(query)) as recomputed:
        [(n_rows, n_damaged)] = recomputed.execute(query).fetchall()
    assert n_rows > 0 and n_damaged == 0


def test_every_analysis_says_what_it_is_made_from_(con: duckdb.DuckDBPyConnection) -> None:
    analyses = {name for (name,) in con.execute("select distinct analysis from ops.analysis_inputs").fetchall()}
    assert analyses == {path.stem for path in (resource("sql") / "inputs").glob("*.sql")}


def test_results_that_ten_nights_replace_whole_take_no_more_room_than_a_file_may_have_grown(tmp_path: Path) -> None:
    names = ("row_id", "architecture", "model_id", "printed", "source_url")
    analysis = Analysis("article_table", ("mart.article_table",))
    sizes = []
    for night in range(11):
        said = pl.Series(range(72_000)).hash(night)
        rows = pl.DataFrame({name: (said + at).cast(pl.String) for at, name in enumerate(names)})
        with engine.open_to_write(tmp_path / "file.duckdb") as con:
            if not night:
                create_tables(con)
                con.execute("insert into history.policy_files values ('article_table', '', '', 1, null, now(), null)")
            con.begin()
            con.execute("update history.policy_files set content = ?", [str(night)])
            new = rows.with_columns(cell=pl.lit("mmlu_pct"), n_shot=None)
            assert refresh(con, analysis, partial(lambda new, _: {"mart.article_table": new}, new)) == [()]
            con.commit()
            assert con.execute("select count(*) from mart.article_table").fetchall() == [(rows.height,)]
        sizes.append((tmp_path / "file.duckdb").stat().st_size)
    assert max(sizes) <= MOST_GROWN * sizes[0]


def test_a_second_process_computes_the_capabilities_if_they_and_others_are_stale(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    con.execute("set memory_limit = '4GB'")
    before, answers, asked = mart(con), Answers(), list[str]()

    def noted(question: str, work: Callable[..., object], *inputs: object) -> AbstractContextManager[None]:
        asked.append(question)
        return Answers.ahead(answers, question, work, *inputs)

    def here(points: pl.DataFrame) -> CapabilityFit:
        raise AssertionError("computed in this process")

    monkeypatch.setattr(apart, "n_processors", lambda: 2)
    monkeypatch.setattr(analyses, "_POINTS_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(answers, "ahead", noted)
    monkeypatch.setattr(analyses, "ANSWERS", answers)
    monkeypatch.setattr(analyses, "fit_capability", here)
    assert from_nothing(con) == before
    assert before["mart.capability_index"]
    assert computed(con) == {}
    assert asked == ["capability"]
    # It alone is wanted: this process would only wait for the second.
    con.execute("delete from ops.analysis_inputs where analysis = 'capability'")
    assert build_marts(con, DAY, needed_by("from mart.capability_index"))["capability"] == [()]
    assert asked == ["capability"]
