"""core: the current state of history, judged by the policy in force: of all names, or again of those that news reaches.

The same code judges all names and some of them. So what a night changes is equal to what all would give, if no judgement rests on
another name than those that normalize/reach.py finds.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema, tables
from leaderboard_etl.engine import ROW_ID
from leaderboard_etl.memory import release_memory
from leaderboard_etl.normalize.settings import ranked_settings
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.sources.as_tables import described
from leaderboard_etl.units import RUN_KEY, normalize_scores, normalized_by_subtask
from leaderboard_etl.warehouse.history import is_within, policy_texts
from leaderboard_etl.warehouse.names import Named, judge_names, judged_while_writing, open_rows
from leaderboard_etl.warehouse.prices import insert_prices
from leaderboard_etl.warehouse.ratings import insert_ratings, insert_series
from leaderboard_etl.warehouse.reached import NAME, changed_names, model_of_names, names_reached
from leaderboard_etl.warehouse.replaced import (
    OF_MODELS,
    OF_NAMES,
    forget_oldest,
    keep_models,
    keep_names,
    keep_new_models,
    keep_settings,
)
from leaderboard_etl.warehouse.submissions import insert_submissions

# Wide rows that are joined and sorted at once: some fifty megabytes.
_WIDE_ROWS_AT_ONCE = 25_000
# Scores whose few numbers are in a frame at once.
_ROWS_AT_ONCE = 50_000
# Runs whose subtask scores are in a frame at once: a run has some forty.
_RUNS_AT_ONCE = 10_000
_NORMALIZED = (
    *("benchmark_id", "comparable_group", "score_pct", "score_norm_pct", "norm_method", "stderr_pct", "n_shot"),
    *("is_corrected", "variant_id"),
)
# Columns of policy/corrections that older loads do not have.
_ADDED_TO_CORRECTIONS = ("corrected_variant_id", "corrected_model_id")


def build_core(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the empty core tables from the open rows of history."""
    policy = Policy(policy_texts(con))
    _insert_named(con, judged_while_writing(con, policy))
    insert_descriptions(con)
    _insert(con, "core.benchmarks", policy.benchmarks.sort("benchmark_id", "variant_id"))
    _insert(con, "core.comparable_groups", policy.frame("comparable_groups").sort("comparable_group"))
    insert_rules(con, policy)
    insert_series(con, policy)
    release_memory(con)
    _insert_judged(con, policy)


def build_part(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the empty core tables, but for those that say nothing of a model and are full already, from a history with some names
    alone: those that `reached_names` finds are judged as they are among all."""
    _insert_named(con, judge_names(con, policy, ""))
    _insert_judged(con, policy)


def _insert_judged(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the tables of what is said of the models in core.models."""
    _normalize(con, policy, "")
    release_memory(con)
    _insert_scores(con, _model_ranges(con, "history.scores"))
    _date_no_later_than(con, _first_scores(con))
    con.execute("drop table normalized")
    insert_submissions(con)
    insert_ratings(con, policy)
    insert_prices(con, policy)


def update_core(con: duckdb.DuckDBPyConnection, since_load_id: int) -> pl.DataFrame:
    """Brings core, as it was after a load, up to date with history, and keeps what it replaces. The policy must be the same.

    Returns the models that it judged anew, as model_id, those that are gone included; of any other, and of its names, core says
    what it said.
    """
    policy = Policy(policy_texts(con))
    changed = changed_names(con, since_load_id)
    names = names_reached(con, changed, since_load_id, policy)
    con.register("reached", names)
    before = model_of_names(con, "reached")
    con.register("reached_models", before.select("model_id").unique())
    keep_models(con, since_load_id, "reached_models")
    for table in OF_MODELS:
        con.execute(f"delete from core.{table} where model_id in (from reached_models)")
    _insert_named(con, judge_names(con, policy, "reached"))
    _replace_settings(con, policy, since_load_id)
    _normalize(con, policy, "reached")
    _date_no_later_than(con, _first_scores(con))
    insert_submissions(con, "reached")
    insert_prices(con, policy, "reached")
    now = model_of_names(con, "reached")
    con.register("new_models", now.join(before, on="model_id", how="anti").select("model_id").unique())
    keep_new_models(con, since_load_id, "new_models")
    moved = now.join(before, on=before.columns, how="anti", nulls_equal=True).select(NAME)
    corrected = names.join(_corrected_names(policy), on=NAME, how="semi")
    con.register("rescored", pl.concat([changed, moved, corrected]).unique())
    keep_names(con, since_load_id, "rescored")
    for table in OF_NAMES:
        con.execute(f"delete from core.{table} where (source_id, source_name) in (from rescored)")
    _insert_scores(con, None)
    insert_ratings(con, policy, "rescored")
    con.execute("drop table normalized")
    forget_oldest(con)
    for name in ("reached", "reached_models", "new_models", "rescored"):
        con.unregister(name)
    return pl.concat([before.select("model_id"), now.select("model_id")]).unique()


def _insert_named(con: duckdb.DuckDBPyConnection, named: Named) -> None:
    for table, frame in named.items():
        _insert(con, table, frame)


def insert_descriptions(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the empty core.sources, core.citations and core.reporters from the descriptions of the sources."""
    for table, frame in described().items():
        _insert(con, table, frame)


def insert_rules(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the empty core.rules and core.settings. A load older than one of these rules is judged by that of today."""
    rules = _of_its_day(policy, "rules")
    younger = read_policy().frame("rules").join(rules, on="rule", how="anti")
    _insert(con, "core.rules", pl.concat([rules, younger]).sort("rule"))
    insert_settings(con, policy, _open_settings(con))


def insert_settings(con: duckdb.DuckDBPyConnection, policy: Policy, stated: pl.Series) -> None:
    """Fills the empty core.settings with the stated settings, each once and sorted."""
    _insert(con, "core.settings", ranked_settings(stated, _of_its_day(policy, "settings")))


def _replace_settings(con: duckdb.DuckDBPyConnection, policy: Policy, since_load_id: int) -> None:
    settings = ranked_settings(_open_settings(con), _of_its_day(policy, "settings"))
    if not con.sql("select * from core.settings order by setting").pl().equals(settings):
        keep_settings(con, since_load_id)
        con.execute("delete from core.settings")
        _insert(con, "core.settings", settings)


def _open_settings(con: duckdb.DuckDBPyConnection) -> pl.Series:
    return open_rows(con, "history.scores", "distinct setting").sort("setting")["setting"]


def _of_its_day(policy: Policy, name: str) -> pl.DataFrame:
    return (policy if name in policy.texts else read_policy()).frame(name)


def _model_ranges(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    """First and last model_id of consecutive ranges that each hold some rows of a table of history: wide rows sorted range by
    range have the same order as if sorted at once, in memory that does not grow with the table."""
    return con.execute(
        f"""
        with counted as (

            select a.model_id, count(*) as n_rows
            from {table} as h
            join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
            where h.valid_to is null
            group by a.model_id

        ),

        ranged as (

            select model_id, sum(n_rows) over (order by model_id) // {_WIDE_ROWS_AT_ONCE} as range_number
            from counted

        )

        select min(model_id), max(model_id) from ranged group by range_number order by range_number
        """
    ).fetchall()


def _insert_scores(con: duckdb.DuckDBPyConnection, ranges: Sequence[tuple[str, str]] | None) -> None:
    """Inserts the scores of ranges of models; null: of the names in the registered frame `rescored`. Polars normalises the few
    numeric columns and DuckDB holds the wide rows, so that a million scores fit in memory."""
    columns = tables()["core.scores"].columns
    own = {"model_id": "m.model_id", "tuning": "m.tuning"} | {name: f"n.{name}" for name in _NORMALIZED}
    selected = ", ".join(own.get(column.name, f"h.{column.name}") for column in columns)
    # The first condition lets DuckDB read the columns of these rows alone.
    rescored = f"h.{ROW_ID} in (select row_id from normalized) and (h.source_id, h.source_name) in (from rescored)"
    scope = rescored if ranges is None else "a.model_id between ? and ?"
    for bounds in [()] if ranges is None else ranges:
        con.execute(
            f"""
            insert into core.scores
            select {selected}
            from history.scores as h
            join normalized as n on n.row_id = h.{ROW_ID}
            join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
            left join core.models as c on c.model_id = n.corrected_model_id
            join core.models as m on m.model_id = coalesce(c.model_id, a.model_id)
            where {scope} and not n.is_superseded
            order by a.model_id, h.variant_id, h.source_id, h.source_name, h.precision, h.has_chat_template, h.setting, h.run_id
            """,
            bounds,
        )


def _first_scores(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """model_id, reported_by and first_on: the first evaluation of each model by each reporter, in any edition."""
    first: pl.DataFrame = con.sql(
        f"""
        select coalesce(c.model_id, a.model_id) as model_id, h.reported_by, min(h.evaluated_on) as first_on
        from history.scores as h
        join normalized as n on n.row_id = h.{ROW_ID}
        join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
        left join core.models as c on c.model_id = n.corrected_model_id
        group by all
        """
    ).pl()
    return first


def _date_no_later_than(con: duckdb.DuckDBPyConnection, first_scores: pl.DataFrame) -> None:
    """Moves a release date back to the first score in a public table if that is earlier: such tables list released models.
    Vendors may score a model before they publish it, so their own evaluations do not count."""
    con.register("first_scores", first_scores)
    con.execute(
        """
        update core.models as m
        set released_on = f.first_on, released_on_method = 'first_score'
        from (
            select model_id, min(first_on) as first_on
            from first_scores
            join core.reporters using (reported_by)
            where is_after_release
            group by model_id
        ) as f
        where f.model_id = m.model_id and m.released_on > f.first_on
        """
    )
    con.unregister("first_scores")


def _normalize(con: duckdb.DuckDBPyConnection, policy: Policy, within: str) -> None:
    """Creates the temporary table `normalized`, the normalisation of each open score of history, of all names or of those
    `within` a registered frame, by its row there: `row_id`, the columns of _NORMALIZED, and `is_superseded`: a newer edition of
    the source has a score of the same name.

    Polars sees a part of the rows at a time, so that memory does not grow with the table.
    """
    by_subtask = _normalized_by_subtask(con, policy, within)
    con.execute(
        f"""
        create or replace temp table newest as
        select source_id, source_name, variant_id, max(run_id) as newest_run_id
        from history.scores
        join core.sources using (source_id)
        where valid_to is null and has_editions and {is_within(within)}
        group by all
        """
    )
    [(last_row,)] = con.execute(f"select coalesce(max({ROW_ID}), -1) from history.scores").fetchall()
    n_at_once = last_row + 1 if within else _ROWS_AT_ONCE
    for first in range(0, last_row + 1, max(n_at_once, 1)) or [0]:
        slim: pl.DataFrame = con.sql(
            f"""
            select
                h.{ROW_ID} as row_id, source_id, source_name, variant_id, precision, score_raw, score_unit, stderr_raw,
                score_norm_published_pct, n_shot, has_chat_template, run_id,
                -- The run of an edition is its date.
                run_id < coalesce(newest_run_id, run_id) as is_superseded
            from history.scores as h
            left join newest using (source_id, source_name, variant_id)
            where valid_to is null and h.{ROW_ID} between {first} and {first + n_at_once - 1} and {is_within(within)}
            {"order by row_id" if within else ""}
            """
        ).pl()
        slim = slim.join(by_subtask, on=[*RUN_KEY, "variant_id"], how="left", nulls_equal=True, maintain_order="left")
        normalized = normalize_scores(_corrected(slim, policy), policy.benchmarks)
        con.register("part", normalized.select("row_id", "corrected_model_id", "is_superseded", *_NORMALIZED))
        con.execute(
            "insert into normalized from part" if first else "create or replace temp table normalized as from part"
        )
        con.unregister("part")
    con.execute("drop table newest")


def _normalized_by_subtask(con: duckdb.DuckDBPyConnection, policy: Policy, within: str) -> pl.DataFrame:
    """The columns of RUN_KEY, variant_id and score_norm_subtasks_pct of every run, of all names or of those `within` a registered
    frame, that is believed and has all subtasks."""
    of_names = f"run_key in (select run_key from history.runs where {is_within(within)})" if within else "true"
    tasks = policy.frame("harness_tasks")
    con.register("subtasks", tasks.filter(pl.col("n_choices").is_not_null()).select("task", "metric"))
    metrics = con.sql(
        "select metric_key, task, metric from history.metrics semi join subtasks using (task, metric)"
    ).pl()
    con.unregister("subtasks")
    con.register("subtask_metrics", metrics.select("metric_key"))
    means = []
    for first, last in _key_ranges(con, within):
        values: pl.DataFrame = con.sql(
            f"""
            select run_key, metric_key, score_raw
            from history.measurements
            where valid_to is null and run_key between {first} and {last} and {of_names}
                and metric_key in (from subtask_metrics)
            {f"order by {ROW_ID}" if within else ""}
            """
        ).pl()
        values = values.join(metrics, on="metric_key", maintain_order="left")
        means.append(normalized_by_subtask(values, tasks, ["run_key"]))
    con.unregister("subtask_metrics")
    con.register("means", pl.concat(means))
    of_runs: pl.DataFrame = con.sql(
        f"select {', '.join(RUN_KEY)}, variant_id, score_norm_subtasks_pct from means join history.runs using (run_key)"
    ).pl()
    con.unregister("means")
    return of_runs


def _key_ranges(con: duckdb.DuckDBPyConnection, within: str) -> list[tuple[int, int]]:
    """First and last key of consecutive ranges of runs, of all names or of those `within` a registered frame, that Polars sees at
    once; at least one."""
    ranges = con.execute(
        f"""
        select min(run_key), max(run_key)
        from (select run_key, row_number() over (order by run_key) // {_RUNS_AT_ONCE} as range_number from history.runs
            where {is_within(within)})
        group by range_number
        order by range_number
        """
    ).fetchall()
    return ranges or [(0, 0)]


def _corrected(scores: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Scores with the corrections of policy applied, each only if the source still publishes the value that it expects.

    Adds `is_corrected` and `corrected_model_id` (null: the score belongs to the model of its name)."""
    corrections = policy.frame("corrections", added=_ADDED_TO_CORRECTIONS)
    rows = corrections.filter(pl.col("status") == "active").select(
        *("source_id", "source_name", "variant_id", "precision"),
        pl.col("expected_score_raw").cast(pl.Float64).alias("score_raw"),
        pl.col("corrected_score_raw").cast(pl.Float64),
        *_ADDED_TO_CORRECTIONS,
        pl.lit(True).alias("is_corrected"),
    )
    on = ["source_id", "source_name", "variant_id", "precision", "score_raw"]
    return (
        scores.join(rows, on=on, how="left", maintain_order="left")
        .with_columns(
            pl.col("is_corrected").fill_null(False),
            pl.coalesce("corrected_score_raw", "score_raw").alias("score_raw"),
            pl.coalesce("corrected_variant_id", "variant_id").alias("variant_id"),
        )
        .drop("corrected_score_raw", "corrected_variant_id")
    )


def _corrected_names(policy: Policy) -> pl.DataFrame:
    """The names of which policy gives some scores to another model."""
    return policy.frame("corrections").select(NAME)


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming", frame.select(list(frame_schema(table))))
    con.execute(f"insert into {table} select * from incoming")
    con.unregister("incoming")
