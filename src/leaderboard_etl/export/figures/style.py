"""The look of the printed charts: size, font, colours, and shared parts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from datetime import date
from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import Axis, Label
from leaderboard_etl.export.tables import shown
from leaderboard_etl.settings import resource

Chart = alt.VConcatChart

GROUP = "mmlu_reported"
WIDTH, HEIGHT = 720, 430
INK, FAINT = "#1f2328", "#59636e"
SIDES = ["Open", "Proprietary"]
# Okabe and Ito's colours, which people with any colour vision can tell apart. Shape and dash repeat the distinction.
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
COLOR = alt.Color("side:N", scale=alt.Scale(domain=SIDES, range=[BLUE, VERMILION]), legend=None)
DASH = alt.StrokeDash("side:N", scale=alt.Scale(domain=SIDES, range=[[1, 0], [7, 3]]), legend=None)
SHAPE = alt.Shape("side:N", scale=alt.Scale(domain=SIDES, range=["circle", "diamond"]), legend=None)
# The title of a vertical axis is horizontal and above it.
UPRIGHT: dict[str, Any] = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": -30, "titleY": -12}
# The legend is above the right end of the chart, where it covers nothing.
LEGEND: dict[str, Any] = {
    "title": "Legend",
    "orient": "none",
    "direction": "horizontal",
    "legendX": 440,
    "legendY": -32,
}
# vl-convert contains the first font, so that a picture is the same on every machine; a viewer of the SVG may use the others.
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_FOOT_LETTERS, _FOOT_LINE_PX = 150, 13
# (used part of the scale, distance of the ticks), in points.
_TICK_STEPS = ((60, 20), (25, 10), (0, 5))


def export_rows(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """The rows of one of the article's files in the same order, so that a figure agrees with the file beside it."""
    file = resource("sql") / "exports" / f"{name}.sql"
    return shown(con.sql(file.read_text(encoding="utf-8")).pl())


def score_axis(scores_pct: Sequence[float]) -> Axis:
    """A vertical axis within 0 to 100 that covers the scores and ends at ticks."""
    low, high = min(scores_pct), max(scores_pct)
    step = next(step for spread, step in _TICK_STEPS if high - low >= spread)
    return Axis(max(0, (low - 1) // step * step), min(100, -(-(high + 1) // step) * step), HEIGHT, 0)


def score(axis: Axis) -> alt.Y:
    """The encoding of column score_pct on such an axis."""
    return alt.Y(
        "score_pct:Q",
        title="Score (%)",
        scale=alt.Scale(domain=[axis.low, axis.high], nice=False),
        axis=alt.Axis(**UPRIGHT),
    )


def log_axis(values: Sequence[float], room: float) -> Axis:
    """A horizontal logarithmic axis that extends by the factor `room` beyond `values` on both sides."""
    return Axis(min(values) / room, max(values) * room, 0, WIDTH, is_log=True)


def size_encoding(field: str, title: str, axis: Axis, ticks: Sequence[float]) -> alt.X:
    """The encoding of a column on a logarithmic axis with these ticks."""
    scale = alt.Scale(type="log", domain=[axis.low, axis.high], nice=False)
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(values=list(ticks), format="~g"))


def log_ticks(axis: Axis) -> list[float]:
    """1, 2 and 5 times the powers of ten on a logarithmic axis."""
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    ticks = [float(f"{step}e{power}") for power in powers for step in (1, 2, 5)]
    return [tick for tick in ticks if axis.low <= tick <= axis.high]


def marks(rows: pl.DataFrame, x: alt.X, y: alt.Y, **channels: Any) -> alt.Chart:
    """Points; by default colour and shape distinguish open from proprietary."""
    points: alt.Chart = (
        alt.Chart(rows)
        .mark_point(filled=True, opacity=0.75, size=60, stroke=INK, strokeWidth=0.6)
        .encode(x=x, y=y, **{"color": COLOR, "shape": SHAPE, **channels})
    )
    return points


def names(labels: Sequence[Label], x: alt.X, y: alt.Y) -> Any:
    """Labels with a pale outline, so that a line behind them does not make them unreadable."""
    frame = pl.DataFrame(
        {
            str(x.shorthand).split(":")[0]: [label.x for label in labels],
            str(y.shorthand).split(":")[0]: [label.y for label in labels],
            "name": [label.text for label in labels],
            "align": [label.align for label in labels],
        },
        schema_overrides={"name": pl.String},
    )
    base = alt.Chart(frame).encode(x=x, y=y, text="name:N")
    align = alt.expr("datum.align")
    outline = base.mark_text(align=align, fontSize=11, stroke="white", strokeWidth=3, strokeJoin="round")
    return outline + base.mark_text(align=align, fontSize=11, color=INK)


def month_of(day: date) -> str:
    """A day's month in words: July 2024."""
    return f"{day:%B %Y}"


def span_of(days: pl.Series) -> str:
    """The months of the first and the last of some days: `March 2022 to July 2024`; empty if none is known."""
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return ""
    return f"{month_of(first)} to {month_of(last)}"


def finished(
    con: duckdb.DuckDBPyConnection, subject: str, plot: Any, title: str, caption: list[str], height: int | None = HEIGHT
) -> Chart:
    """A complete chart with its title, its caption under the title, the common look, and the foot of `subject` in
    mart.figure_notes below it.

    `height` is that of the plot; null: it has its own size. The chart's description says what a reader of the text alone needs.
    """
    foot, is_sample = _note(con, subject)
    title = f"SAMPLE: {title}" if is_sample else title
    if height is not None:
        plot = plot.properties(width=WIDTH, height=height)
    # Each of Altair's methods copies a whole chart with all its parts, so everything is said at once.
    chart: Chart = alt.vconcat(
        plot,
        _foot(foot),
        spacing=22,
        padding=14,
        background="white",
        description=" ".join([f"{title}.", *caption, foot]),
        title=alt.TitleParams(
            title,
            subtitle=caption,
            anchor="start",
            frame="bounds",
            fontSize=17,
            subtitleFontSize=12,
            offset=20,
            subtitleColor=FAINT,
            subtitlePadding=6,
            subtitleLineHeight=16,
            color=INK,
        ),
        config=alt.Config(
            font=_FONT,
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(
                labelFontSize=12,
                titleFontSize=12,
                gridColor="#e4e7eb",
                domainColor=FAINT,
                tickColor=FAINT,
                labelColor=INK,
                titleColor=INK,
                titleFontWeight="bold",
                titlePadding=10,
                labelFlush=False,
            ),
            legend=alt.LegendConfig(
                titleOrient="left",
                labelFontSize=12,
                titleFontSize=12,
                symbolSize=70,
                symbolOpacity=1,
                labelColor=INK,
                titleColor=INK,
                titlePadding=10,
                columnPadding=18,
            ),
        ),
    )
    return chart


def _note(con: duckdb.DuckDBPyConnection, subject: str) -> tuple[str, bool]:
    """The foot of a figure, and whether its data are the bundled sample."""
    rows = con.execute("select foot, is_sample from mart.figure_notes where subject = ?", [subject]).fetchall()
    return rows[0] if rows else ("", False)


def _foot(text: str) -> Any:
    lines = textwrap.wrap(text, _FOOT_LETTERS)
    return (
        alt.Chart(pl.DataFrame({"foot": [""]}))
        .mark_text(align="left", baseline="top", fontSize=10, lineHeight=_FOOT_LINE_PX, color=FAINT)
        .encode(x=alt.value(0), y=alt.value(0), text=alt.value(lines))
        .properties(width=WIDTH, height=_FOOT_LINE_PX * len(lines))
    )
