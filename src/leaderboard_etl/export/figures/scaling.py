"""The article's chart: score against size."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import Axis, lay_out
from leaderboard_etl.export.figures.style import (
    COLOR,
    DASH,
    GROUP,
    HEIGHT,
    INK,
    LEGEND,
    SHAPE,
    WIDTH,
    Chart,
    export_rows,
    finished,
    log_axis,
    log_ticks,
    marks,
    names,
    score,
    score_axis,
    size_encoding,
    span_of,
)

_STRIP_PX = 110
# Models of the strip stand side by side, so that equal scores can be told apart.
_COLUMNS = 5


def model_scaling(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """MMLU as reported against parameters, with the lines and bands that the data bear out, and a strip beside the axis for
    proprietary models without a published size; None if there is no point."""
    is_shown = pl.col("comparable_group") == GROUP
    points, bands, unsized, sides = (
        export_rows(con, name).filter(is_shown).rename({"openness": "side"})
        for name in ("model_scaling", "model_scaling_fit", "model_scaling_unsized", "model_scaling_coverage")
    )
    bands = bands.filter(form="total")
    if points.is_empty():
        return None
    unsized = unsized.filter(pl.col("side") == "Proprietary")
    sized_axis = log_axis([*points["params_b"], *bands["params_b"]], room=1.3)
    x_axis = sized_axis if unsized.is_empty() else _with_strip(sized_axis)
    x = size_encoding("params_b", "Parameters (billions, log scale)", x_axis, log_ticks(sized_axis))
    strip = unsized.with_columns(params_b=pl.Series(_strip_places(unsized.height, x_axis), dtype=pl.Float64))
    y_axis = score_axis([*points["score_pct"], *strip["score_pct"]])
    y = score(y_axis)
    # A legend is shown only if every layer requests it.
    color, shape = (channel.legend(**LEGEND) for channel in (COLOR, SHAPE))
    # Clipped here and not by the chart, because the ids of clip paths would differ from one chart to the next.
    bands = bands.with_columns(pl.col("score_pct", "lo_pct", "hi_pct").clip(y_axis.low, y_axis.high))
    band = alt.Chart(bands.with_columns(score_pct="lo_pct")).mark_area(opacity=0.16)
    line = alt.Chart(bands).mark_line(strokeWidth=2)
    dates = pl.concat([points["released_on"], unsized["released_on"]])
    columns = ["params_b", "score_pct", "model", "side", "release_year"]
    points = _merged(points.select(columns))
    all_points = pl.concat([points, strip.select(columns)])
    years = [math.floor(year) for year in all_points["release_year"].drop_nulls()] or [0]
    # A mark without a value of a channel would not be drawn.
    all_points = all_points.with_columns(pl.col("release_year").fill_null(min(years)))
    best = strip.sort("score_pct", "model", descending=[True, False]).head(1).select(columns).to_dicts()
    labels = lay_out(
        [
            (row["params_b"], row["score_pct"], row["model"].split("/")[-1])
            for row in [*best, *_labelled_points(points)]
        ],
        all_points.select("params_b", "score_pct").rows(),
        x_axis,
        y_axis,
    )
    layers = (
        *([] if strip.is_empty() else [_strip_edge(x_axis, x, y)]),
        band.encode(x=x, y=y, y2="hi_pct:Q", color=color),
        line.encode(x=x, y=y, color=color, strokeDash=DASH),
        marks(all_points, x, y, color=color, shape=shape, fillOpacity=_age(min(years), max(years))),
        names(labels, x, y),
    )
    title = ", ".join(filter(None, ["Model Scaling: Open vs. Proprietary", span_of(dates)]))
    return finished(con, GROUP, alt.layer(*layers), title, _caption(sides, strip.height, min(years), max(years)))


def _merged(points: pl.DataFrame) -> pl.DataFrame:
    """Models of one side with one size and score as one point that names the first and counts the others."""
    more = pl.len() - 1
    first = pl.col("model").sort().first()
    return (
        points.group_by("side", "params_b", "score_pct", maintain_order=True)
        .agg(
            pl.when(more > 0).then(pl.format("{} and {} more", first, more)).otherwise(first).alias("model"),
            pl.col("release_year").max(),
        )
        .select(points.columns)
    )


def _age(first_year: int, last_year: int) -> alt.FillOpacity:
    """The channel that draws older models paler."""
    scale = alt.Scale(domain=[first_year, max(last_year, first_year + 1)], range=[0.12, 1])
    return alt.FillOpacity("release_year:Q", scale=scale, legend=None)


def _with_strip(axis: Axis) -> Axis:
    """The same axis, its values ending where the strip for models without a size begins."""
    share = (WIDTH - _STRIP_PX) / WIDTH
    return Axis(axis.low, axis.low * (axis.high / axis.low) ** (1 / share), 0, WIDTH, is_log=True)


def _strip_places(n_models: int, axis: Axis) -> list[float]:
    """Where models without a size stand on the axis: in turn from left to right within the strip."""
    step = _STRIP_PX / (_COLUMNS + 1)
    return [axis.value(WIDTH - _STRIP_PX + step * (1 + n % _COLUMNS)) for n in range(n_models)]


def _strip_edge(axis: Axis, x: alt.X, y: alt.Y) -> Any:
    """The strip's background, and its name below, in the line of the axis's numbers."""
    edges = pl.DataFrame({"params_b": [axis.value(WIDTH - _STRIP_PX)], "end_b": [axis.high]})
    ground = alt.Chart(edges).mark_rect(color="#f0f2f4").encode(x=x, x2="end_b:Q")
    middle = pl.DataFrame({"params_b": [axis.value(WIDTH - _STRIP_PX / 2)]})
    label = (
        alt.Chart(middle)
        .mark_text(fontSize=12, color=INK, baseline="top", dy=7, lineHeight=14)
        .encode(x=x, y=alt.value(HEIGHT), text=alt.value(["size not", "published"]))
    )
    return ground + label


def _caption(sides: pl.DataFrame, n_in_strip: int, first_year: int, last_year: int) -> list[str]:
    lines = [
        "MMLU as reported (protocols mixed) against parameter count."
        + (f" Paler: older ({last_year} to {first_year}); almost white: not dated." if last_year > first_year else ""),
        "Lines: fitted score by size; bands: where the line lies with 90 % confidence, not where single models lie.",
    ]
    lines += [
        f"No line for {side}: {reason}."
        for side, reason in sides.filter(pl.col("no_line_reason").is_not_null()).select("side", "no_line_reason").rows()
    ]
    if n_in_strip:
        [n_scored] = sides.filter(pl.col("side") == "Proprietary")["n_scored"]
        lines.append(
            f"{n_in_strip} of {n_scored} proprietary models with a score have no published size: right of the axis."
        )
    return lines


def _labelled_points(points: pl.DataFrame) -> list[dict[str, Any]]:
    """Points to label: the best open model, every proprietary one, and each open one that scores higher than every
    smaller one."""
    is_open = pl.col("side") == "Open"
    best_before = pl.col("score_pct").cum_max().shift(1, fill_value=-1)
    frontier = (
        points.filter(is_open)
        .sort("params_b", "score_pct", "model", descending=[False, True, False])
        .filter(pl.col("score_pct") > best_before)
        .reverse()
    )
    proprietary = points.filter(~is_open).sort("score_pct", "model", descending=[True, False])
    return pl.concat([frontier.head(1), proprietary, frontier.slice(1)]).to_dicts()
