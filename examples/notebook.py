"""A notebook of the warehouse: the gap, score against size, and the article's claims, with controls.

    pip install marimo altair
    marimo run examples/notebook.py      # to look at it; marimo edit shows and changes the code

It reads the published file of LEADERBOARD_ETL_WAREHOUSE, else of warehouse/, and computes nothing that mart has not computed.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Open and proprietary models")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo

    folder = Path(os.environ.get("LEADERBOARD_ETL_WAREHOUSE", "warehouse"))
    con = duckdb.connect(str(folder / "leaderboard.duckdb"), read_only=True)
    colors = alt.Scale(domain=["open_weights", "proprietary"], range=["#0072b2", "#d55e00"])
    return alt, colors, con, mo


@app.cell
def _(con, mo):
    [(_day, _n_models, _n_scores)] = con.sql(
        "select (select max(as_of_on) from mart.paper_claims), (select count(*) from core.models), count(*) from core.scores"
    ).fetchall()
    mo.md(f"# Open and proprietary models\n\nThe state of {_day}: {_n_models:,} models, {_n_scores:,} scores.")
    return


@app.cell
def _(con, mo):
    _groups = con.sql(
        "select display_name, comparable_group from core.comparable_groups where is_headline order by all"
    )
    _group_by_name = dict(_groups.fetchall())
    _populations = [
        name for (name,) in con.sql("select distinct population from mart.gap_sides order by all").fetchall()
    ]
    _first = next(name for name, group_id in _group_by_name.items() if group_id == "mmlu_reported")
    group = mo.ui.dropdown(_group_by_name, value=_first, label="Scores")
    population = mo.ui.dropdown(_populations, value="official", label="Models")
    mo.hstack([group, population], justify="start")
    return group, population


@app.cell
def _(con, group, mo, population):
    _days = con.execute(
        "select min(reached_on), max(reached_on) from mart.gap_frontier where comparable_group = ? and population = ?",
        [group.value, population.value],
    ).fetchall()[0]
    mo.stop(None in _days, mo.md("No dated scores of these models."))
    since = mo.ui.date(value=_days[0], start=_days[0], stop=_days[1], label="Since")
    mo.vstack([since])
    return (since,)


@app.cell
def _(alt, colors, con, group, mo, population, since):
    frontier = con.sql(
        """
        select openness, reached_on, score_pct, model
        from mart.gap_frontier
        where comparable_group = $group and population = $population and reached_on >= $since
        order by openness, reached_on
        """,
        params={"group": group.value, "population": population.value, "since": since.value},
    ).pl()
    gap_chart = (
        alt.Chart(frontier)
        .mark_line(interpolate="step-after", point=True)
        .encode(
            x=alt.X("reached_on:T", title="released"),
            y=alt.Y("score_pct:Q", title="best score so far, percent", scale=alt.Scale(zero=False)),
            color=alt.Color("openness:N", scale=colors, title=None),
            tooltip=["model", "reached_on", "score_pct"],
        )
        .properties(width="container", height=280)
    )
    mo.vstack([mo.md("## The gap"), gap_chart])
    return frontier, gap_chart


@app.cell
def _(con, group, mo, population):
    parity = con.sql(
        """
        select
            compared_on, is_current, open_model, open_score_pct, proprietary_model, proprietary_score_pct,
            round(-difference_pct, 2) as gap_pct, verdict
        from mart.parity
        where comparable_group = $group and population = $population
        """,
        params={"group": group.value, "population": population.value},
    ).pl()
    mo.ui.table(parity, selection=None)
    return (parity,)


@app.cell
def _(mo):
    size = mo.ui.radio(
        {"total": "params_b", "active": "params_active_b"}, value="total", label="Parameters", inline=True
    )
    mo.vstack([size])
    return (size,)


@app.cell
def _(alt, colors, con, group, mo, population, size):
    points = con.sql(
        f"""
        select s.model, s.openness, s.{size.value} as params_b, s.score_pct, s.released_on, s.reporter, s.source_url
        from mart.model_scaling as s
        join mart.populations as p on p.population = $population and p.model_id = s.model_id
        where s.comparable_group = $group and s.{size.value} is not null
        order by s.model_id
        """,
        params={"group": group.value, "population": population.value},
    ).pl()
    scatter = (
        alt.Chart(points)
        .mark_circle(size=50, opacity=0.6)
        .encode(
            x=alt.X(
                "params_b:Q",
                title=f"{'active' if size.value == 'params_active_b' else 'total'} parameters, billions",
                scale=alt.Scale(type="log"),
            ),
            y=alt.Y("score_pct:Q", title="score, percent", scale=alt.Scale(zero=False)),
            color=alt.Color("openness:N", scale=colors, title=None),
            tooltip=["model", "params_b", "score_pct", "released_on", "reporter"],
            href="source_url",
        )
        .properties(width="container", height=320)
    )
    mo.vstack([mo.md("## Score against size"), scatter, mo.md(f"{points.height:,} models with a published size.")])
    return points, scatter


@app.cell
def _(con, mo):
    _verdicts = [name for (name,) in con.sql("select distinct verdict from mart.paper_claims order by all").fetchall()]
    verdicts = mo.ui.multiselect(_verdicts, value=_verdicts, label="Verdicts")
    mo.vstack([mo.md("## The article's claims"), verdicts])
    return (verdicts,)


@app.cell
def _(con, mo, verdicts):
    claims = con.sql(
        """
        select sentence, verdict, computed_value, expected, evidence
        from mart.paper_claims
        where list_contains($verdicts, verdict)
        order by article_order
        """,
        params={"verdicts": verdicts.value},
    ).pl()
    mo.ui.table(claims, selection=None, wrapped_columns=["sentence", "evidence"])
    return (claims,)


if __name__ == "__main__":
    app.run()
