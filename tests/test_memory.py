"""A build of any size ends: it stays within its memory and keeps the rest on disk; if that is not enough, it says
so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from worlds import World, v2_row

from leaderboard_etl import cli, engine, memory
from leaderboard_etl.errors import UsageError
from leaderboard_etl.policy import read_policy
from leaderboard_etl.warehouse import core
from leaderboard_etl.warehouse.database import create_tables

MB, GB = 10**6, 10**9


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("1GB", GB), ("500MB", 500 * MB), ("1.5 gb", 1_500 * MB), ("18.8 GiB", int(18.8 * 2**30)), ("2g", 2 * GB)],
)
def test_an_amount_of_memory_is_a_number_with_its_unit(text: str, n_bytes: int) -> None:
    assert memory.memory_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "1", "GB", "-1GB", "1GB 2", "much", "1e9B"])
def test_anything_else_is_not_an_amount_of_memory(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="1GB or 500MB"):
        memory.memory_bytes(text)
    assert cli.main(["run", "--offline", f"--memory={text}", "-w", "nowhere"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_the_environment_says_of_polars_memory_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "")
    monkeypatch.delenv("_RJEM_MALLOC_CONF")
    memory.give_back_early()
    assert "dirty_decay_ms:0" in os.environ["_RJEM_MALLOC_CONF"]
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "narenas:1")
    memory.give_back_early()
    assert os.environ["_RJEM_MALLOC_CONF"] == "narenas:1"


def test_duckdb_gets_the_memory_that_the_rest_of_a_build_does_not_need() -> None:
    def limit_mb(most_bytes: int | None) -> float:
        with duckdb.connect() as con:
            memory.limit_memory(con, most_bytes)
            found: str = con.execute("select current_setting('memory_limit')").fetchall()[0][0]
        return memory.memory_bytes(found) / MB

    with duckdb.connect() as con:
        default: str = con.execute("select current_setting('memory_limit')").fetchall()[0][0]
    half_of_machine_mb = memory.memory_bytes(default) / 0.8 / 2 / MB
    beside_mb = memory._BESIDE_BYTES / MB
    assert limit_mb(4 * GB) == pytest.approx(4_000 - beside_mb, rel=0.03)
    assert limit_mb(None) == pytest.approx(max(half_of_machine_mb - beside_mb, 125), rel=0.01)
    assert limit_mb(1 * MB) == pytest.approx(125, rel=0.03)


def test_a_second_process_is_worth_its_memory_where_duckdb_has_far_more() -> None:
    with duckdb.connect(":memory:") as con:
        for most_bytes, is_worth_it in ((1 * GB, False), (8 * GB, True)):
            memory.limit_memory(con, most_bytes)
            assert memory.has_room_for_a_process(con) == is_worth_it


def test_duckdb_writes_out_most_of_what_it_holds_before_frames_need_the_memory(tmp_path: Path) -> None:
    def held_mb() -> float:
        return float(con.execute("select sum(memory_usage_bytes) from duckdb_memory()").fetchall()[0][0]) / MB

    with engine.create(tmp_path / "staging.duckdb", most_memory_bytes=GB) as con:
        limit = "select current_setting('memory_limit')"
        limit_mb = memory.memory_bytes(con.execute(limit).fetchall()[0][0]) / MB
        con.execute("begin")
        con.execute("create temp table held as select range as n, md5(range::varchar) as text from range(4_000_000)")
        before_mb = held_mb()
        memory.release_memory(con)
        assert before_mb > limit_mb / 3 > held_mb()
        # The limit and the open transaction are as they were.
        assert memory.memory_bytes(con.execute(limit).fetchall()[0][0]) / MB == pytest.approx(limit_mb, rel=0.01)
        assert con.execute("select count(*), max(n) from held").fetchall() == [(4_000_000, 3_999_999)]
        con.execute("commit")


def test_score_tables_larger_than_memory_come_out_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So large that sorting all of it at once fails in this memory.
    monkeypatch.setattr(core, "_WIDE_ROWS_AT_ONCE", 20_000)
    n_models, n_runs = 400, 500
    con = engine.create(tmp_path / "staging.duckdb")
    create_tables(con)
    for name, text in read_policy().texts.items():
        con.execute("insert into history.policy_files values (?, 'x', ?, 1, null, now(), null)", [name, text.decode()])
    place = (
        "'dataset' as repo_type, 'open-llm-leaderboard/results' as repo_id, repeat('c', 40) as revision,"
        " source_name || '/results.json' as path, repeat('b', 40) as blob_id, 1 as load_id, now() as valid_from"
    )
    models = f"select 'olb_v2_results' as source_id, 'org/model-' || range as source_name from range({n_models})"
    con.execute(
        f"insert into history.models by name select *, 'float16' as precision, 'config' as locator, {place} from ({models})"
    )
    # In reverse order, so that nothing is sorted already.
    con.execute(
        f"""
        insert into history.scores by name
        select
            * exclude (number), 'gpqa_olb_v2' as variant_id, 'float16' as precision, null as has_chat_template,
            'n/a' as setting, repeat('a', 40) || ' run ' || (1_000 + runs.number) as run_id, 0.5 as score_raw,
            'fraction' as score_unit, 'leaderboard' as reported_by, 'results.leaderboard_task' as locator, {place}
        from range({n_runs - 1}, -1, -1) as runs(number), ({models})
        """
    )
    con.execute("set memory_limit = '100MB'; set threads = 2")
    core.build_core(con)
    key = "(model_id, source_id, run_id)"
    found = con.execute(
        f"select count(*), count(*) filter (before > {key}) from (select *, lag({key}) over (order by rowid) as before"
        " from core.scores)"
    ).fetchall()
    assert found == [(n_models * n_runs, 0)]
    con.close()


@pytest.mark.marts(False)
def test_a_build_without_enough_memory_says_so_in_one_line_and_leaves_what_is_published(
    published: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published.options = {"card_budget": 0}
    before = published.warehouse.database.read_bytes()
    monkeypatch.setattr(memory, "_LEAST_PER_THREAD_BYTES", 3 * MB)
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 32)])
    outcome = published.night(2, most_memory_bytes=1)
    assert outcome.status == "failed"
    assert outcome.message is not None and "--memory" in outcome.message and "\n" not in outcome.message
    capsys.readouterr()  # of the night, whose warnings Prefect may print
    assert cli.main(["run", "--offline", "--memory", "1MB", "-w", str(published.warehouse.root)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and "OutOfMemory" in told[0] and "--memory" in told[0]
    assert published.warehouse.database.read_bytes() == before
    assert not list(published.warehouse.root.glob("*staging*"))
    assert published.night(3).status == "published"


@pytest.mark.parametrize("arguments", [["run", "--offline"], ["run"], ["serve"]], ids=" ".join)
def test_polars_is_told_to_give_memory_back_before_it_is_imported(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from leaderboard_etl import cli; from leaderboard_etl.commands import run\n"
        "run.give_back_early = lambda: sys.exit('too late' if 'polars' in sys.modules else 'in time')\n"
        f"cli.main({[*arguments, '--memory', '1GB', '-w', str(tmp_path)]!r})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stderr.strip() == "in time"
