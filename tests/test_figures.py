"""Figures for print: labels cover nothing, every row is a mark, and the same state gives the same bytes."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_views import insert
from worlds import World, files_in

from leaderboard_etl.export.figures import ALT_TEXTS, as_svg, figures
from leaderboard_etl.export.figures.ecosystem import community_velocity, license_classes, moe_efficiency
from leaderboard_etl.export.figures.gap import _spans, gap_by_benchmark, open_closed_lags, open_gap
from leaderboard_etl.export.figures.labels import Axis, Label, lay_out, text_width
from leaderboard_etl.export.figures.pdf import ordered
from leaderboard_etl.export.figures.scaling import _merged, model_scaling
from leaderboard_etl.export.figures.style import log_ticks, score_axis

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


NAMES = {
    "model_scaling",
    "open_gap",
    "gap_by_benchmark",
    "open_closed_lags",
    "moe_efficiency",
    "community_velocity",
    "license_classes",
}


@pytest.fixture
def pictures(drawn: Path) -> dict[str, bytes]:
    """The figures of the standing world's snapshot."""
    return files_in(drawn / "figures")


def test_the_same_state_gives_the_same_bytes(con: duckdb.DuckDBPyConnection, pictures: dict[str, bytes]) -> None:
    assert figures(con) == pictures


def test_each_figure_is_there_for_screens_and_for_print(pictures: dict[str, bytes]) -> None:
    assert {*pictures} == {ALT_TEXTS} | {f"{name}.{kind}" for name in NAMES for kind in ("svg", "png", "pdf")}
    for name in NAMES:
        width, height = struct.unpack(">II", pictures[f"{name}.png"][16:24])
        svg = pictures[f"{name}.svg"].decode()
        size = re.search(r'width="(\d+)" height="(\d+)"', svg)
        assert size is not None and (width, height) == (3 * int(size[1]), 3 * int(size[2]))
        assert "http://" not in svg.replace("http://www.w3.org/", "")
        assert pictures[f"{name}.pdf"].startswith(b"%PDF-")


def test_a_figure_says_its_title_its_day_its_sources_and_licences_and_that_it_is_a_sample(
    standing: World, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    texts = json.loads(pictures[ALT_TEXTS])
    assert {*texts} == NAMES
    for name, text in texts.items():
        root = ElementTree.fromstring(pictures[f"{name}.svg"])
        title, description = root[0], root[1]
        assert (title.tag, description.tag) == ("{http://www.w3.org/2000/svg}title", "{http://www.w3.org/2000/svg}desc")
        assert description.text == text
        assert title.text is not None and text.startswith(title.text)
        assert "As of 2025-01-01." in text and "licence: " in text
        shown = " ".join(root.itertext()).removeprefix(f"{title.text} {text}")
        assert "As of 2025-01-01." in " ".join(shown.split())
        assert text.startswith("SAMPLE: ") and "SAMPLE: a few files for trying things out" in text
    copy = tmp_path / "warehouse.duckdb"
    shutil.copy(standing.warehouse.database, copy)
    copy.chmod(0o600)
    with duckdb.connect(str(copy)) as con:
        con.execute("update ops.loads set endpoint = 'https://example.org'")
        chart = open_gap(con)
    assert chart is not None and "SAMPLE" not in chart.description


def test_operations_are_told_beside_those_of_which_model_they_are_a_multiple(pictures: dict[str, bytes]) -> None:
    shown = " ".join(ElementTree.fromstring(pictures["moe_efficiency.svg"]).itertext())
    assert "Operations per token (70B = 1)" in shown and "a dense model of 70B = 1" in shown


def pdf(*objects: tuple[int, bytes], root: int) -> bytes:
    """A document of these objects, in this order."""
    written, places = b"%PDF-1.7\n\n", {}
    for number, content in objects:
        places[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n\n" % (number, content)
    entries = b"".join(b"%010d 00000 n\r\n" % places[number] for number in sorted(places))
    trailer = b"trailer\n<<\n  /Size %d\n  /Root %d 0 R\n>>\n" % (len(places) + 1, root)
    table = b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(places) + 1)
    return written + table + entries + trailer + b"startxref\n%d\n%%%%EOF" % len(written)


def test_a_pdf_is_the_same_whatever_the_order_and_the_numbers_of_its_objects() -> None:
    stream = b"<<\n  /Length 5\n>>\nstream\n4 0 R\nendstream"
    one = pdf((1, b"<<\n  /fo0 2 0 R\n  /fo1 3 0 R\n>>"), (2, b"(a)"), (3, b"<<\n  /Of 4 0 R\n>>"), (4, stream), root=1)
    other = pdf(
        (4, b"<<\n  /Of 1 0 R\n>>"), (2, b"<<\n  /fo1 4 0 R\n  /fo0 3 0 R\n>>"), (1, stream), (3, b"(a)"), root=2
    )
    assert one != other
    assert ordered(one) == ordered(other) == one


def test_every_score_is_a_mark_also_without_a_size_and_the_caption_counts_these(con: duckdb.DuckDBPyConnection) -> None:
    chart = model_scaling(con)
    assert chart is not None
    svg = as_svg(chart)
    sized = (
        "population = 'official' and comparable_group = 'mmlu_reported' and openness in ('open_weights', 'proprietary')"
    )
    [(n_points,)] = con.execute(
        f"select count(distinct (openness, params_b, score_pct)) from mart.model_scaling where {sized} and params_b > 0"
    ).fetchall()
    [(n, n_unsized)] = con.execute(
        f"select count(*), count(*) - count(params_b) from mart.model_scaling where {sized} and openness = 'proprietary'"
    ).fetchall()
    assert n_unsized > 0
    assert svg.count('aria-roledescription="point"') == n_points + n_unsized
    assert f"{n_unsized} of {n} proprietary models with a score have no published size" in svg
    assert "No line for Proprietary: " in svg


def test_models_of_one_size_and_score_are_one_mark_that_counts_them() -> None:
    columns = ["side", "params_b", "score_pct", "model", "release_year"]
    rows = [
        ("Open", 7.0, 50.0, "b", 2024.0),
        ("Open", 7.0, 50.0, "a", 2023.0),
        ("Proprietary", 7.0, 50.0, "c", None),
        ("Open", 7.0, 51.0, "d", None),
    ]
    merged = _merged(pl.DataFrame(rows, schema=columns, orient="row"))
    assert merged.rows() == [
        ("Open", 7.0, 50.0, "a and 1 more", 2024.0),
        ("Proprietary", 7.0, 50.0, "c", None),
        ("Open", 7.0, 51.0, "d", None),
    ]


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


def test_the_velocity_says_how_many_models_have_the_day_of_a_bulk_import_and_when(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    def hand_in(name: str, board: str, month: int, day: int, year: int = 2023) -> None:
        insert(empty, "core.submissions", model_id=name, source_id=f"{board}_contents", source_name=name, leaderboard=board,
               kind="table_row", precision="float16", status="FINISHED", submitted_on=date(year, month, day), repo_id="r",
               revision="c" * 40, path="p", blob_id="b", locator="row 1")  # fmt: skip

    def caption() -> str:
        chart = community_velocity(empty)
        assert chart is not None
        return str(chart.to_dict()["title"]["subtitle"][1])

    hand_in("a", "olb_v1", 9, 9)
    hand_in("a", "olb_v1", 11, 6)  # again: it counts where it was first
    hand_in("b", "olb_v1", 11, 6)
    hand_in("c", "olb_v2", 6, 9, 2024)
    hand_in("c", "olb_v1", 6, 9, 2024)  # a day of the other leaderboard only
    hand_in("d", "olb_v2", 6, 10, 2024)
    assert caption() == "Models without a date are left out."
    days = ["olb_v1_contents,2023-09-09", "olb_v1_contents,2023-11-06", "olb_v2_contents,2024-06-09"]
    content = "\n".join(["source_id,submitted_on", *days])
    insert(empty, "history.policy_files", name="import_days", content=content, blob_id="b", load_id=1,
           valid_from=datetime(2026, 1, 1))  # fmt: skip
    told = "On days of bulk imports: 2 on v1 (September to November 2023) and 1 on v2 (June 2024)."
    assert caption() == f"{told} Models without a date are left out."


def test_an_empty_warehouse_has_no_figures(empty: duckdb.DuckDBPyConnection) -> None:
    charts = (
        model_scaling,
        open_gap,
        gap_by_benchmark,
        open_closed_lags,
        moe_efficiency,
        community_velocity,
        license_classes,
    )
    assert [draw(empty) for draw in charts] == [None] * len(charts)


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


def test_the_band_of_a_frontier_ends_where_the_other_choices_of_parity_stand(con: duckdb.DuckDBPyConnection) -> None:
    last = con.execute(
        """
        with ends as (
            select comparable_group, openness, arg_max(lo_pct, day) as least, arg_max(hi_pct, day) as greatest
            from mart.gap_bands where population = 'official' group by all
        )
        select s.comparable_group, s.chosen_value, any_value(s.difference_pct), o.pct, p.pct
        from mart.parity_sensitivity as s
        join (unpivot ends on least, greatest into name chosen_value value pct) as o
            on o.comparable_group = s.comparable_group and o.openness = 'open_weights' and o.chosen_value = s.chosen_value
        join (unpivot ends on least, greatest into name chosen_value value pct) as p
            on p.comparable_group = s.comparable_group and p.openness = 'proprietary' and p.chosen_value = s.chosen_value
        join mart.parity as j on j.population = s.population and j.comparable_group = s.comparable_group
        join mart.gap_sides as g on g.population = s.population and g.comparable_group = s.comparable_group
        where s.population = 'official' and j.compared_on = g.compared_on
        group by all
        """
    ).fetchall()
    assert last
    assert [row for row in last if row[2] != pytest.approx(row[3] - row[4], abs=1e-5)] == []


def test_the_sources_of_a_figure_gave_each_of_its_models(con: duckdb.DuckDBPyConnection) -> None:
    question = """
        select comparable_group, sum(n_models), bool_and(license is not null and citation is not null)
        from mart.figure_sources group by all order by 1
    """
    models = """
        select comparable_group, count(*), true from mart.model_scaling
        where population = 'official' and openness in ('open_weights', 'proprietary') group by all order by 1
    """
    assert con.execute(question).fetchall() == con.execute(models).fetchall() != []
