"""The explorer's files: every row of the warehouse is in them once, as it is there, short, and only what may be passed on if so
asked."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World

from leaderboard_etl.export.explorer import explorer
from leaderboard_etl.export.explorer.columns import packed, script
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.settings import resource
from leaderboard_etl.target.opening import open_published

DAY = date(2025, 1, 1)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"


def told(file: bytes) -> dict[str, Any]:
    """The tables of a data file, as its bytes have them."""
    text = file.decode("ascii")
    read: dict[str, Any] = json.loads(text[text.index("] = ") + 4 : -2])
    return read


def unpacked(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a packed table, read as the comment of columns.py says."""
    columns = {name: column(written, table["rows"]) for name, written in table["columns"].items()}
    return [{name: values[i] for name, values in columns.items()} for i in range(table["rows"])]


def column(written: Any, rows: int) -> list[Any]:
    if isinstance(written, list):
        return written
    if "runs" in written:
        pairs = zip(written["runs"][::2], written["runs"][1::2], strict=True)
        return [value for value, n in pairs for _ in range(n)]
    if "digits" in written:
        digits, width = written["digits"], written["width"]
        places = [digits[at : at + width] for at in range(0, len(digits), width)]
        return [sum(DIGITS.index(d) * 64**i for i, d in enumerate(reversed(place))) for place in places]
    if "forms" in written:
        forms = [written["forms"][which] for which in column(written["form"], rows)]
        parts = column(written["part"], rows)
        return [
            before if after is None else f"{before}{part}{after}"
            for (before, after), part in zip(forms, parts, strict=True)
        ]
    of = unpacked(written["table"]) if "table" in written else written["of"]
    return [of[place] for place in column(written["at"], rows)]


def files_of(world: World, **options: bool) -> dict[str, bytes]:
    with open_published(world.warehouse) as con:
        return explorer(con, DAY, **options)


def scores_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """Every score of the explorer, with its model's id."""
    ids = [row["model_id"] for row in unpacked(told(files["explorer/models.js"])["models"])]
    rows = []
    for name in files:
        if name.startswith("explorer/scores_"):
            rows += unpacked(told(files[name])["scores"])
    return [{**row, "model_id": ids[row["model"]]} for row in rows]


TEXTS = st.none() | st.text(max_size=6) | st.from_regex(r"(row |)(\d{1,12}|2024-\d\d-\d\d)(, x|)", fullmatch=True)


@given(
    st.lists(
        st.tuples(
            TEXTS,
            st.none() | st.integers(-5, 2**40),
            st.integers(0, 2**40),
            st.none() | st.booleans(),
            st.none() | st.dates(),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=40,
    ),
    st.integers(1, 9),
)
def test_every_table_comes_back_as_it_was(rows: list[tuple[Any, ...]], times: int) -> None:
    names = {
        "text": pl.String,
        "number": pl.Int64,
        "count": pl.Int64,
        "is": pl.Boolean,
        "day": pl.Date,
        "value": pl.Float64,
    }
    frame = pl.DataFrame(rows * times, names, orient="row")
    frame = frame.with_columns(pl.struct("text", "is").alias("both"))
    there = unpacked(told(script("x", {"x": packed(frame)}))["x"])
    here = json.loads(json.dumps(frame.to_dicts(), default=str))
    assert there == here


def test_texts_that_differ_in_a_number_or_a_date_are_kept_by_their_form() -> None:
    places = [f"row {n}, MMLU" for n in range(500)]
    reasons = [f"newest evaluation (2024-{m:02}-{d:02}), of 2" for m in range(1, 13) for d in range(1, 29)]
    for texts in (places, reasons):
        written = packed(pl.DataFrame({"text": texts}))["columns"]["text"]
        assert len(written["forms"]) == 1
        assert column(written, len(texts)) == texts


def test_a_number_with_leading_zeros_stays_a_text() -> None:
    texts = [f"{n:05}" for n in range(300)]
    assert column(packed(pl.DataFrame({"text": texts}))["columns"]["text"], 300) == texts


def test_every_score_is_there_once_with_its_key_value_and_place(standing: World) -> None:
    rows = scores_of(files_of(standing))
    here = standing.query(
        "select model_id, variant_id, precision, has_chat_template, setting, run_id, source_id, source_name,"
        " round(score_pct, 2), score_raw, revision, path, locator from core.scores"
    )
    there = [
        (
            row["model_id"],
            row["measure"]["variant_id"],
            row["precision"],
            row["has_chat_template"],
            row["measure"]["setting"],
            row["run_id"],
            row["measure"]["source_id"],
            row["source_name"] or row["model_id"],
            row["score_pct"],
            row["score_pct"] if row["score_raw"] is None else row["score_raw"],
            row["file"]["revision"],
            row["file"]["path"],
            row["locator"],
        )
        for row in rows
    ]
    assert len(there) == len(here)
    assert (
        sorted(map(str, there)) == sorted(map(str, here))
        or [pair for pair in zip(sorted(there, key=str), sorted(here, key=str), strict=True) if not _equal(*pair)] == []
    )


def _equal(there: tuple[Any, ...], here: tuple[Any, ...]) -> bool:
    return all(
        a == pytest.approx(b, abs=0.0051) if isinstance(a, float) else a == b for a, b in zip(there, here, strict=True)
    )


def test_the_score_that_stands_for_a_model_in_a_chart_is_marked_once(standing: World) -> None:
    charted = [row for row in scores_of(files_of(standing)) if row["is_charted"]]
    there = sorted((row["model_id"], row["measure"]["comparable_group"], row["n_values"] or 1) for row in charted)
    here = standing.query("select model_id, comparable_group, n_values from mart.model_scaling order by all")
    assert there == sorted(here)


def test_between_two_leads_nothing_changes(standing: World) -> None:
    leads = unpacked(told(files_of(standing)["explorer/summary.js"])["leads"])
    series: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for lead in leads:
        series.setdefault((lead["population"], lead["comparable_group"]), []).append(lead)
    days = standing.query(
        "select population, comparable_group, day::varchar, leader, open_model_id, proprietary_model_id, gap_pct,"
        " leads_since_on::varchar from mart.gap_daily"
    )
    assert days
    for population, group, day, leader, open_id, closed_id, gap_pct, since in days[:: max(1, len(days) // 500)]:
        lead = [each for each in series[population, group] if each["day"] <= day][-1]
        assert (lead["leader"], lead["open_model_id"], lead["proprietary_model_id"], lead["leads_since_on"]) == (
            leader,
            open_id,
            closed_id,
            since,
        )
        assert lead["gap_pct"] == pytest.approx(gap_pct, abs=0.0051)


def test_the_manifest_names_every_file_and_the_same_state_gives_the_same_bytes(standing: World) -> None:
    files = make_snapshot(standing.warehouse, None, with_pictures=False)
    listed = json.loads(files["manifest.json"])["files"]
    ours = files_of(standing)
    assert set(ours) <= set(listed) and {"explorer.html", "explorer/explorer.js", "explorer/summary.js"} <= set(ours)
    assert {name: files[name] for name in ours} == ours


def test_what_may_not_be_passed_on_is_not_in_it_and_counted(standing: World) -> None:
    everything, passed = files_of(standing), files_of(standing, is_redistributable=True)
    rows = scores_of(passed)
    assert rows and all(row["measure"]["license_id"] for row in rows)
    licensed = [row for row in scores_of(everything) if row["measure"]["license_id"]]
    assert len(licensed) == len(rows) < len(scores_of(everything))
    summary = told(passed["explorer/summary.js"])
    assert summary["facts"]["n_left_out"]["scores"] == len(scores_of(everything)) - len(rows)
    steps = unpacked(summary["frontiers"])
    assert all(step["license_id"] for step in steps)
    kept = {(step["population"], step["comparable_group"]) for step in steps}
    assert {(lead["population"], lead["comparable_group"]) for lead in unpacked(summary["leads"])} <= kept
    whole = unpacked(told(everything["explorer/summary.js"])["frontiers"])
    assert {(step["population"], step["comparable_group"]) for step in whole} - kept


def test_an_empty_warehouse_has_an_explorer_too(empty: duckdb.DuckDBPyConnection) -> None:
    files = explorer(empty, DAY)
    assert told(files["explorer/models.js"])["models"]["rows"] == 0
    assert not [name for name in files if name.startswith("explorer/scores_")]


def test_a_score_takes_few_bytes(empty: duckdb.DuckDBPyConnection) -> None:
    # As the tables of the leaderboards are: six scores a model, each row at its own place. The genuine night has 73,907 scores
    # and must stay below 5 MB.
    empty.execute(
        "insert into core.models by name select 'organization-' || i % 800 || '/model-with-a-name-' || i as model_id,"
        " model_id as display_name, 'organization-' || i % 800 as organization, 'open_weights' as openness,"
        " 'unknown' as license_class, false as is_official, 'fine_tune' as population from range(3000) t(i)"
    )
    empty.execute(
        "insert into core.scores by name select 'organization-' || i % 800 || '/model-with-a-name-' || i as model_id,"
        " 'b' || j as variant_id, 'b' || j as benchmark_id, 'g' || j as comparable_group, (hash(i, j) % 1000000) / 1e6 as"
        " score_raw, score_raw * 100 as score_pct, score_pct * 0.8 as score_norm_pct, 'fraction' as score_unit,"
        " 'computed' as norm_method, 'leaderboard' as reported_by, false as is_corrected, 'blob' as blob_id, 1 as load_id,"
        " model_id as source_name, 'leaderboard' as source_id, 'org/repo' as repo_id, repeat('a', 40) as revision,"
        " 'data/train.parquet' as path, 'row ' || i || ', column ' || chr(65 + j::int) as locator, 'n/a' as run_id,"
        " 'n/a' as setting, 'bfloat16' as precision from range(3000) t(i), range(6) u(j)"
    )
    files = explorer(empty, DAY)
    assert sum(map(len, files.values())) - len(files["explorer/explorer.js"]) < 18000 * 5e6 / 73907 * 0.75


def test_each_query_of_the_explorer_names_its_order() -> None:
    for file in (resource("sql") / "explorer").glob("*.sql"):
        assert "\norder by" in file.read_text(encoding="utf-8"), file.name
