"""Ratings by day: only the board as a whole, each with its interval, votes and licence; a table of other columns is held."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sourcing import POLICY, read

from leaderboard_etl.errors import ContractError, EtlError, SourceError
from leaderboard_etl.sources.arena_ratings import COLUMNS, is_past, wants
from leaderboard_etl.sources.base import Parsed

LATEST, FULL = "text/latest-00000-of-00001.parquet", "text/full-00000-of-00001.parquet"
SCHEMA: dict[str, Any] = {name: pl.Float64 if kind == "number" else pl.String for name, kind in COLUMNS.items()}
ROW: dict[str, Any] = {
    "model_name": "glm-5",
    "organization": "Z.ai",
    "license": "MIT",
    "rating": 1456.0,
    "rating_lower": 1450.0,
    "rating_upper": 1462.0,
    "variance": None,
    "vote_count": 11101.0,
    "rank": 20.0,
    "category": "overall",
    "leaderboard_publish_date": "2026-03-31",
}


def parquet(*rows: dict[str, Any], schema: dict[str, Any] = SCHEMA) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([ROW | row for row in rows], schema=schema).write_parquet(buffer)
    return buffer.getvalue()


def board(*rows: dict[str, Any], path: str = LATEST) -> Parsed:
    return read("arena_ratings", parquet(*rows), path=path)


def test_a_row_is_a_rating_of_its_day_with_interval_votes_organization_and_licence() -> None:
    parsed = board({})
    wanted = "source_name", "board", "published_on", "rating", "rating_lower", "rating_upper", "n_votes"
    assert parsed.ratings.select(wanted).rows() == [("glm-5", "text", date(2026, 3, 31), 1456.0, 1450.0, 1462.0, 11101)]
    assert parsed.ratings.select("organization", "license_text", "setting").rows() == [("Z.ai", "MIT", "n/a")]
    assert parsed.scores.is_empty() and parsed.models.is_empty() and parsed.quarantine.is_empty()


def test_topics_and_languages_are_left_out_and_a_locator_counts_all_rows() -> None:
    parsed = board({"category": "coding"}, {"category": None}, {})
    assert parsed.ratings["locator"].to_list() == ["row 2"] and parsed.source_rows == 1


def test_blank_cells_and_texts_that_name_no_licence_are_null() -> None:
    parsed = board({"organization": " ", "license": ""}, {"model_name": "b", "license": "Other"})
    assert parsed.ratings.select("organization", "license_text").rows() == [(None, None), ("Z.ai", None)]


def test_days_of_the_first_year_have_neither_interval_nor_votes() -> None:
    parsed = board({"rating_lower": None, "rating_upper": None, "vote_count": None})
    assert parsed.ratings.select("rating_lower", "rating_upper", "n_votes").rows() == [(None, None, None)]
    assert board({"rating_lower": float("nan"), "rating_upper": float("nan")}).ratings["rating_upper"].to_list() == [
        None
    ]


def test_a_setting_in_the_name_is_the_setting_of_the_rating() -> None:
    assert board({"model_name": "claude-opus-4-5-20251101-thinking-32k"}).ratings["setting"].to_list() == [
        "thinking 32k"
    ]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"rating": 0.85, "rating_lower": None, "rating_upper": None}, "rating|range"),
        ({"rating": 85.0, "rating_lower": None, "rating_upper": None}, "rating|range"),
        ({"rating": float("inf"), "rating_upper": float("inf")}, "rating|number"),
        ({"rating": None}, "rating|number"),
        ({"rating_lower": 1460.0}, "rating|interval"),
        ({"rating_upper": None}, "rating|interval"),
        ({"vote_count": -1.0}, "n_votes|count"),
        ({"leaderboard_publish_date": "31 March 2026"}, "published_on|range"),
        ({"leaderboard_publish_date": None}, "published_on|range"),
        ({"model_name": None}, "source_name|form"),
        ({"model_name": "<b>glm-5</b>"}, "source_name|form"),
        ({"license": "M" * 401}, "text|length"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_and_the_others_are_read(cells: dict[str, Any], rule: str) -> None:
    parsed = board(cells, {"model_name": "other"})
    assert parsed.ratings["source_name"].to_list() == ["other"]
    assert parsed.quarantine.select("target", "rule").rows() == [("ratings", rule)]
    assert parsed.rows_in == 2


def test_a_model_twice_on_one_day_of_one_file_is_refused_and_the_first_is_kept() -> None:
    parsed = board({}, {"rating": 1460.0})
    assert parsed.ratings["rating"].to_list() == [1456.0]
    assert parsed.quarantine["rule"].to_list() == ["key|unique"]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (
            {name: dtype for name, dtype in SCHEMA.items() if name != "rating_lower"},
            "'rating_lower' (number) is missing",
        ),
        (SCHEMA | {"score": pl.Float64}, "'score' is new"),
        (SCHEMA | {"rating": pl.String}, "'rating' should be number and is"),
        (SCHEMA | {"license": pl.Int64}, "'license' should be text and is int64"),
    ],
)
def test_other_columns_or_types_hold_the_source_and_the_error_shows_the_header(
    schema: dict[str, Any], told: str
) -> None:
    content = io.BytesIO()
    pl.DataFrame(schema=schema).write_parquet(content)
    with pytest.raises(ContractError) as error:
        read("arena_ratings", content.getvalue(), path=LATEST)
    assert told in str(error.value) and "model_name" in str(error.value) and "\n" not in str(error.value)


def test_counts_may_be_whole_numbers_a_day_a_date_and_columns_in_any_order() -> None:
    frame = pl.DataFrame([ROW], schema=SCHEMA)
    frame = frame.with_columns(
        pl.col("vote_count", "rank").cast(pl.Int64),
        pl.col("leaderboard_publish_date").str.to_date(),
        pl.lit(None).alias("variance"),
    )
    content = io.BytesIO()
    frame.select(sorted(frame.columns)).write_parquet(content)
    assert read("arena_ratings", content.getvalue(), path=LATEST).ratings.equals(board({}).ratings)


def test_many_row_groups_are_read_as_one_table() -> None:
    rows = [ROW | {"model_name": f"model-{n}", "category": "overall" if n % 2 else "coding"} for n in range(5000)]
    content = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(content, row_group_size=100)
    parsed = read("arena_ratings", content.getvalue(), path=FULL)
    assert parsed.ratings.height == 2500 and parsed.ratings["locator"].to_list()[-1] == "row 4999"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"])
def test_bytes_that_are_no_table_hold_the_source(content: bytes) -> None:
    with pytest.raises(SourceError, match="last good one stays in force"):
        read("arena_ratings", content, path=LATEST)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 3000), st.integers(0, 50))
def test_damaged_bytes_are_read_refused_or_held(noise: bytes, at: int, less: int) -> None:
    whole = parquet({}, {"model_name": "b"})
    try:
        parsed = read("arena_ratings", whole[: at % len(whole)] + noise + whole[at % len(whole) + less :], path=LATEST)
    except EtlError:
        return
    assert parsed.rows_in == parsed.ratings.height + parsed.quarantine.height


_CELLS = st.fixed_dictionaries(
    {
        "model_name": st.one_of(st.none(), st.text(max_size=20)),
        "organization": st.one_of(st.none(), st.text(max_size=20)),
        "license": st.one_of(st.none(), st.text(max_size=20)),
        "rating": st.one_of(st.none(), st.floats()),
        "rating_lower": st.one_of(st.none(), st.floats()),
        "rating_upper": st.one_of(st.none(), st.floats()),
        "vote_count": st.one_of(st.none(), st.floats()),
        "leaderboard_publish_date": st.one_of(st.none(), st.dates().map(str), st.text(max_size=12)),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_CELLS, max_size=4))
def test_whatever_stands_in_the_cells_each_row_is_a_rating_or_refused(rows: list[dict[str, Any]]) -> None:
    parsed = board(*rows)
    assert parsed.rows_in == parsed.source_rows == len(rows) == parsed.ratings.height + parsed.quarantine.height
    assert parsed.ratings.filter(~pl.col("rating").is_between(100, 10_000)).is_empty()


def test_the_newest_day_and_the_past_are_wanted_and_only_the_past_is_fetched_once() -> None:
    assert wants(LATEST) and wants(FULL) and wants("text/full-00001-of-00002.parquet")
    assert [
        path
        for path in ("text/x.parquet", "README.md", f"a/{FULL}", "vision/latest-00000-of-00001.parquet")
        if wants(path)
    ] == []
    assert is_past(FULL) and not is_past(LATEST) and not is_past("README.md")


def test_a_series_begins_where_the_arena_changed_how_it_rates() -> None:
    series = POLICY.frame("rating_series").filter(source_id="arena_ratings", board="text").sort("starts_on")
    assert series["starts_on"].to_list()[1:] == [date(2024, 1, 9), date(2025, 5, 16)]
