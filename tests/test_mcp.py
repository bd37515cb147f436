"""A client of the protocol gets what a person gets on the command line, and can neither change nor stop anything."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult
from worlds import World, v2_row

from leaderboard_etl.cli import main
from leaderboard_etl.code_version import code_version
from leaderboard_etl.commands.mcp_server import server
from leaderboard_etl.settings import resource

Call = tuple[str, dict[str, Any]]
COOKBOOK = sorted(file.stem for file in (resource("sql") / "queries").glob("*.sql"))
ENDLESS = "with recursive n as (select 1 as i union all select i + 1 from n) select count(*) from n"


def command(world: World, *options: str) -> list[str]:
    return ["-m", "leaderboard_etl.cli", "mcp", "-w", str(world.warehouse.root), *options]


def talk(world: World, *calls: Call, options: tuple[str, ...] = ()) -> list[CallToolResult]:
    """What a process of the server answers to calls of one conversation over standard input and output."""
    program = StdioServerParameters(command=sys.executable, args=command(world, *options), env=dict(os.environ))
    return answers(program, *calls)


def answers(connected_to: Any, *calls: Call) -> list[CallToolResult]:
    async def converse() -> list[CallToolResult]:
        async with Client(connected_to) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(converse)


def here(world: World, *calls: Call, most_rows: int = 200, time_limit_seconds: float = 30) -> list[CallToolResult]:
    """The same from a server in this process, which starts at once."""
    return answers(server(world.warehouse, most_rows=most_rows, time_limit_seconds=time_limit_seconds), *calls)


def at_once(connected_to: Any, *calls: Call) -> list[CallToolResult]:
    """The answers to calls that a client makes without waiting for the one before."""

    async def converse() -> list[CallToolResult]:
        results: dict[int, CallToolResult] = {}

        async def call(client: Any, number: int, name: str, arguments: dict[str, Any]) -> None:
            results[number] = await client.call_tool(name, arguments)

        async with Client(connected_to) as client, anyio.create_task_group() as group:
            for number, (name, arguments) in enumerate(calls):
                group.start_soon(call, client, number, name, arguments)
        return [results[number] for number in range(len(calls))]

    return anyio.run(converse)


def told(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, error_of(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def error_of(result: CallToolResult) -> str:
    [content] = result.content
    return str(getattr(content, "text", ""))


def test_the_cookbook_s_questions_have_the_answers_of_the_command(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(COOKBOOK) >= 10
    queries = [(resource("sql") / "queries" / f"{name}.sql").read_text(encoding="utf-8") for name in COOKBOOK]
    results = talk(standing, *[("sql", {"query": query}) for query in queries], options=("--most-rows", "100000"))
    n_answered = 0
    for name, result in zip(COOKBOOK, results, strict=True):
        assert main(["sql", "-w", str(standing.warehouse.root), "-q", name, "--format", "json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        answer = told(result)
        assert answer["rows"] == rows, name
        assert answer["as_of"]["load_id"] == 1 and not answer["has_more_rows"]
        n_answered += bool(rows)
    assert n_answered >= 10


def test_every_answer_says_of_which_state_it_is_and_where_its_numbers_are_from(standing: World) -> None:
    calls: list[Call] = [
        ("sql", {"query": "select score_pct, score_source from mart.model_scaling"}),
        ("explain", {"model": "mistralai/Mistral-7B-v0.1"}),
        ("changes", {}),
    ]
    scaling, story, changes = map(told, here(standing, *calls))
    for answer in (scaling, story, changes):
        assert answer["as_of"] == {
            "state_day": "2025-01-01",
            "load_id": 1,
            "load_at": "2025-01-01T03:00:00Z",
            "code_version": code_version(),
            "hub": "sample",
        }
    [read] = scaling["tables_read"]
    assert read["name"] == "mart.model_scaling" and {"score_source", "source_url"} <= set(read["source_columns"])
    assert all(row["place"] for row in story["scores"])
    rows = [row for load in changes["loads"] for row in load["changes"] if row["after_pct"] is not None]
    assert rows and all(row["source_id"] for row in rows)


def test_the_dictionary_is_that_of_the_command(standing: World, capsys: pytest.CaptureFixture[str]) -> None:
    everything, one = map(told, here(standing, ("tables", {}), ("tables", {"name": "gap_lag"})))
    main(["tables", "--json"])
    assert everything["tables"] == json.loads(capsys.readouterr().out)
    main(["tables", "gap_lag", "--json"])
    assert one == json.loads(capsys.readouterr().out)


def test_a_past_day_is_answered_and_a_future_one_refused(standing: World) -> None:
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    query = "select count(*) as n from history.scores"
    mart = "select count(*) as n from mart.model_scaling"
    past, of_mart, early, late = here(
        standing,
        ("sql", {"query": query, "as_of": "2025-01-01"}),
        ("sql", {"query": mart, "as_of": "2025-01-01"}),
        ("sql", {"query": query, "as_of": "2024-12-31"}),
        ("sql", {"query": query, "as_of": tomorrow}),
    )
    for result in (past, of_mart):
        assert told(result)["as_of"]["state_day"] == "2025-01-01" and told(result)["rows"][0]["n"] > 0
        assert told(result)["as_of"]["code_version"] == code_version()
    assert "before the first load" in error_of(early) and "still to come" in error_of(late)


def test_an_answer_about_a_past_day_names_the_load_of_that_day(published: World) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    assert published.night(2).status in ("published", "degraded")
    query = "select max(score_pct) as best from {} where model_id = 'org/model-1b'"
    calls: list[Call] = [
        ("sql", {"query": query.format(name), **day})
        for name in ("core.scores", "mart.model_scaling")
        for day in ({"as_of": "2025-01-01"}, {})
    ]
    calls.append(("explain", {"model": "org/model-1b", "as_of": "2025-01-01"}))
    results = [told(result) for result in here(published, *calls)]
    assert [(result["as_of"]["load_id"], result["as_of"]["state_day"]) for result in results] == [
        *[(1, "2025-01-01"), (2, "2025-01-02")] * 2,
        (1, "2025-01-01"),
    ]
    assert {result["as_of"]["code_version"] for result in results} == {code_version()}
    assert all(result["tables_read"][0]["what_it_is"] for result in results[:4])


def test_more_rows_than_the_limit_are_cut_and_said(standing: World) -> None:
    query = "select model_id from core.models order by model_id"
    cut, shorter, none = here(
        standing,
        ("sql", {"query": query}),
        ("sql", {"query": query, "limit": 2}),
        ("sql", {"query": query, "limit": 0}),
        most_rows=5,
    )
    assert (len(told(cut)["rows"]), told(cut)["has_more_rows"]) == (5, True)
    assert len(told(shorter)["rows"]) == 2
    assert error_of(none) == "limit is a number of rows, 1 or more"


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("sql", {"query": "delete from core.models"}, "nothing else"),
    ("sql", {"query": "create table x as select 1"}, "nothing else"),
    ("sql", {"query": "attach '{secret}' as other"}, "nothing else"),
    ("sql", {"query": "from read_csv('{secret}')"}, "nothing else"),
    ("sql", {"query": "from '{secret}'"}, "nothing else"),
    ("sql", {"query": "copy (select 1) to '{secret}.copy'"}, "nothing else"),
    ("sql", {"query": "copy core.models to '{warehouse}/leaderboard.duckdb'"}, "nothing else"),
    ("sql", {"query": "set lock_configuration = false"}, "nothing else"),
    ("sql", {"query": "install httpfs"}, "nothing else"),
    ("sql", {"query": "select getenv('HOME')"}, "DuckDB refuses the query"),
    (
        "sql",
        {"query": "from core.modles"},
        "DuckDB refuses the query: Catalog Error: Table with name modles does not exist",
    ),
    ("sql", {"query": "selekt 1"}, "DuckDB refuses the query: Parser Error"),
    ("sql", {"query": ""}, "give one query: these are 0 statements"),
    ("sql", {"query": "select 1; select 2"}, "give one query: these are 2 statements"),
    ("sql", {"query": ENDLESS}, "the query was interrupted after 1 seconds"),
    ("sql", {"query": "select repeat('x', 3000000) as x"}, "the answer has 3.0 MB of text"),
    ("sql", {}, "query: Field required"),
    ("sql", {"query": "select 1", "as_of": "yesterday"}, "as_of: "),
    ("explain", {"model": "nobody/nothing"}, "no model 'nobody/nothing' in this warehouse"),
    ("explain", {"model": "mistralai/Mistral-7B-v0.1", "benchmark": "x"}, "has no score of 'x'"),
    ("tables", {"name": "mart.nothing_like_it"}, "no table or view"),
    ("changes", {"since": "2025-01-02", "until": "2025-01-01"}, "no load can lie between them"),
    ("write", {"query": "x"}, "write"),
]


def test_a_hostile_call_is_an_error_of_one_line_and_the_server_goes_on(standing: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\ntoken\n")
    database = standing.warehouse.database
    before = hashlib.sha256(database.read_bytes()).hexdigest()

    def filled(arguments: dict[str, Any]) -> dict[str, Any]:
        places = {"{secret}": str(secret), "{warehouse}": str(standing.warehouse.root)}
        for mark, place in places.items():
            arguments = {name: value.replace(mark, place) for name, value in arguments.items()}
        return arguments

    last: Call = ("sql", {"query": "select 42 as n"})
    calls = [(tool, filled(arguments)) for tool, arguments, _ in HOSTILE]
    *results, alive = talk(standing, *calls, last, options=("--time-limit", "1"))
    for (tool, arguments, expected), result in zip(HOSTILE, results, strict=True):
        error = error_of(result)
        assert result.is_error, (tool, arguments)
        assert expected in error, (tool, arguments, error)
        assert "\n" not in error and "Traceback" not in error and "token" not in error
    assert told(alive)["rows"] == [{"n": 42}]
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_nothing_but_the_protocol_is_on_standard_output(standing: World) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "sql", "arguments": {"query": "nonsense"}},
        },
    ]
    program = subprocess.Popen(
        [sys.executable, *command(standing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None and program.stdout is not None and program.stderr is not None
    read: list[dict[str, Any]] = []
    with program:
        program.stdin.write("this is no message\n")
        for line in lines:
            program.stdin.write(json.dumps(line) + "\n")
        program.stdin.flush()
        while {message.get("id") for message in read} < {1, 2, 3}:
            text = program.stdout.readline()
            assert text, program.stderr.read()
            read.append(json.loads(text))
        program.stdin.close()
        read += [json.loads(text) for text in program.stdout]
        errors = program.stderr.read()
    assert program.returncode == 0
    assert all(message["jsonrpc"] == "2.0" for message in read)
    tools = next(message for message in read if message.get("id") == 2)["result"]["tools"]
    assert {tool["name"] for tool in tools} == {"sql", "explain", "tables", "changes"}
    assert all(tool["annotations"]["readOnlyHint"] and tool["description"] for tool in tools)
    assert "Traceback" not in errors


def test_without_the_extra_one_line_says_how_to_install_it(
    standing: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent: Callable[[str], None] = lambda name: None  # noqa: E731
    monkeypatch.setattr("leaderboard_etl.commands.mcp.find_spec", absent)
    assert main(["mcp", "-w", str(standing.warehouse.root)]) == 2
    assert (
        capsys.readouterr().err
        == "leaderboard-etl: mcp needs packages of an extra: pip install 'leaderboard-etl[mcp]'\n"
    )


@pytest.mark.parametrize("options", [("--most-rows", "0"), ("--time-limit", "none"), ("--time-limit", "nan")])
def test_a_limit_is_a_number_of_at_least_one(
    standing: World, capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    assert main(["mcp", "-w", str(standing.warehouse.root), *options]) == 2
    assert "is not a number, 1 or more" in capsys.readouterr().err


def test_a_folder_without_a_warehouse_is_an_error_of_one_line(tmp_path: Path, standing: World) -> None:
    nowhere = World(tmp_path, "", type(standing.warehouse)(tmp_path / "none"))
    for result in here(nowhere, ("sql", {"query": "select 1"}), ("changes", {}), ("explain", {"model": "x"})):
        assert result.is_error and "no run has published here yet" in error_of(result)


def test_calls_that_a_client_makes_at_once_are_all_answered(standing: World) -> None:
    calls: list[Call] = [
        ("sql", {"query": f"select {n} as n, count(*) as n_models from core.models"}) for n in range(6)
    ]
    connected = server(standing.warehouse, most_rows=200, time_limit_seconds=30)
    answered = [
        told(result)["rows"]
        for result in at_once(connected, *calls, ("explain", {"model": "mistralai/Mixtral-8x7B-v0.1"}))[:6]
    ]
    assert [rows[0]["n"] for rows in answered] == list(range(6))
