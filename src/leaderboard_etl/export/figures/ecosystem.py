"""The figures besides the gap: the cost of mixture-of-experts models, the submissions of the community, and the licences."""

from __future__ import annotations

from typing import Any

import altair as alt
import duckdb
import polars as pl

from leaderboard_etl.export.figures.labels import lay_out
from leaderboard_etl.export.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    LEGEND,
    UPRIGHT,
    VERMILION,
    export_rows,
    finished,
    marks,
    names,
    score,
    score_axis,
    size_axis,
)

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


def moe_efficiency(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
    """MMLU as reported against relative inference cost, with mixture-of-experts models highlighted; None if there is
    none."""
    is_moe = pl.col("is_moe").fill_null(False)
    models = export_rows(con, "moe_efficiency").with_columns(
        kind=pl.when(is_moe).then(pl.lit(_KINDS[0])).otherwise(pl.lit(_KINDS[1]))
    )
    if not (models["kind"] == _KINDS[0]).any():
        return None
    x_axis, x = size_axis(
        "inference_cost_relative",
        "Operations per token (dense model of 70 billion parameters = 1, log scale)",
        list(models["inference_cost_relative"]),
        room=1.4,
    )
    y_axis = score_axis(list(models["score_pct"]))
    y = score(y_axis)
    by_kind: dict[str, Any] = {"domain": _KINDS}
    legend = alt.Legend(**LEGEND)
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
    caption = [
        f"MMLU as reported (protocols mixed) of {models.height} models whose total and active parameters are known.",
        "Operations are not a price: memory, hardware and utilisation are left out.",
    ]
    return finished(
        points + names(labels, x, y), "Score against operations per token: dense and mixture of experts", caption
    )


def community_velocity(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
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
    bars = alt.Chart(rows).mark_bar(stroke=INK, strokeWidth=0.5).encode(x=x, y=y, color=color, order="leaderboard:N")
    counts = (
        alt.Chart(totals)
        .mark_text(dy=-7, fontSize=10, color=INK)
        .encode(x=x, y=y, text=alt.Text("models:Q", format=","))
    )
    n_v1, n_v2 = (rows.filter(pl.col("leaderboard") == board)["models"].sum() for board in boards)
    caption = [
        f"Distinct models by month of first submission: {n_v1:,} on v1 and {n_v2:,} on v2, each leaderboard by itself.",
        "September and October 2023 hold bulk imports of older submissions to v1; models without a date are left out.",
    ]
    return finished(bars + counts, "Models submitted to the Open LLM Leaderboards", caption)


def license_classes(con: duckdb.DuckDBPyConnection) -> alt.LayerChart | None:
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
    return finished(bars + counts, "Open weights are not all open source", caption)
