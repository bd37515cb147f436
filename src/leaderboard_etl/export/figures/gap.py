"""The gap over time, and how long open-weights models took to catch up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import Axis, lay_out
from leaderboard_etl.export.figures.style import (
    COLOR,
    DASH,
    FAINT,
    GROUP,
    INK,
    SIDES,
    WIDTH,
    finished,
    marks,
    names,
    score,
    score_axis,
)

_FRONTIERS = """
select
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as side,
    model,
    score_pct,
    mart.decimal_year(reached_on) as year,
    mart.decimal_year(stood_until_on) as until_year,
    stood_until_on
from (
    select f.*, least(coalesce(f.surpassed_on, s.compared_on), s.compared_on) as stood_until_on
    from mart.gap_frontier as f
    join mart.gap_sides as s using (population, comparable_group)
    where population = 'official' and comparable_group = ? and reached_on <= s.compared_on
)
order by side, reached_on
"""
_LAGS = """
select
    closed_model || ' (' || strftime(closed_released_on, '%Y-%m') || ')' as row,
    lag_days,
    is_censored,
    case
        when censoring = 'left' then 'at most ' || lag_days::int || ' days'
        when is_censored then 'at least ' || lag_days::int || ' days, not matched'
        else lag_days::int || ' days, ' || open_model
    end as said,
    case when is_censored then 'Proprietary' else 'Open' end as side
from mart.gap_lag
where population = 'official'
    and comparable_group = ?
    and estimator = 'catch_up'
    and tolerance_pct = 1
    and lag_days is not null
order by closed_released_on, closed_model_id
"""


def open_gap(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
    """Both MMLU frontiers as steps over time with the gap shaded; None if a side has no frontier."""
    steps = con.sql(_FRONTIERS, params=[GROUP]).pl()
    spans = _spans(steps)
    if not spans:
        return None
    x_axis = Axis(min(steps["year"]) - 0.2, max(steps["until_year"]), 0, WIDTH)
    y_axis = score_axis(list(steps["score_pct"]))
    x = alt.X(
        "year:Q",
        title="Release date",
        scale=alt.Scale(domain=[x_axis.low, x_axis.high], nice=False),
        axis=alt.Axis(values=list(range(math.ceil(x_axis.low), math.floor(x_axis.high) + 1)), format="d"),
    )
    y = score(y_axis)
    ends = steps.group_by("side", maintain_order=True).last().with_columns(year="until_year").select(steps.columns)
    labels = lay_out(_by_rise(steps), _along(steps, x_axis), x_axis, y_axis)
    shade = alt.Chart(pl.DataFrame(spans)).mark_rect(opacity=0.13)
    line = alt.Chart(pl.concat([steps, ends])).mark_line(interpolate="step-after", strokeWidth=2)
    side = alt.Chart(ends).mark_text(align="left", dx=8, fontWeight="bold", fontSize=12)
    layers = (
        shade.encode(x=x, x2="until_year:Q", y=y, y2="other_pct:Q", color=COLOR)
        + line.encode(x=x, y=y, color=COLOR, strokeDash=DASH)
        + marks(steps, x, y)
        + names(labels, x, y)
        + side.encode(x=x, y=y, text="side:N", color=COLOR)
    )
    last_span = spans[-1]
    gap_pct = last_span["score_pct"] - last_span["other_pct"]
    title = f"{last_span['side']} models lead by {gap_pct:.1f} points on MMLU as reported"
    caption = [
        f"Best score so far by release date, up to {min(ends['stood_until_on'])}:"
        f" {last_span['model']} {last_span['score_pct']:.1f} %, {last_span['other_model']} {last_span['other_pct']:.1f} %.",
        "Shaded: the gap, in the colour of the side that leads. Official releases only; protocols mixed.",
    ]
    return finished(
        layers, title if gap_pct else "Open and proprietary models stand level on MMLU as reported", caption
    )


def open_closed_lags(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
    """For each proprietary MMLU frontier model the days until an open model came within one point of it; None if there
    is none."""
    lags = con.sql(_LAGS, params=[GROUP]).pl()
    if lags.is_empty():
        return None
    y = alt.Y("row:N", sort=list(lags["row"]), title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=260))
    x = alt.X(
        "lag_days:Q",
        title="Days until an open model stood within one point",
        scale=alt.Scale(nice=False),
        axis=alt.Axis(tickCount=6),
    )
    base = alt.Chart(lags.with_columns(from_days=0)).encode(y=y)
    matched = base.transform_filter("!datum.is_censored")
    unmatched = base.transform_filter("datum.is_censored")
    layers = (
        matched.mark_rule(strokeWidth=2, color=FAINT).encode(x=x, x2="from_days:Q")
        + unmatched.mark_rule(strokeWidth=2, color=FAINT, strokeDash=[4, 4]).encode(x=x, x2="from_days:Q")
        + matched.mark_point(filled=True, opacity=1, size=70, shape="circle").encode(x=x, color=COLOR)
        + unmatched.mark_point(filled=True, opacity=1, size=110, shape="triangle-right").encode(x=x, color=COLOR)
        + base.mark_text(align="left", dx=9, color=INK).encode(x=x, text="said:N")
    )
    caption = [
        "Proprietary models that set the best MMLU score as reported, in order of release, and the first open model there.",
        f"{lags['is_censored'].sum()} of {lags.height} were not matched up to the last day that could be seen: arrows.",
    ]
    title = "Days until open weights stood where a proprietary model stood"
    return finished(layers, title, caption, height=27 * lags.height)


def _spans(steps: pl.DataFrame) -> list[dict[str, Any]]:
    """Time spans in which neither frontier moves: the leading side (`side`, `score_pct`) and the other one
    (`other_pct`).

    The last span may be a single moment. Empty if a side has no frontier.
    """
    if steps.n_unique("side") < len(SIDES):
        return []
    rows = steps.to_dicts()
    end = min(max(row["until_year"] for row in rows if row["side"] == side) for side in SIDES)
    moments = sorted({row["year"] for row in rows if row["year"] <= end})
    spans = []
    for year, until_year in zip(moments, [*moments[1:], end], strict=True):
        best = {row["side"]: row for row in rows if row["year"] <= year}
        if len(best) == len(SIDES):
            other, lead = sorted(best.values(), key=lambda row: row["score_pct"])
            spans.append(
                {"year": year, "until_year": until_year, "side": lead["side"], "model": lead["model"]}
                | {"score_pct": lead["score_pct"], "other_pct": other["score_pct"], "other_model": other["model"]}
            )
    return spans


def _by_rise(steps: pl.DataFrame) -> Iterator[tuple[float, float, str]]:
    """Points to label: the best of each side first, then by how much each point raised its frontier."""
    is_best = pl.col("score_pct") == pl.col("score_pct").max().over("side")
    rise = pl.when(is_best).then(100.0).otherwise(pl.col("score_pct").diff().over("side").fill_null(0.0))
    ranked = steps.with_columns(rise=rise).sort("rise", "model", descending=[True, False])
    yield from ranked.select("year", "score_pct", "model").iter_rows()


def _along(steps: pl.DataFrame, x_axis: Axis) -> list[tuple[float, float]]:
    """Points along both step lines, so close together that no label fits between them."""
    near = x_axis.value(6) - x_axis.value(0)
    points = []
    for _, side in steps.group_by("side", maintain_order=True):
        rows = side.select("year", "until_year", "score_pct").rows()
        for (year, until_year, score_pct), after in zip(rows, [*rows[1:], None], strict=True):
            n = int((until_year - year) / near) + 1
            points += [(year + i * near, score_pct) for i in range(n)]
            if after is not None:
                points += [(until_year, score_pct + i) for i in range(int(after[2] - score_pct) + 1)]
    return points
