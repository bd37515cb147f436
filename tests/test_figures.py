"""Figures for print: labels cover nothing, every row is a mark, and the same state gives the same bytes."""

from __future__ import annotations

import math
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World

from leaderboard_etl.export.figures import as_svg, figures
from leaderboard_etl.export.figures.ecosystem import community_velocity, license_classes, moe_efficiency
from leaderboard_etl.export.figures.gap import _spans, open_closed_lags, open_gap
from leaderboard_etl.export.figures.labels import Axis, Label, lay_out, text_width
from leaderboard_etl.export.figures.scaling import model_scaling
from leaderboard_etl.export.figures.style import log_ticks, score_axis
from leaderboard_etl.warehouse.database import create_tables, create_views

X, Y = Axis(1, 1000, 0, 700, is_log=True), Axis(0, 100, 400, 0)
SHARES = st.floats(0, 1)


@pytest.fixture(scope="module")
def con(standing: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(standing.warehouse.database), read_only=True) as con:
        yield con


def box(label: Label) -> tuple[float, float, float, float]:
    width, x, y = text_width(label.text, 11), X.pixel(label.x), Y.pixel(label.y)
    left = x - {"left": 0.0, "center": width / 2, "right": width}[label.align]
    return left, y - 6, left + width, y + 6


def is_apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@given(st.lists(st.tuples(SHARES, SHARES, st.text("abcMW 0-", min_size=1, max_size=30)), max_size=25))
def test_no_name_leaves_the_chart_or_hides_a_mark_or_another_name(points: list[tuple[float, float, str]]) -> None:
    names = [(10 ** (3 * x), 100 * y, text) for x, y, text in points]
    placed = [box(label) for label in lay_out(names, [(x, y) for x, y, _ in names], X, Y)]
    assert all(left >= 0 and right <= 700 and top >= -1 and bottom <= 401 for left, top, right, bottom in placed)
    assert all(is_apart(a, b) for a, b in combinations(placed, 2))
    marks = [(X.pixel(x) - 2, Y.pixel(y) - 2, X.pixel(x) + 2, Y.pixel(y) + 2) for x, y, _ in names]
    assert all(is_apart(label, mark) for label in placed for mark in marks)


def test_of_two_names_in_one_place_the_first_is_kept() -> None:
    crowd = [(30.0, y, "neighbour") for y in range(10, 90, 2)]
    assert lay_out([(30.0, 50.0, "first")], [(x, y) for x, y, _ in crowd], X, Y)[0].text == "first"
    assert lay_out([(10.0, 50.0, "alone"), (10.0, 50.0, "again")] * 9, [(10.0, 50.0)], X, Y)[0].text == "alone"


@given(st.floats(1, 1000), st.floats(0, 100))
def test_an_axis_converts_to_pixels_and_back(x: float, y: float) -> None:
    assert math.isclose(X.value(X.pixel(x)), x, rel_tol=1e-9)
    assert math.isclose(Y.value(Y.pixel(y)), y, abs_tol=1e-9)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_the_score_axis_holds_every_score_and_stays_within_0_to_100(scores_pct: list[float]) -> None:
    axis = score_axis(scores_pct)
    assert 0 <= axis.low <= min(scores_pct) <= max(scores_pct) <= axis.high <= 100
    assert axis.low < axis.high


def test_ticks_of_a_logarithmic_axis_are_1_2_and_5() -> None:
    assert log_ticks(Axis(0.4, 30, 0, 1, is_log=True)) == [0.5, 1, 2, 5, 10, 20]


def test_the_gap_runs_from_the_first_to_the_last_day_on_which_both_sides_are_observed() -> None:
    step = {"until_year": 2025.0, "model": "m"}
    steps = pl.DataFrame(
        [
            {"side": "Open", "year": 2023.0, "score_pct": 50.0, **step},
            {"side": "Open", "year": 2024.0, "score_pct": 80.0, **step},
            {"side": "Proprietary", "year": 2022.0, "score_pct": 70.0, **step, "until_year": 2024.5},
        ]
    )
    spans = [(s["year"], s["until_year"], s["side"], s["score_pct"], s["other_pct"]) for s in _spans(steps)]
    assert spans == [(2023.0, 2024.0, "Proprietary", 70.0, 50.0), (2024.0, 2024.5, "Open", 80.0, 70.0)]
    assert _spans(steps.filter(pl.col("side") == "Open")) == []


def test_the_same_state_gives_the_same_bytes_and_each_figure_twice(con: duckdb.DuckDBPyConnection) -> None:
    files = figures(con)
    assert files == figures(con)
    names = {name.rsplit(".")[0] for name in files}
    assert names == {
        "model_scaling",
        "open_gap",
        "open_closed_lags",
        "moe_efficiency",
        "community_velocity",
        "license_classes",
    }
    for name in names:
        width, height = struct.unpack(">II", files[f"{name}.png"][16:24])
        svg = files[f"{name}.svg"].decode()
        size = re.search(r'width="(\d+)" height="(\d+)"', svg)
        assert size is not None and (width, height) == (3 * int(size[1]), 3 * int(size[2]))
        assert "http://" not in svg.replace("http://www.w3.org/", "")


def test_every_score_is_a_mark_also_without_a_size_and_the_caption_counts_these(con: duckdb.DuckDBPyConnection) -> None:
    chart = model_scaling(con)
    assert chart is not None
    svg = as_svg(chart)
    sized = (
        "population = 'official' and comparable_group = 'mmlu_reported' and openness in ('open_weights', 'proprietary')"
    )
    [(n_points,)] = con.execute(f"select count(params_b) from mart.model_scaling where {sized}").fetchall()
    [(n, n_unsized)] = con.execute(
        f"select count(*), count(*) - count(params_b) from mart.model_scaling where {sized} and openness = 'proprietary'"
    ).fetchall()
    assert n_unsized > 0
    assert svg.count('aria-roledescription="point"') == n_points + n_unsized
    assert f"{n_unsized} of {n} proprietary models with a score have no published size" in svg
    assert "No line for Proprietary: " in svg


def test_lags_that_are_not_over_are_drawn_as_arrows(con: duckdb.DuckDBPyConnection) -> None:
    chart = open_closed_lags(con)
    assert chart is not None
    [(n_lags, n_open)] = con.execute(
        "select count(*), count(*) filter (where is_censored) from mart.gap_lag where population = 'official'"
        " and comparable_group = 'mmlu_reported' and estimator = 'catch_up' and tolerance_pct = 1 and lag_days is not null"
    ).fetchall()
    svg = as_svg(chart)
    assert n_open > 0
    assert svg.count('aria-roledescription="point"') == n_lags
    assert len(re.findall(r">at least \d+ days, not matched<", svg)) == n_open


def test_an_empty_warehouse_has_no_figures() -> None:
    with duckdb.connect() as con:
        create_tables(con)
        create_views(con)
        charts = (model_scaling, open_gap, open_closed_lags, moe_efficiency, community_velocity, license_classes)
        assert [draw(con) for draw in charts] == [None] * len(charts)


_DRAW = """
import hashlib, sys
import vl_convert
from leaderboard_etl.export import figures
if sys.argv[1] == "first":
    vl_convert.svg_to_png("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>")
text = "<text y='25' font-family='Liberation Sans'>90.8 %</text>"
svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='40'>{text}</svg>"
with figures._own_font():
    print(hashlib.sha256(vl_convert.svg_to_png(svg)).hexdigest())
"""


@pytest.mark.browser  # chromium comes with Liberation Sans, of another version than vl-convert's
def test_a_font_of_the_machine_changes_no_pixel() -> None:
    def drawn(when: str, **environment: str) -> str:
        command = [sys.executable, "-c", _DRAW, when]
        return subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    own = drawn("own")
    assert drawn("first") != own, "this machine has no Liberation Sans: the test would show nothing"
    assert drawn("own", FONTCONFIG_FILE="/nowhere/fonts.conf") == own
