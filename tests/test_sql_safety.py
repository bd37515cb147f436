"""`sql` runs a stranger's query: it reads the published tables, and can reach or change nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from worlds import World

from leaderboard_etl.cli import main
from leaderboard_etl.commands import rows_file
from leaderboard_etl.printable import ACTING
from leaderboard_etl.target.opening import open_published

ACTORS = [0x1B, 0x07, 0x0D, 0x7F, 0x9B, 0x200E, 0x200F, 0x202A, 0x202E, 0x2066, 0x2069, 0x061C, 0x2028, 0xE0041]


@pytest.fixture
def untouched(standing: World) -> Iterator[None]:
    """Fails a test that changes a file of the warehouse or adds one."""

    def files() -> dict[str, str]:
        found = (path for path in standing.warehouse.root.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    before = files()
    yield
    assert files() == before


def ask(capsys: pytest.CaptureFixture[str], standing: World, *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["sql", "-w", str(standing.warehouse.root), *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


REFUSED = [
    "copy (select 1) to '{warehouse}/raw/ledger.jsonl'",
    "copy (select 1) to '{warehouse}/leaderboard.duckdb'",
    "copy (select 1) to '{warehouse}/leaderboard.duckdb' (use_tmp_file false)",
    "copy (select 1) to '{warehouse}/leaderboard.duckdb.wal'",
    "copy (select 1) to '{warehouse}/leaderboard.duckdb.tmp/x.csv'",
    "explain analyze copy (select 1) to '{warehouse}/leaderboard.duckdb.wal'",
    "prepare p as copy (select 1) to '{warehouse}/leaderboard.duckdb.wal'; execute p",
    "copy (select 1) to '{outside}/x.csv'",
    "copy (select 1) to '/dev/stdout'",
    "copy (select 1) to '{outside}/x' (format parquet, partition_by (a))",
    "export database '{outside}/x'",
    "import database '{outside}/x'",
    "from '{outside}/secret.csv'",
    "from read_csv('{outside}/secret.csv')",
    "from read_json('{outside}/secret.csv')",
    "from read_parquet('{outside}/secret.csv')",
    "from read_text('{outside}/secret.csv')",
    "from read_blob('{outside}/secret.csv')",
    "from read_text('/proc/self/environ')",
    "from glob('{outside}/*')",
    "from sniff_csv('{outside}/secret.csv')",
    "from parquet_metadata('{outside}/secret.csv')",
    "from parquet_schema('{outside}/secret.csv')",
    "from query('from ''{outside}/secret.csv''')",
    "from query_table('{outside}/secret.csv')",
    "create temp macro m() as table from read_text('{outside}/secret.csv')",
    "from read_csv('http://127.0.0.1:9/x.csv')",
    "from 'https://127.0.0.1:9/x.parquet'",
    "attach '{outside}/other.duckdb' as other",
    "attach '{warehouse}/leaderboard.duckdb' as again (read_write)",
    "select getenv('HF_TOKEN')",
    "from polars_frame",
    "from relation",
    "install httpfs",
    "load httpfs",
    "load '{outside}/x.duckdb_extension'",
    "create persistent secret s (type http)",
    "set enable_external_access = true",
    "set disabled_filesystems = ''",
    "reset disabled_filesystems",
    "set lock_configuration = false",
    "set allowed_directories = ['/']",
    "set memory_limit = '900GB'",
    "set temp_directory = '{outside}'",
    "set file_search_path = '{outside}'",
    "pragma memory_limit = '900GB'",
    "pragma profiling_output = '{outside}/x.json'",
    "set log_query_path = '{outside}/x.log'",
    "call enable_logging(storage = 'file', storage_path = '{outside}/logs')",
    "call enable_profiling(save_location = '{outside}/x.json')",
]


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_reaches_no_file_no_network_no_setting_and_no_secret(
    query: str,
    standing: World,
    untouched: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_never_shown")
    (tmp_path / "secret.csv").write_text("word\nhush\n")
    polars_frame = pl.DataFrame({"word": ["hush"]})
    told = query.format(warehouse=standing.warehouse.root, outside=tmp_path)
    code, out, err = ask(capsys, standing, told)
    assert (code, out) == (2, ""), polars_frame.shape
    assert err.count("\n") == 1 and "hush" not in err.replace(told, "") and "hf_never_shown" not in err
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.csv"]


def test_the_state_of_a_day_is_locked_as_well(standing: World, untouched: None, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("word\nhush\n")
    with open_published(standing.warehouse, as_of=date(2025, 1, 31)) as con:
        for query in REFUSED:
            with pytest.raises(duckdb.Error):
                con.execute(query.format(warehouse=standing.warehouse.root, outside=tmp_path)).fetchall()
        assert con.execute("select count(*) > 0 from mart.model_scaling").fetchall() == [(True,)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "query",
    ["from read_text('/etc/hostname')", "copy (select 1) to '/nowhere/x'", "load httpfs", "set threads = 1"],
)
def test_a_refusal_says_how_to_lift_it(query: str, standing: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = ask(capsys, standing, query)
    assert "--unsafe" in err and err.count("\n") == 1


def test_queries_that_only_read_work_on_a_locked_connection(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for query in [
        "set variable x = 3; select getvariable('x') as answer",
        "create temp table t as select 3 as answer; from t",
        "create temp macro three() as 3; select three() as answer",
        """select json_extract('{"a": 3}', '$.a')::int as answer""",
        "select 3 as answer from range(100000) as t(n) order by hash(n) limit 1",
        "select hour(timestamptz '2025-01-01 03:00:00+00' at time zone 'Asia/Tokyo') - 9 as answer",
    ]:
        code, out, err = ask(capsys, standing, "--json", query)
        assert (code, err) == (0, "") and json.loads(out) == [{"answer": 3}], query


def test_a_query_uses_half_of_duckdbs_default_memory(standing: World) -> None:
    limit = "select split_part(current_setting('memory_limit'), ' ', 1)::double"
    with duckdb.connect() as free, open_published(standing.warehouse) as locked:
        [(whole,)], [(half,)] = free.execute(limit).fetchall(), locked.execute(limit).fetchall()
    assert half == pytest.approx(whole / 2, rel=0.02)


def test_unsafe_allows_all_of_duckdb_but_the_published_file_stays_read_only(
    standing: World, untouched: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words.csv").write_text("word\nhush\n")
    query = f"copy (from '{tmp_path}/words.csv') to '{tmp_path}/again.csv'; select word from '{tmp_path}/again.csv'"
    code, out, _ = ask(capsys, standing, "--unsafe", "--json", query)
    assert code == 0 and json.loads(out) == [{"word": "hush"}]
    code, _, err = ask(capsys, standing, "--unsafe", "delete from core.scores")
    assert code == 2 and "read-only" in err


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "table"])
def test_every_format_is_written_to_a_file_although_duckdb_may_write_none(
    form: str, standing: World, untouched: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows"
    query = "select n, n as n, 'é' as t, date '2024-01-02' as d from range(60000) as r(n)"
    code, _, err = ask(capsys, standing, "--format", form, "-o", out, query)
    assert (code, err) == (0, f"wrote {out}\n")
    read = pl.read_csv if form == "csv" else pl.read_parquet if form == "parquet" else pl.read_json
    frame = read(out)
    assert frame.columns == ["n", "n_1", "t", "d"] and frame["n"].to_list() == list(range(60000))
    assert str(frame["d"][0]) == "2024-01-02" and [entry.name for entry in tmp_path.iterdir()] == ["rows"]


ODD_TYPES = {
    "union_value(k := 1)": "1",
    "340282366920938463463374607431768211455::uhugeint": "340282366920938463463374607431768211455",
    "12345678901234567890123456789012345678901::bignum": "12345678901234567890123456789012345678901",
    "timetz '10:00:00+02'": "10:00:00+02",
    "'POINT (1 1)'::geometry": "POINT (1 1)",
    "interval 3 days": "3 days",
    "[interval 1 day]": "[1 day]",
    "{'a': map([1], [interval 1 day])}": "{'a': {1=1 day}}",
}


@pytest.mark.parametrize("value", ODD_TYPES)
@pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
def test_what_duckdb_alone_has_a_type_for_is_its_text(
    value: str, form: str, standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = f"select {value} as v, 'x' as x"
    if form == "parquet":
        assert ask(capsys, standing, "--format", form, "-o", tmp_path / "rows", query)[0] == 0
        assert pl.read_parquet(tmp_path / "rows")["v"].to_list() == [ODD_TYPES[value]]
        return
    code, out, err = ask(capsys, standing, "--format", form, query)
    assert (code, err) == (0, "") and ODD_TYPES[value] in out


@pytest.mark.parametrize("date", ["date '290000-01-01'", "timestamp '20000-01-01'", "timestamp '-infinity'"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_date_that_text_cannot_hold_is_one_line(
    date: str, form: str, standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ask(capsys, standing, "--format", form, "-o", tmp_path / "rows", f"select {date} as day, 1.5 as x")
    assert code == 2 and err.count("\n") == 1 and "'day'" in err and not [*tmp_path.iterdir()]
    assert ask(capsys, standing, f"select {date} as day, 1.5 as x")[0] == 2


@pytest.mark.parametrize("query", ["", " ;\n"])
def test_an_empty_query_is_wrong_usage(query: str, standing: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capsys, standing, query)
    assert (code, out) == (2, "") and "empty" in err


def test_an_output_without_rows_has_its_columns(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for form, content in {"csv": b"a\n", "json": b"[]\n"}.items():
        assert ask(capsys, standing, "--format", form, "-o", tmp_path / form, "select 1 as a where false")[0] == 0
        assert (tmp_path / form).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "n,t\n1,a|b\n"),
        ("x.JSON", '[\n  {"n": 1, "t": "a|b"}\n]\n'),
        ("x.jsonl", '{"n": 1, "t": "a|b"}\n'),
        ("x.ndjson", '{"n": 1, "t": "a|b"}\n'),
        ("x.md", "| n | t |\n| ---: | --- |\n| 1 | a&#124;b |\n"),
        ("x", '[\n  {"n": 1, "t": "a|b"}\n]\n'),
    ],
)
def test_a_file_holds_what_its_extension_says(
    name: str, content: str, standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select 1 as n, 'a|b' as t"
    assert ask(capsys, standing, "-o", tmp_path / name, query)[0] == 0
    assert (tmp_path / name).read_text() == content
    assert ask(capsys, standing, "--format", "csv", "-o", tmp_path / name, query)[0] == 0
    assert (tmp_path / name).read_text() == "n,t\n1,a|b\n"


def test_parquet_is_known_by_its_extension_and_an_unknown_one_is_refused(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(capsys, standing, "-o", tmp_path / "x.parquet", "select 1 as n")[0] == 0
    assert pl.read_parquet(tmp_path / "x.parquet").to_dicts() == [{"n": 1}]
    code, _, err = ask(capsys, standing, "-o", tmp_path / "x.xlsx", "select 1 as n")
    assert code == 2 and ".parquet" in err and not (tmp_path / "x.xlsx").exists()


def test_json_has_numbers_as_numbers_and_tells_nan_from_null(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select sum(n) as s, sum(n)::decimal(9, 2) / 4 as d, 'nan'::double as x, null as y from range(4) as t(n)"
    _, out, _ = ask(capsys, standing, "--json", query)
    assert json.loads(out) == [{"s": 6, "d": 1.5, "x": "NaN", "y": None}]
    _, out, _ = ask(capsys, standing, "--format", "jsonl", "select 12345678901234567890123456789::decimal(38, 0) as d")
    assert json.loads(out) == {"d": 12345678901234567890123456789}


def test_every_query_of_several_is_shown_and_none_is_lost_in_a_file(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ask(capsys, standing, "select 1 as first; select 2 as second")
    assert code == 0 and "first" in out and "second" in out
    code, _, err = ask(capsys, standing, "--format", "csv", "select 1 as first; select 2 as second")
    assert code == 2 and "one query" in err


def test_a_table_tells_null_from_empty_and_how_many_rows_there_are(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select n, null::integer as nothing, '' as blank from range(3) as t(n)"
    _, out, _ = ask(capsys, standing, "--limit", "2", query)
    assert out.count("NULL") == 2 and "the first 2 of 3 rows" in out
    _, out, _ = ask(capsys, standing, "-x", "--types", "--limit", "1", query)
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["row", "1"],
        ["n", "bigint", "0"],
        ["nothing", "integer", "NULL"],
    ]
    _, out, _ = ask(capsys, standing, "select 1 as a where false")
    assert out == "no rows of the columns a\n"
    code, _, err = ask(capsys, standing, "--limit", "0", query)
    assert code == 2 and "'0' is not a number of rows" in err


def test_a_query_comes_from_a_pipe_or_a_named_standard_input(
    standing: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given in ([], ["-"], ["-f", "-"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("select 41 + 1 as answer"))
        code, out, _ = ask(capsys, standing, "--format", "csv", *given)
        assert (code, out) == (0, "answer\n42\n")


@pytest.mark.parametrize("given", [[], ["-"], ["-f", "-"]])
def test_a_pipe_that_is_no_text_is_one_line(
    given: list[str], standing: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"select '\xff'"), encoding="utf-8"))
    code, _, err = ask(capsys, standing, *given)
    assert code == 2 and err.count("\n") == 1 and "not UTF-8" in err


def test_a_fault_of_a_query_is_shown_with_its_line_and_a_caret(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ask(capsys, standing, "select 1\nfrm core.models")
    message, line, caret = err.splitlines()
    assert code == 2 and "syntax error" in message
    assert line.startswith("  line 2: frm core.models") and set(caret.strip()) == {"^"}
    assert caret.index("^") - line.index("frm") in range(len("frm core.models"))


def test_a_narrow_terminal_gets_the_first_and_last_columns_and_the_names_of_the_others(
    standing: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    columns = ", ".join(f"'value {n}' as column_{n}" for n in range(9))
    _, out, _ = ask(capsys, standing, f"select {columns}, repeat('x', 100) as last")
    head = next(line for line in out.splitlines() if "column_0" in line)
    assert head.split()[0] == "column_0" and "…" in head and max(map(len, out.splitlines()[:4])) <= 60
    left_out = out.splitlines()[-1]
    assert "of 10 columns are left out" in left_out
    assert all((f"column_{n}" in head) != (f"column_{n}," in left_out.replace(";", ",")) for n in range(9))


def test_a_query_that_fails_leaves_the_output_as_it_was(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("before\n")
    late = "select case when n = 55000 then error('late') end as a from range(60000) as t(n)"
    assert ask(capsys, standing, "--format", "csv", "-o", tmp_path / "rows.csv", late)[0] == 2
    assert (tmp_path / "rows.csv").read_text() == "before\n" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["raw/ledger.jsonl", "leaderboard.duckdb", "new.csv", "exports/../x", "no/such/x"])
@pytest.mark.parametrize("by", ["path", "link to a folder", "link to a file", "hard link"])
@pytest.mark.parametrize("unsafe", [False, True])
def test_an_output_is_never_in_the_warehouse_under_any_name(
    name: str,
    by: str,
    unsafe: bool,
    standing: World,
    untouched: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = standing.warehouse.root / name
    output = tmp_path / "out"
    if by == "path":
        output = place
    elif by == "link to a folder":
        output.symlink_to(standing.warehouse.root, target_is_directory=True)
        output /= name
    elif by == "link to a file":
        output.symlink_to(place)
    elif place.exists():
        os.link(place, output)
    else:
        pytest.skip("a hard link has a file")
    lifted = ["--unsafe"] if unsafe else []
    code, _, err = ask(capsys, standing, *lifted, "--format", "csv", "-o", output, "select 1")
    assert code == 2 and err.count("\n") == 1 and "-o" in err
    if by == "hard link":
        output.unlink()


@pytest.mark.parametrize("place", [".", "no such folder/x", "file/x"])
def test_an_output_that_cannot_be_written_is_one_line(
    place: str, standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, _, err = ask(capsys, standing, "-o", tmp_path / place, "select 1")
    assert code == 1 and err.count("\n") == 1 and "cannot be written" in err


@pytest.mark.parametrize("code", ACTORS)
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_cells_and_column_names_have_no_effect_on_a_terminal(
    code: int, form: str, standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"a{chr(code)}[31mb"
    query = f"""select chr({code}) || '[31m' as "{text}", ['{text}'] as list"""
    _, out, _ = ask(capsys, standing, "--format", form, query)
    assert not ACTING.search(out)
    if form == "json":
        assert json.loads(out) == [{text: f"{chr(code)}[31m", "list": [text]}]
        return
    escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    assert f"{escape}[31m" in out and f"a{escape}[31mb" in out
    if form == "csv":
        ask(capsys, standing, "--format", form, "-o", tmp_path / "x.csv", query)
        assert (tmp_path / "x.csv").read_text() == out


def test_a_message_about_a_query_has_no_effect_on_a_terminal(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, err = ask(capsys, standing, "select error(chr(27) || ']0;title' || chr(8238) || chr(10) || 'next')")
    assert "\\x1b]0;title\\u202e next" in err and err.count("\n") == 1 and not ACTING.search(err)


def test_a_csv_runs_nothing_in_a_spreadsheet_and_keeps_lines_within_a_cell(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select '=1+1' as a, '-2' as b, e'two\\nlines' as c, null::varchar as \"@d\", 'org/m' as e, '-' as f"
    _, out, _ = ask(capsys, standing, "--format", "csv", query)
    assert list(csv.reader(io.StringIO(out))) == [
        ["a", "b", "c", "'@d", "e", "f"],
        ["'=1+1", "-2", "two\nlines", "", "org/m", "-"],
    ]


def test_markdown_has_text_as_it_is_for_no_spreadsheet_reads_it(
    standing: World, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "select '=1+1' as a, 'one, two' as b, 'say \"x\"' as c, ['p', 'q'] as d, null::varchar as e, 1.5 as f"
    _, out, _ = ask(capsys, standing, "--format", "md", query)
    assert out.splitlines()[2] == '| =1+1 | one, two | say "x" | ["p", "q"] |  | 1.5 |'


def test_a_query_of_policy_is_told_where_policy_is(standing: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ask(capsys, standing, "from policy.families")
    assert code == 2 and "policy tables are CSV files of the project" in err


def test_json_has_text_for_a_number_that_it_does_not_know(standing: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, standing, "--json", "select 'nan'::double as a, ['inf'::double, 1.5] as b")
    assert json.loads(out) == [{"a": "NaN", "b": ["Infinity", 1.5]}]


def test_a_csv_of_plain_columns_needs_no_frames_and_has_the_same_bytes() -> None:
    numbers = [
        0.0,
        -0.0,
        1e-5,
        1.5e-5,
        1e-4,
        1.5e-7,
        1e15,
        1e16,
        5e-324,
        1.7e308,
        float("inf"),
        float("nan"),
        0.1,
        100.0,
        1 / 3,
    ]
    texts = ["", "a", "a,b", 'a"b', "x\ny", "=1+1", "-5", "@x", "\tab", " lead", "\x1b[31m", "é", None]
    rows = list(itertools.zip_longest(numbers, texts, ["2024-01-01", "0001-01-01", None], [True, False, None], [1, -1]))
    with duckdb.connect() as con:
        con.execute("create table plain (number double, text varchar, day date, is_so boolean, count bigint)")
        con.executemany("insert into plain values (?, ?, ?, ?, ?)", rows)
        relation = con.sql('select *, number as "x,y", text as "=z" from plain')
        assert rows_file._is_plain(relation)
        plain = b"".join(rows_file._plain_csv_pieces(relation))
        assert plain == b"".join(rows_file._csv_pieces(rows_file._frames(relation)))
        assert plain.count(b"\n") > len(rows)
