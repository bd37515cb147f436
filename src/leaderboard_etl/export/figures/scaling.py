"""The article's chart: score against size."""

from __future__ import annotations

from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import place
from leaderboard_etl.export.figures.style import (
    COLOR,
    DASH,
    GROUP,
    LEGEND,
    SHAPE,
    export_rows,
    finished,
    marks,
    names,
    score,
    score_axis,
    size_axis,
)


def model_scaling(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
    """MMLU as reported against parameters, with the fitted lines and their bands; None if there is no point."""
    is_shown = pl.col("comparable_group") == GROUP
    points, bands = (
        export_rows(con, name).filter(is_shown).rename({"openness": "side"})
        for name in ("model_scaling", "model_scaling_fit")
    )
    if points.is_empty():
        return None
    sizes_b = [*points["params_b"], *bands["params_b"]]
    x_axis, x = size_axis("params_b", "Parameters (billions, log scale)", sizes_b, room=1.3)
    y_axis = score_axis(list(points["score_pct"]))
    y = score(y_axis)
    # A legend is shown only if every layer requests it.
    color, shape = (channel.legend(**LEGEND) for channel in (COLOR, SHAPE))
    # Clipped here and not by the chart, because the ids of clip paths would differ from one chart to the next.
    bands = bands.with_columns(pl.col("score_pct", "lo_pct", "hi_pct").clip(y_axis.low, y_axis.high))
    band = alt.Chart(bands.with_columns(score_pct="lo_pct")).mark_area(opacity=0.16)
    line = alt.Chart(bands).mark_line(strokeWidth=2)
    labels = place(
        [(row["params_b"], row["score_pct"], row["model"].split("/")[-1]) for row in _labelled_points(points)],
        points.select("params_b", "score_pct").rows(),
        x_axis,
        y_axis,
    )
    layers = (
        band.encode(x=x, y=y, y2="hi_pct:Q", color=color)
        + line.encode(x=x, y=y, color=color, strokeDash=DASH)
        + marks(points, x, y, color=color, shape=shape)
        + names(labels, x, y)
    )
    return finished(layers, "Model Scaling: Open vs. Proprietary", _caption(con))


def _caption(con: duckdb.DuckDBPyConnection) -> list[str]:
    n_scored, n_sized = con.execute(
        "select count(*), count(params_b) from mart.model_scaling"
        " where population = 'official' and openness = 'proprietary' and comparable_group = ?",
        [GROUP],
    ).fetchall()[0]
    return [
        "MMLU as reported (protocols mixed) against parameter count.",
        "Lines: fitted score by size; bands: where the line lies with 90 % confidence, not where single models lie.",
        f"{n_scored - n_sized} of {n_scored} proprietary models with a score have no published size and cannot be drawn.",
    ]


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
