"""The gap over time, for MMLU and for every headline group, and how long open-weights models took to catch up."""

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
    HEIGHT,
    INK,
    SIDES,
    WIDTH,
    Chart,
    finished,
    marks,
    month_of,
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


# The frontiers under another choice of each model's score, as rectangles that follow the steps.
_BANDS = """
select
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as side,
    mart.decimal_year(day) as year,
    mart.decimal_year(ends_on) as until_year,
    lo_pct as score_pct,
    hi_pct
from mart.gap_bands
where population = 'official' and comparable_group = ? and hi_pct > lo_pct
order by side, day
"""
# From each proprietary best to the open model that came within a point of it, as far as the frontiers are drawn.
_ARROWS = """
select
    mart.decimal_year(closed_released_on) as year,
    mart.decimal_year(open_released_on) as until_year,
    closed_score_pct as score_pct
from mart.gap_lag
join mart.gap_sides using (population, comparable_group)
where population = 'official'
    and comparable_group = ?
    and estimator = 'catch_up'
    and tolerance_pct = 1
    and not is_censored
    and lag_days > 0
    and open_released_on <= compared_on
order by closed_released_on, closed_model_id
"""
_NOW = """
select
    leader,
    abs(gap_pct) as gap_pct,
    day,
    open_pct,
    proprietary_pct,
    o.display_name as open_model,
    p.display_name as proprietary_model
from mart.gap_daily as g
join core.models as o on o.model_id = g.open_model_id
join core.models as p on p.model_id = g.proprietary_model_id
where g.population = 'official' and comparable_group = ? and day = compared_on
"""
_MEDIAN = """
select median_lag_days, lo_days, hi_days
from mart.gap_lag_summary
where population = 'official'
    and comparable_group = ?
    and estimator = 'catch_up'
    and tolerance_pct = 1
    and sensitivity = 'all'
    and median_lag_days is not null
"""
_HEADLINES = """
select g.comparable_group, g.display_name
from core.comparable_groups as g
where is_headline
    and exists (
        select 1 from mart.gap_sides as s
        where s.comparable_group = g.comparable_group and s.population = 'official' and s.compared_on is not null
    )
order by g.display_name
"""
_PANELS_IN_A_ROW, _PANEL_WIDTH, _PANEL_HEIGHT = 3, 216, 150


def open_gap(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """Both MMLU frontiers as steps over time with the gap shaded; None if a side has no frontier."""
    steps = con.sql(_FRONTIERS, params=[GROUP]).pl()
    if not _spans(steps):
        return None
    [now] = con.sql(_NOW, params=[GROUP]).pl().to_dicts()
    x_axis, y_axis = _axes(steps, WIDTH, HEIGHT)
    x, y = _years(x_axis), score(y_axis)
    labels = lay_out(_by_rise(steps), _along(steps, x_axis), x_axis, y_axis)
    side = alt.Chart(_ends(steps)).mark_text(align="left", dx=8, fontWeight="bold", fontSize=12)
    layers = alt.layer(
        *_frontiers(con, GROUP, steps, (x_axis, y_axis), x, y),
        marks(steps, x, y),
        names(labels, x, y),
        side.encode(x=x, y=y, text="side:N", color=COLOR),
    )
    caption = [
        f"Best score so far by release date, up to {now['day']}: {now['proprietary_model']} {now['proprietary_pct']:.1f} %,"
        f" {now['open_model']} {now['open_pct']:.1f} %.",
        "Shaded: the gap, in the colour of the side that led. Arrows: from a proprietary best to the open model within a point"
        " of it.",
        "Bands: the least and the greatest of each model's scores. Official releases only; protocols mixed.",
    ]
    return finished(con, GROUP, layers, f"{_verdict(now, 'models ')} on MMLU as reported", caption)


def gap_by_benchmark(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """The frontiers of every headline group that has both sides, side by side; None if there is none."""
    panels, leaders, last_days = [], [], []
    for group, name in con.sql(_HEADLINES).fetchall():
        steps = con.sql(_FRONTIERS, params=[group]).pl()
        if not _spans(steps):
            continue
        [now] = con.sql(_NOW, params=[group]).pl().to_dicts()
        panels.append(_panel(con, group, name, steps, now))
        leaders.append(now["leader"])
        last_days.append(now["day"])
    if not panels:
        return None
    grid = alt.concat(*panels, columns=_PANELS_IN_A_ROW, spacing={"row": 92, "column": 44}, bounds="flush")
    caption = [
        f"Each headline group up to the last day on which both sides could be compared, from {month_of(min(last_days))} to"
        f" {month_of(max(last_days))}.",
        "Steps: best score so far (%), open models blue, proprietary ones orange and dashed; shaded: the gap, in the colour of"
        " the side that led.",
        "Arrows: from a proprietary best to the open model within a point of it; the lag is their median, with its interval.",
        "Bands: the least and the greatest of each model's scores; where none shows, no model has two.",
    ]
    n_led = leaders.count("proprietary")
    title = (
        f"Proprietary models led on {n_led} of {len(leaders)} headline comparisons when both sides were last observed"
    )
    return finished(con, "headlines", grid, title, caption, height=None)


def _panel(con: duckdb.DuckDBPyConnection, group: str, name: str, steps: pl.DataFrame, now: dict[str, Any]) -> Any:
    x_axis, y_axis = _axes(steps, _PANEL_WIDTH, _PANEL_HEIGHT)
    x, y = _years(x_axis, title=None), score(y_axis).title(None)
    lag = con.execute(_MEDIAN, [group]).fetchall()
    said = [_verdict(now), *(f"Median lag {_days(*row)}" for row in lag)]
    title = alt.TitleParams(
        name,
        subtitle=said,
        anchor="start",
        frame="group",
        fontSize=12,
        subtitleFontSize=11,
        subtitleColor=INK,
        offset=6,
    )
    layers = _frontiers(con, group, steps, (x_axis, y_axis), x, y)
    return alt.layer(*layers, width=_PANEL_WIDTH, height=_PANEL_HEIGHT, title=title)


def _days(median: float, low: float | None, high: float | None) -> str:
    """A median lag with its interval; without an upper end it is open."""
    interval = "" if low is None else f" ({low:.0f} to {high:.0f})" if high is not None else f" ({low:.0f} or more)"
    return f"{median:.0f} days{interval}"


def _verdict(now: dict[str, Any], models: str = "") -> str:
    """Who led by how much on the last day on which both sides could be compared: the state of that day, so in the past."""
    when = f"in {month_of(now['day'])}"
    if now["leader"] == "level":
        return f"Open and proprietary {models}were level {when}"
    who = "Open" if now["leader"] == "open_weights" else "Proprietary"
    return f"{who} {models}led by {now['gap_pct']:.1f} points {when}"


def _axes(steps: pl.DataFrame, width: int, height: int) -> tuple[Axis, Axis]:
    y_axis = score_axis(list(steps["score_pct"]))
    return (
        Axis(min(steps["year"]) - 0.2, max(steps["until_year"]), 0, width),
        Axis(y_axis.low, y_axis.high, height, 0),
    )


def _years(axis: Axis, title: str | None = "Release date") -> alt.X:
    return alt.X(
        "year:Q",
        title=title,
        scale=alt.Scale(domain=[axis.low, axis.high], nice=False),
        axis=alt.Axis(values=list(range(math.ceil(axis.low), math.floor(axis.high) + 1)), format="d"),
    )


def _ends(steps: pl.DataFrame) -> pl.DataFrame:
    """Where each side's line ends."""
    last = steps.group_by("side", maintain_order=True).last()
    return last.with_columns(year="until_year").select(steps.columns)


def _frontiers(
    con: duckdb.DuckDBPyConnection, group: str, steps: pl.DataFrame, axes: tuple[Axis, Axis], x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """The layers of both frontiers as steps, with the gap shaded, the bands of other choices, and arrows for the lags."""
    x_axis, y_axis = axes
    bands = (
        con.sql(_BANDS, params=[group])
        .pl()
        .filter(pl.col("until_year") > x_axis.low)
        .with_columns(pl.col("year").clip(x_axis.low), pl.col("score_pct", "hi_pct").clip(y_axis.low, y_axis.high))
    )
    arrows = con.sql(_ARROWS, params=[group]).pl()
    shade = alt.Chart(pl.DataFrame(_spans(steps))).mark_rect(opacity=0.13)
    band = alt.Chart(bands).mark_rect(opacity=0.28)
    line = alt.Chart(pl.concat([steps, _ends(steps)])).mark_line(interpolate="step-after", strokeWidth=2)
    shaft = alt.Chart(arrows).mark_rule(color=INK, strokeWidth=1, opacity=0.7)
    head = alt.Chart(arrows.with_columns(year="until_year")).mark_point(
        shape="triangle-right", filled=True, size=36, xOffset=-3, color=INK, opacity=1
    )
    return [
        shade.encode(x=x, x2="until_year:Q", y=y, y2="other_pct:Q", color=COLOR),
        band.encode(x=x, x2="until_year:Q", y=y, y2="hi_pct:Q", color=COLOR),
        line.encode(x=x, y=y, color=COLOR, strokeDash=DASH),
        shaft.encode(x=x, x2="until_year:Q", y=y),
        head.encode(x=x, y=y),
    ]


def open_closed_lags(con: duckdb.DuckDBPyConnection) -> Chart | None:
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
    layers = [
        matched.mark_rule(strokeWidth=2, color=FAINT).encode(x=x, x2="from_days:Q"),
        unmatched.mark_rule(strokeWidth=2, color=FAINT, strokeDash=[4, 4]).encode(x=x, x2="from_days:Q"),
        matched.mark_point(filled=True, opacity=1, size=70, shape="circle").encode(x=x, color=COLOR),
        unmatched.mark_point(filled=True, opacity=1, size=110, shape="triangle-right").encode(x=x, color=COLOR),
        base.mark_text(align="left", dx=9, color=INK).encode(x=x, text="said:N"),
    ]
    caption = [
        "Proprietary models that set the best MMLU score as reported, in order of release, and the first open model there.",
        f"{lags['is_censored'].sum()} of {lags.height} were not matched up to the last day that could be seen: arrows.",
    ]
    title = "Days until open weights stood where a proprietary model stood"
    summary = con.execute(_MEDIAN, [GROUP]).fetchall()
    if summary:
        median, low, high = summary[0]
        title = f"Open models took a median of {median:.0f} days to come within a point of a proprietary best on MMLU"
        caption.append(
            f"Upright line: the median, which counts arrows as at least so long; {_days(median, low, high)} with 90 % confidence."
        )
        at = alt.Chart(pl.DataFrame({"lag_days": [median]}))
        upright = at.mark_rule(color=INK, strokeDash=[2, 3]).encode(x=x)
        said = at.mark_text(baseline="bottom", dy=-4, color=INK, text=f"median {median:.0f}")
        layers = [upright, *layers, said.encode(x=x, y=alt.value(0))]
    return finished(con, GROUP, alt.layer(*layers), title, caption, height=27 * lags.height)


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
