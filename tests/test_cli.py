"""The command line as its users see it: its output, and the exit code that a script reads."""

from __future__ import annotations

import argparse
import csv
import json
import math
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import polars as pl
import pytest
from conftest import Faults
from faulty_hub import HubServer, Response
from worlds import World, copied, no_wait, run

from leaderboard_etl import pipeline
from leaderboard_etl.cli import _parser, main
from leaderboard_etl.commands.freshness import source_rows
from leaderboard_etl.commands.hints import pasteable, runnable
from leaderboard_etl.commands.parsing import day
from leaderboard_etl.commands.query import named_query
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.days import FORMS
from leaderboard_etl.policy.schema import policy_tables
from leaderboard_etl.raw.ledger import NOT_ASKED, Load, SourceLoad
from leaderboard_etl.settings import Warehouse, default_warehouse


@pytest.fixture
def published(good_and_bad: Path, tmp_path: Path, server: HubServer) -> World:
    return copied(good_and_bad, tmp_path, server.url)


def test_help_imports_nothing_heavy() -> None:
    heavy = "prefect,datasets,polars,duckdb,huggingface_hub,pyarrow"
    script = (
        "import sys; from leaderboard_etl.cli import _parser; _parser().format_help();"
        f"print([name for name in '{heavy}'.split(',') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_option_that_is_a_day_takes_today_and_yesterday_and_says_so() -> None:
    today = datetime.now(UTC).date()
    assert day("Today") in (today, today + timedelta(days=1))
    assert day("yesterday") in (today - timedelta(days=1), today)
    assert day("2025-03-21").isoformat() == "2025-03-21"
    [commands] = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]
    dated = [
        action for command in commands.choices.values() for action in _actions(command) if action.metavar == "DATE"
    ]
    assert len(dated) >= 8
    assert all(action.type is day and action.help and FORMS in action.help for action in dated)


def test_a_state_of_today_is_asked_by_its_name(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    query = "select count(*) as n from core.models"
    of_day = run(capsys, "sql", "-w", published.warehouse.root, "--as-of", "today", query)
    assert of_day[0] == 0 and of_day[1] == run(capsys, "sql", "-w", published.warehouse.root, query)[1]
    code, _, err = run(capsys, "sql", "-w", published.warehouse.root, "--as-of", "last week", query)
    assert code == 2 and "'last week' is not a day: YYYY-MM-DD, today or yesterday" in err


def _actions(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Its options, and those of its commands."""
    found = []
    for action in command._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            found += [each for below in action.choices.values() for each in _actions(below)]
    return found


def test_a_query_prints_a_table_or_json(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    query = "select model_id, score_raw from core.scores where model_id = 'org/good-7b' limit 1"
    code, out, _ = run(capsys, "sql", "-w", published.warehouse.root, query)
    assert code == 0 and "org/good-7b" in out
    _, out, _ = run(capsys, "sql", "-w", published.warehouse.root, "--format", "json", query)
    assert json.loads(out) == [{"model_id": "org/good-7b", "score_raw": 0.5}]
    _, out, _ = run(capsys, "sql", "-w", published.warehouse.root, "--format", "csv", query)
    assert out == "model_id,score_raw\norg/good-7b,0.5\n"


def test_a_length_of_time_is_text_in_every_format(
    published: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    query = """select as_of_at - as_of_at + interval 1 day as "a ""b", 1 as n from ops.loads limit 1"""
    given: list[str | Path] = ["sql", "-w", published.warehouse.root, query]
    _, out, _ = run(capsys, *given)
    assert "1 day" in out
    _, out, _ = run(capsys, *given, "--format", "json")
    assert json.loads(out) == [{'a "b': "1 day", "n": 1}]
    _, out, _ = run(capsys, *given, "--format", "csv")
    assert out == '"a ""b",n\n1 day,1\n'
    assert run(capsys, *given, "--format", "parquet", "-o", tmp_path / "x.parquet")[0] == 0
    assert pl.read_parquet(tmp_path / "x.parquet").to_dicts() == [{'a "b': "1 day", "n": 1}]


def test_a_wrong_query_is_one_line_and_exit_code_2(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "sql", "-w", published.warehouse.root, "select nonsense from nowhere")
    assert code == 2
    assert err.count("\n") == 1 and "nowhere" in err and "Traceback" not in err


def test_a_query_cannot_write_to_the_published_file(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = published.warehouse.database.read_bytes()
    code, _, err = run(capsys, "sql", "-w", published.warehouse.root, "delete from core.scores")
    assert code == 2 and "read-only" in err
    assert published.warehouse.database.read_bytes() == before


def test_every_worked_example_runs(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "sql", "--list")
    names = [line.split()[0] for line in out.splitlines()[2:] if line.strip() and "─" not in line]
    assert len(names) >= 5
    for name in names:
        code, _, err = run(capsys, "sql", "-w", published.warehouse.root, "-q", name)
        assert code == 0, (name, err)


def test_the_caveats_of_a_worked_query_stand_below_its_table_and_never_in_its_data(
    published: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    named = ["sql", "-w", str(published.warehouse.root), "-q", "velocity"]
    header = takewhile(lambda line: line.startswith("-- "), named_query("velocity").splitlines())
    _, *caveats = (line.removeprefix("-- ") for line in header)
    caveat = " ".join(caveats)
    assert caveat
    _, out, err = run(capsys, *named)
    assert err == f"note: {caveat}\n"
    assert caveat not in out
    for form in ("csv", "json", "jsonl", "md"):
        _, out, err = run(capsys, *named, "--format", form)
        assert "note:" not in out + err, form
    _, _, err = run(capsys, *named, "-o", tmp_path / "x.csv")
    assert "note:" not in err
    # The comments of somebody's own query are known to them, and a question without caveats has none.
    assert run(capsys, *named[:3], "-- a\n-- b\nselect 1")[2] == ""
    assert run(capsys, *named[:4], "loads")[2] == ""


@pytest.mark.parametrize(
    "command", ["status", "check", "quarantine list", "explain x", "sql select", "export --out out"]
)
def test_without_a_warehouse_every_command_says_so_in_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *command.split(), "-w", tmp_path / "none")
    assert code == 1
    assert err.count("\n") == 1 and "leaderboard-etl run" in err


def test_quarantine_shows_the_text_the_rule_and_the_place(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "quarantine", "list", "-w", published.warehouse.root)
    assert code == 0
    assert "score_raw|range" in out and "1000000000.0" in out and "train-00000-of-00001.parquet" in out
    _, out, _ = run(capsys, "quarantine", "list", "-w", published.warehouse.root, "--json", "--rule", "no such rule")
    assert json.loads(out) == []


def test_status_reads_the_ledger_and_says_when_a_night_is_missing(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "status", "-w", published.warehouse.root, "--json")
    found = json.loads(out)
    assert code == 3
    assert found["is_overdue"] is True  # the nights of this world are in January 2025
    assert (
        found["next_run_expected_at"].startswith("2025-01-02 03:00") and found["raw_bytes"] > found["ledger_bytes"] > 0
    )
    sources = {row["source"]: row for row in found["sources"]}
    assert sources["olb_v2_contents"]["news_at"].startswith("2025-01-01 03:00")
    assert [load["status"] for load in found["loads"]] == ["published"]


def test_status_of_a_warehouse_where_every_run_failed_says_so(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    world.hub = "http://127.0.0.1:9"
    assert world.night(1).status == "failed"
    code, out, _ = run(capsys, "status", "-w", world.warehouse.root)
    assert code == 3 and "alert: no run has succeeded yet" in out and "None" not in out


@pytest.mark.marts(False)
def test_status_says_how_many_models_are_left_and_how_many_nights_they_take(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.options = {"only": ("olb_v2_contents", *pipeline.MODEL_SOURCES)}
    many = {f"owner-{n}/model-1b" for n in range(100)}
    monkeypatch.setattr("leaderboard_etl.pipeline.fetching.tracked_models", lambda: many)
    world.night(1, card_budget=0)
    assert "model cards" not in run(capsys, "status", "-w", world.warehouse.root)[1]
    world.night(2, card_budget=3)
    found = json.loads(run(capsys, "status", "-w", world.warehouse.root, "--json")[1])
    left, asked = found["models_not_asked_for_yet"], found["models_asked_for"]
    assert left > 0 and asked > 0
    assert found["nights_to_ask_them"] == math.ceil(left / asked)
    assert found["oldest_answer_at"].startswith("2025-01-02")
    world.night(3)
    assert f"all {asked + left} models asked for" in run(capsys, "status", "-w", world.warehouse.root)[1]


def test_quarantine_list_prints_one_line_per_record_and_show_the_row_in_the_file(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "quarantine", "list", "-w", published.warehouse.root)
    assert "6 records are in quarantine" in out and out.count("olb_v2_contents score_raw|range") == 6
    record = json.loads(run(capsys, "quarantine", "list", "-w", published.warehouse.root, "--json")[1])[0]["record"]
    _, out, _ = run(capsys, "quarantine", "show", record, "-w", published.warehouse.root)
    assert "fullname: org/bad" in out and "score_raw|range" in out


def test_check_is_clean_on_a_published_warehouse(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "-w", published.warehouse.root, "--json")
    errors = [row for row in json.loads(out) if row["severity"] == "error" and row["rows"]]
    assert (code, errors) == (0, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--hub", "ftp://x"],
        ["run", "--hub", "sample", "--card-budget", "-1"],
        ["run", "--hub", "sample", "--deadline", "-1"],
        ["run", "--hub", "sample", "--deadline", "nan"],
        ["run", "--hub", "sample", "--memory", "0GB"],
        ["run", "--hub", "sample", "--accept", "arena"],
        ["backfill", "--hub", "sample", "--deadline", "-1"],
        ["sql"],
        ["sql", "-q", "no such"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, *arguments, "-w", tmp_path)
    assert code == 2 and err.startswith("leaderboard-etl: ")


@pytest.mark.parametrize(
    "command", ["", "sq", "sql --as-of tomorrow x", "export", "quarantine", "run --card-budget many", "verify a b"]
)
def test_what_the_parser_refuses_is_one_line_that_names_the_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *command.split())
    offered = re.search("; `(leaderboard-etl.* --help)` shows the usage\n", err)
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith("leaderboard-etl: ") and offered is not None
    with pytest.raises(SystemExit, match="0"):
        main(shlex.split(offered[1])[1:])


@pytest.mark.parametrize("command", ["sql --as-of {} x", "explain --as-of {} a/b", "export --as-of {} --out x"])
def test_a_future_day_is_wrong_usage_for_every_command(
    command: str, published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    code, _, err = run(capsys, *command.format(tomorrow).split(), "-w", published.warehouse.root)
    assert code == 2 and err.count("\n") == 1 and f"as of {tomorrow}: that day is still to come" in err


def test_an_option_may_stand_between_the_arguments_of_a_command(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = published.warehouse.root
    record = json.loads(run(capsys, "quarantine", "list", "-w", warehouse, "--json")[1])[0]["record"]
    assert run(capsys, "quarantine", "show", "-w", warehouse, record)[0] == 0
    _, out, _ = run(capsys, "explain", "org/good-7b", "-w", warehouse, "gpqa")
    assert "gpqa_olb_v2" in out and "Sizes" not in out


def test_a_hint_of_any_package_names_the_command_as_called_and_the_same_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "leaderboard-etl").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bin/leaderboard-etl"])
    monkeypatch.setenv("PATH", "")
    text, folder = "see what `leaderboard-etl doctor` says", shlex.quote("it's")
    assert runnable(text, Warehouse(Path("it's"))) == (f"see what `bin/leaderboard-etl doctor -w {folder}` says")
    assert runnable(text, Warehouse(default_warehouse())) == "see what `bin/leaderboard-etl doctor` says"
    assert runnable("`leaderboard-etl run -w x`", Warehouse(Path("y"))) == "`bin/leaderboard-etl run -w x`"
    monkeypatch.setenv("PATH", "bin")
    assert pasteable("status") == "leaderboard-etl status"


@pytest.mark.parametrize(
    "command", ["run --hub sample", "run --offline", "backfill --hub sample", "status", "doctor", "check", "verify x"]
)
def test_a_warehouse_that_is_a_file_is_wrong_usage_in_one_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, _, err = run(capsys, *command.split(), "-w", tmp_path / "file")
    assert (code, err) == (2, f"leaderboard-etl: {tmp_path}/file is a file, not a folder: choose another --warehouse\n")


@pytest.mark.marts(False)
def test_half_a_line_is_set_aside_by_a_rebuild_too(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    raw = published.warehouse.raw
    with (raw / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"load_id":9,"ki')
    code, out, _ = run(capsys, "run", "--offline", "-w", published.warehouse.root)
    assert code == 0 and "half a line: its 16 bytes are in ledger.aside.jsonl now" in out
    assert (raw / "ledger.aside.jsonl").read_bytes() == b'{"load_id":9,"ki\n'
    assert (raw / "ledger.jsonl").read_bytes().endswith(b"}\n")


def test_a_rebuild_without_raw_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "run", "--offline", "-w", tmp_path / "new")
    assert code == 1 and "holds no load to rebuild from" in err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["sql x", "status", "check", "doctor", "explain a/b", "export --out x"])
def test_if_nothing_was_published_the_suggested_command_names_the_same_folder(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "it's new"
    code, _, err = run(capsys, *command.split(), "-w", folder)
    offered = re.search("`(.*)`", err)
    assert code == 1 and offered is not None
    assert shlex.split(offered[1]) == ["leaderboard-etl", "run", "-w", str(folder)]


def test_a_command_that_is_printed_can_be_pasted_whatever_the_folder_is_called(
    published: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'it\'s 100% "new"'
    for arguments, called in (
        (("export", "--out", folder / "e"), ["verify", "-w", str(published.warehouse.root), str(folder / "e")]),
        (("raw", "pack", "--out", folder / "p"), ["run", "--raw-from", str(folder / "p")]),
    ):
        code, out, _ = run(capsys, *arguments, "-w", published.warehouse.root)
        _, _, printed = out.splitlines()[-1].partition(": ")
        assert code == 0 and shlex.split(printed)[1:] == called


def test_a_file_for_a_folder_and_a_folder_for_a_file_are_errors_without_error_numbers(
    published: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for arguments in (("raw", "pack", "--out", tmp_path / "file"), ("sql", "-f", tmp_path)):
        code, _, err = run(capsys, *arguments, "-w", published.warehouse.root)
        assert code == 2 and "Errno" not in err and err.count(str(tmp_path)) == 1


def test_text_from_data_cannot_control_the_terminal(published: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "sql", "-w", published.warehouse.root, "select chr(27) || '[31mred[bold]x' as t")
    assert "\x1b" not in out and "[bold]" in out


def test_one_record_is_shown_completely_with_the_text_around_it(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "quarantine", "list", "-w", published.warehouse.root, "--json")
    record = json.loads(out)[0]
    code, out, _ = run(capsys, "quarantine", "show", record["record"], "-w", published.warehouse.root)
    assert code == 0 and record["reason"] in out and record["path"] in out and record["offending_text"] in out
    code, _, err = run(capsys, "quarantine", "show", "zzzz", "-w", published.warehouse.root)
    assert code == 2 and "no record" in err
    code, _, err = run(capsys, "quarantine", "show", "-w", published.warehouse.root)
    assert code == 2 and "id of a record" in err


@pytest.mark.marts(False)
def test_a_replay_without_a_fix_leaves_every_record_where_it_was(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = published.query("select count(*) from ops.quarantine where valid_to is null")
    code, out, _ = run(capsys, "quarantine", "replay", "-w", published.warehouse.root, "--json")
    told = json.loads(out)
    assert code == 0 and told["quarantined_before"] == told["quarantined_after"] == before[0][0] > 0
    assert published.query("select count(*) from ops.quarantine where valid_to is null") == before


def test_the_dictionary_lists_every_table_and_view_with_its_grain_and_the_columns_of_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "tables", "--json")
    listed = {row["name"]: row["what it is"] for row in json.loads(out)}
    assert code == 0 and set(listed) == {*tables(), *views(), *(f"policy.{name}" for name in policy_tables())}
    assert all("One row" in brief for brief in listed.values())
    _, out, _ = run(capsys, "tables", "gap_lag", "--json")
    assert [c["column"] for c in json.loads(out)["columns"]] == [c.name for c in tables()["mart.gap_lag"].columns]
    code, _, err = run(capsys, "tables", "gap_lags")
    assert code == 2 and "perhaps mart.gap_lag" in err


def test_a_csv_cell_holds_lists_and_structures_as_json(capsys: pytest.CaptureFixture[str], published: World) -> None:
    query = "select [1, null] as a, {'day': date '2024-01-02'} as b, null::integer[] as c"
    _, out, _ = run(capsys, "sql", "-w", published.warehouse.root, "--format", "csv", query)
    assert list(csv.reader(out.splitlines())) == [["a", "b", "c"], ["[1, null]", '{"day": "2024-01-02"}', ""]]


def test_status_shows_when_a_source_answered_and_when_it_had_news(
    published: World, faults: Faults, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard_etl.hub.transport.sleep", no_wait)
    published.night(2)
    faults.answers["open-llm-leaderboard/contents"] = Response(status=500)
    published.night(3)
    found = json.loads(run(capsys, "status", "-w", published.warehouse.root, "--json")[1])
    row = next(row for row in found["sources"] if row["source"] == "olb_v2_contents")
    assert row["state"] == "failed"
    assert [row[name][:10] for name in ("answered_at", "news_at")] == ["2025-01-02", "2025-01-01"]


def test_status_calls_a_source_that_never_had_news_not_there_or_not_asked_but_not_unchanged() -> None:
    def load(number: int, *sources: SourceLoad) -> Load:
        return Load(number, "night", "published", f"2025-01-0{number}T03:00:00Z", "hub", "code", list(sources))

    def told(*loads: Load) -> dict[str, tuple[str, bool]]:
        return {row["source"]: (row["state"], row["answered_at"] is not None) for row in source_rows(loads)}

    first = load(
        1,
        SourceLoad("there", "loaded", changes_blob="b"),
        SourceLoad("gone", "unchanged", message="the Hub has no such repository"),
        SourceLoad("spared", "unchanged", message=NOT_ASKED),
    )
    assert told(first) == {"there": ("loaded", True), "gone": ("not there", True), "spared": ("not asked", False)}
    second = load(2, SourceLoad("there", "unchanged"), SourceLoad("gone", "loaded", changes_blob="b"))
    assert told(first, second)["there"] == ("unchanged", True)
    assert told(first, second)["gone"] == ("loaded", True)


_SCRIPT = "import sys; from leaderboard_etl.cli import console; sys.exit(console())"


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_stops_a_long_query_in_all_of_the_engine_s_threads(
    number: signal.Signals, code: int, word: str, published: World
) -> None:
    warehouse = str(published.warehouse.root)
    long = "select sum(a.range * b.range) from range(10000000) a, range(10000000) b"
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, "sql", "-w", warehouse, long], stderr=subprocess.PIPE, text=True
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == code and err.count("\n") == 1 and word in err


def test_an_output_that_cannot_be_written_to_is_one_line(published: World) -> None:
    warehouse = str(published.warehouse.root)
    for out, code in (("> /dev/full", 1), (">&-", 0)):
        command = [sys.executable, "-c", _SCRIPT, "sql", "-w", warehouse, "--format", "csv", "from core.benchmarks"]
        done = subprocess.run(
            f"{shlex.join(command)} {out}", shell=True, stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == code and done.stderr.count("\n") == code, done.stderr


def test_a_folder_name_that_the_locale_cannot_read_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "status", "-w", "caf\udce9")
    assert code == 2 and "PYTHONUTF8" in err
