"""The figures besides the gap: the cost of mixture-of-experts models, the submissions of the community, and the licences."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import Axis, lay_out
from leaderboard_etl.export.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    GROUP,
    INK,
    LEGEND,
    UPRIGHT,
    VERMILION,
    Chart,
    export_rows,
    finished,
    log_ticks,
    marks,
    month_of,
    names,
    score,
    score_axis,
    size_encoding,
    span_of,
)
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.history import policy_texts

_KINDS = ["Mixture of experts", "Dense"]
# From the least restrictive licence to the most, with the word of the legend and a colour.
_LICENSES = {
    "permissive": ("Permissive", BLUE),
    "copyleft": ("Copyleft", "#56b4e9"),
    "community": ("Community licence", "#e69f00"),
    "non_commercial": ("Non-commercial", VERMILION),
    "proprietary": ("Proprietary", INK),
    "unknown": ("Unknown", "#c3c8ce"),
}


# The first row of each model on a leaderboard, by which a distinct model is counted.
_FIRST_ROWS = """
    select leaderboard, first.source_id, first.submitted_on
    from (
        select leaderboard, min({'submitted_on': submitted_on, 'source_id': source_id}) as first
        from core.submissions
        where kind = 'table_row' and submitted_on is not null
        group by leaderboard, model_id
    )
"""
# Release dates in the eras of the fitted lines, so that a mixture is compared with dense models of its own time.
_ERAS = ((date.min, "until 2023"), (date(2024, 1, 1), "2024"), (date(2025, 1, 1), "from 2025"))
_PANEL_WIDTH, _PANEL_HEIGHT = 222, 330


def moe_efficiency(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """MMLU as reported against relative inference cost, mixtures of experts beside the dense models of the same era; None if
    there is no dated mixture."""
    is_moe = pl.col("is_moe").fill_null(False)
    everything = export_rows(con, "moe_efficiency").with_columns(
        kind=pl.when(is_moe).then(pl.lit(_KINDS[0])).otherwise(pl.lit(_KINDS[1]))
    )
    models = everything.drop_nulls("released_on")
    if not (models["kind"] == _KINDS[0]).any():
        return None
    costs, scores = list(models["inference_cost_relative"]), list(models["score_pct"])
    x_axis = Axis(min(costs) / 1.4, max(costs) * 1.4, 0, _PANEL_WIDTH, is_log=True)
    y_range = score_axis(scores)
    y_axis = Axis(y_range.low, y_range.high, _PANEL_HEIGHT, 0)
    starts = [start for start, _ in _ERAS]
    panels = []
    for number, (start, era) in enumerate(_ERAS):
        end = starts[number + 1] if number + 1 < len(starts) else date.max
        of_era = models.filter(pl.col("released_on").is_between(start, end, closed="left"))
        panels.append(_era_panel(of_era, era, x_axis, y_axis, is_first=number == 0))
    undated = everything.height - models.height
    caption = [
        f"MMLU as reported (protocols mixed) of {models.height} models whose total and active parameters are known, by era of"
        " release:",
        "newer models score higher at the same cost whatever they are, so compare squares with circles of one panel only.",
        "Operations (a dense model of 70B = 1) are not a price: memory, hardware and utilisation are left out."
        + (f" Left out: {undated} without a release date." if undated else ""),
    ]
    title = ", ".join(
        filter(
            None, ["Score against operations per token, dense and mixture of experts", span_of(models["released_on"])]
        )
    )
    return finished(con, GROUP, alt.hconcat(*panels, spacing=34, bounds="flush"), title, caption, height=None)


def _era_panel(models: pl.DataFrame, era: str, x_axis: Axis, y_axis: Axis, *, is_first: bool) -> Any:
    """The models of one era; the first panel has the name of the axis and the legend."""
    ticks = [tick for tick in log_ticks(x_axis) if f"{tick:e}"[0] == "1"]
    x = size_encoding("inference_cost_relative", "Operations per token (70B = 1)", x_axis, ticks)
    y = score(y_axis) if is_first else score(y_axis).title(" ")
    by_kind: dict[str, Any] = {"domain": _KINDS}
    legend = alt.Legend(**{**LEGEND, "legendX": 420, "legendY": -84}) if is_first else None
    points = marks(
        models,
        x,
        y,
        color=alt.Color("kind:N", scale=alt.Scale(**by_kind, range=[GREEN, FAINT]), legend=legend),
        shape=alt.Shape("kind:N", scale=alt.Scale(**by_kind, range=["square", "circle"]), legend=legend),
    )
    # Labels: each mixture of experts, and each dense model that scores higher than every cheaper dense one.
    dense = models.filter(pl.col("kind") == _KINDS[1]).sort("inference_cost_relative", -pl.col("score_pct"), "model")
    best_before = pl.col("score_pct").cum_max().shift(1, fill_value=-1)
    mixtures = models.filter(pl.col("kind") == _KINDS[0]).sort(-pl.col("score_pct"), "model")
    labelled = pl.concat([mixtures, dense.filter(pl.col("score_pct") > best_before).reverse()])
    labels = lay_out(
        labelled.select("inference_cost_relative", "score_pct", "model").iter_rows(),
        models.select("inference_cost_relative", "score_pct").rows(),
        x_axis,
        y_axis,
    )
    n_mixtures, n_dense = (models.filter(pl.col("kind") == kind).height for kind in _KINDS)
    title = alt.TitleParams(
        f"{era.capitalize()}: {n_mixtures} {'mixture' if n_mixtures == 1 else 'mixtures'}, {n_dense} dense",
        anchor="start",
        frame="group",
        fontSize=12,
        offset=18,
    )
    return alt.layer(points, names(labels, x, y), width=_PANEL_WIDTH, height=_PANEL_HEIGHT, title=title)


def community_velocity(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """Models by the month of their first submission to the Open LLM Leaderboards; None if no submission has a date."""
    rows = export_rows(con, "community_velocity").filter(
        (pl.col("definition") == "distinct_models") & (pl.col("leaderboard") != "all")
    )
    if rows.is_empty():
        return None
    boards = {"olb_v1": "Leaderboard v1", "olb_v2": "Leaderboard v2"}
    rows = rows.with_columns(
        board=pl.col("leaderboard").replace(boards), on=pl.col("month").dt.strftime("%Y-%m"), models=pl.col("n_models")
    )
    months = sorted(set(rows["on"]))
    x = alt.X("on:N", title="Month of first submission", sort=months, axis=alt.Axis(labelAngle=-45, ticks=False))
    y = alt.Y(
        "models:Q",
        title="Models",
        axis=alt.Axis(**UPRIGHT, format=",d"),
    )
    color = alt.Color(
        "board:N",
        scale=alt.Scale(domain=list(boards.values()), range=[BLUE, "#56b4e9"]),
        legend=alt.Legend(**LEGEND),
    )
    totals = rows.group_by("on").agg(pl.col("models").sum()).sort("on")
    bars = (
        alt.Chart(rows)
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(
            x=x,
            y=y,
            color=color,
            order="leaderboard:N",
            # The last month of a leaderboard is pale if its submissions end within it.
            opacity=alt.Opacity("is_partial:N", scale=alt.Scale(domain=[False, True], range=[1, 0.45]), legend=None),
        )
    )
    counts = (
        alt.Chart(totals)
        .mark_text(dy=-7, fontSize=10, color=INK)
        .encode(x=x, y=y, text=alt.Text("models:Q", format=","))
    )
    n_v1, n_v2 = (rows.filter(pl.col("leaderboard") == board)["models"].sum() for board in boards)
    caption = [
        f"Distinct models by month of first submission: {n_v1:,} on v1 and {n_v2:,} on v2, each leaderboard by itself.",
        " ".join([*_bulk_imports(con), "Models without a date are left out."]),
    ]
    caption += [
        f"Pale, not a whole month: {board} in {month_of(month)}, through {last_on}."
        for board, month, last_on in rows.filter("is_partial").sort("month").select("board", "month", "last_on").rows()
    ]
    title = f"Models submitted to the Open LLM Leaderboards, {span_of(rows['month'])}"
    return finished(con, "community_velocity", bars + counts, title, caption)


def _bulk_imports(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence on how many models of each leaderboard have the day of a bulk import, by policy, and in which months; none
    without such models."""
    days = Policy(policy_texts(con)).frame("import_days", younger=("source_id", "submitted_on"))
    imports = days.select("source_id", pl.col("submitted_on").str.to_date())
    by_board = (
        con.sql(_FIRST_ROWS)
        .pl()
        .join(imports, on=["source_id", "submitted_on"], how="semi")
        .group_by("leaderboard")
        .agg(pl.len(), pl.col("submitted_on").min().alias("first"), pl.col("submitted_on").max().alias("last"))
        .sort("leaderboard")
    )
    told = [
        f"{n_models:,} on {leaderboard.removeprefix('olb_')} ({_months(first, last)})"
        for leaderboard, n_models, first, last in by_board.rows()
    ]
    return [f"On days of bulk imports: {' and '.join(told)}."] if told else []


def _months(first: date, last: date) -> str:
    """The months from one day to another, as short as they can be said: `September to November 2023`."""
    if month_of(first) == month_of(last):
        return month_of(last)
    return f"{first:%B} to {month_of(last)}" if first.year == last.year else f"{month_of(first)} to {month_of(last)}"


def license_classes(con: duckdb.DuckDBPyConnection) -> Chart | None:
    """The shares of kinds of licence among official open models, by year of release; None if no model has a date."""
    rows = export_rows(con, "license_classes")
    if rows.is_empty():
        return None
    kinds = [kind for kind in _LICENSES if (rows["license_class"] == kind).any()]
    rows = rows.with_columns(
        year=pl.col("release_year").cast(pl.String),
        kind=pl.col("license_class").replace({kind: _LICENSES[kind][0] for kind in kinds}),
        place=pl.col("license_class").replace_strict({kind: number for number, kind in enumerate(kinds)}),
    )
    x = alt.X("year:N", title="Year of release", axis=alt.Axis(labelAngle=0, ticks=False))
    y = alt.Y(
        "share_of_models:Q",
        title="Share of the models",
        stack="zero",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(**UPRIGHT, format="%"),
    )
    color = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=[_LICENSES[kind][0] for kind in kinds], range=[_LICENSES[kind][1] for kind in kinds]),
        legend=alt.Legend(**{**LEGEND, "legendX": 150}),
    )
    bars = alt.Chart(rows).mark_bar(stroke="white", strokeWidth=0.5).encode(x=x, y=y, color=color, order="place:Q")
    totals = rows.group_by("year").agg(pl.col("n_models").sum()).sort("year")
    counts = (
        alt.Chart(totals)
        .mark_text(dy=-6, fontSize=11, color=INK)
        .encode(x=x, y=alt.datum(1), text=alt.Text("n_models:Q", format=","))
    )
    is_open_source = pl.col("is_open_source").fill_null(False)
    n_open, n_all = rows.filter(is_open_source)["n_models"].sum(), rows["n_models"].sum()
    bests_open, bests = rows.filter(is_open_source)["n_bests"].sum(), rows["n_bests"].sum()
    caption = [
        f"{n_open:,} of {n_all:,} dated official open models are under a permissive or copyleft licence; they set {bests_open} of"
        f" {bests} new open bests.",
        "Above each bar its number of models. A community licence limits who may use a model, or what for.",
    ]
    years = list(rows["release_year"])
    title = f"Open weights were not all open source, {years[0]} to {years[-1]}"
    return finished(con, "license_classes", bars + counts, title, caption)
