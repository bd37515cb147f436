"""core: the current state of history, judged by the policy in force. Rebuilt whole; it is small."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema, tables
from leaderboard_etl.engine import ROW_ID
from leaderboard_etl.memory import release_memory
from leaderboard_etl.normalize.evidence import parameter_evidence
from leaderboard_etl.normalize.identity import resolve_names
from leaderboard_etl.normalize.joins import contradicted, subjects
from leaderboard_etl.normalize.lineage import all_bases, bases
from leaderboard_etl.normalize.models import assemble_models
from leaderboard_etl.normalize.settings import ranked_settings
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.sources.as_tables import described
from leaderboard_etl.units import RUN_KEY, normalize_scores, normalized_by_subtask
from leaderboard_etl.warehouse.history import policy_texts
from leaderboard_etl.warehouse.measurements import measured_names
from leaderboard_etl.warehouse.prices import insert_prices
from leaderboard_etl.warehouse.ratings import insert_ratings, rated_names
from leaderboard_etl.warehouse.submissions import insert_submissions

# Wide rows that are sorted at once: some fifty megabytes.
_ROWS_AT_ONCE = 50_000
_NORMALIZED = (
    *("benchmark_id", "comparable_group", "score_pct", "score_norm_pct", "norm_method", "stderr_pct", "n_shot"),
    *("is_corrected", "variant_id"),
)
# Columns of policy/corrections that older loads do not have.
_YOUNGER_CORRECTIONS = ("corrected_variant_id", "corrected_model_id")


class _Judged(NamedTuple):
    """Statements about models under one way of resolving names: what each was made from (the first base, and all of them),
    and the statements about its size."""

    statements: pl.DataFrame
    kin: pl.DataFrame
    parents: pl.DataFrame
    evidence: pl.DataFrame


def build_core(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the empty core tables from the open rows of history."""
    policy = Policy(policy_texts(con))
    insert_descriptions(con)
    statements = _open_rows(con, "history.models")
    stated_sizes = _open_rows(con, "history.parameter_claims")
    stated_bases = _open_rows(con, "history.model_bases")
    scored = pl.concat(
        [_open_rows(con, f"history.{table}", "distinct source_id, source_name") for table in ("scores", "submissions")]
        + [measured_names(con), rated_names(con)]
    ).unique(maintain_order=True)
    aliases = resolve_names(statements, scored, policy.frame("model_aliases"))
    alone = _judge(statements, stated_sizes, stated_bases, subjects(aliases), policy)
    apart = contradicted(alone.evidence, alone.statements, aliases)
    if apart.height:
        aliases = resolve_names(statements, scored, policy.frame("model_aliases"), apart)
    judged = _judge(statements, stated_sizes, stated_bases, aliases, policy)
    models = assemble_models(
        judged.statements,
        _with_ids(scored, aliases),
        judged.evidence,
        judged.kin,
        judged.parents,
        licenses=policy.frame("licenses"),
        model_licenses=policy.frame("model_licenses", younger=("model_id_pattern", "license_text")),
        official=policy.frame("official_organizations"),
        families=policy.frame("families"),
        import_days=policy.frame("import_days", younger=("source_id", "submitted_on")),
    )
    _insert(con, "core.benchmarks", policy.benchmarks.sort("benchmark_id", "variant_id"))
    _insert(con, "core.comparable_groups", policy.frame("comparable_groups").sort("comparable_group"))
    insert_rules(con, policy)
    _insert(con, "core.model_aliases", aliases)
    _insert(con, "core.models", models.sort("model_id"))
    _insert(con, "core.model_bases", judged.parents)
    _insert(
        con,
        "core.parameter_evidence",
        judged.evidence.sort("model_id", "kind", "method", "source_id", "source_name", "precision", "path"),
    )
    release_memory(con)
    _normalize(con, policy)
    _insert_scores(con)
    _date_no_later_than(con, _first_scores(con))
    con.execute("drop table normalized")
    insert_submissions(con)
    insert_ratings(con, policy)
    insert_prices(con, policy)


def insert_descriptions(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the empty core.sources, core.citations and core.reporters from the descriptions of the sources."""
    for table, frame in described().items():
        _insert(con, table, frame)


def insert_rules(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the empty core.rules and core.settings. A load older than these rules is judged by those of today."""
    policy_of = {name: policy if name in policy.texts else read_policy() for name in ("rules", "settings")}
    _insert(con, "core.rules", policy_of["rules"].frame("rules").sort("rule"))
    settings = _open_rows(con, "history.scores", "distinct setting").sort("setting")
    _insert(con, "core.settings", ranked_settings(settings["setting"], policy_of["settings"].frame("settings")))


def _judge(
    statements: pl.DataFrame,
    stated_sizes: pl.DataFrame,
    stated_bases: pl.DataFrame,
    aliases: pl.DataFrame,
    policy: Policy,
) -> _Judged:
    statements, stated_sizes, stated_bases = (
        _with_ids(frame, aliases) for frame in (statements, stated_sizes, stated_bases)
    )
    curated, names = policy.frame("base_models", younger=("model_id", "base_model_id")), policy.frame("model_aliases")
    kin = bases(statements, curated, names, policy.frame("official_organizations")["hub_owner"].to_list(), stated_bases)
    evidence = parameter_evidence(
        stated_sizes, statements, kin, policy.frame("parameter_overrides"), policy.frame("parameter_methods")
    )
    return _Judged(statements, kin, all_bases(statements, stated_bases, kin, curated, names), evidence)


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

            select model_id, sum(n_rows) over (order by model_id) // {_ROWS_AT_ONCE} as range_number
            from counted

        )

        select min(model_id), max(model_id) from ranged group by range_number order by range_number
        """
    ).fetchall()


def _insert_scores(con: duckdb.DuckDBPyConnection) -> None:
    """Polars normalises the few numeric columns and DuckDB holds the wide rows, so that a million scores fit in memory."""
    columns = tables()["core.scores"].columns
    own = {"model_id": "m.model_id", "tuning": "m.tuning"} | {name: f"n.{name}" for name in _NORMALIZED}
    selected = ", ".join(own.get(column.name, f"h.{column.name}") for column in columns)
    for first, last in _model_ranges(con, "history.scores"):
        con.execute(
            f"""
            insert into core.scores
            select {selected}
            from history.scores as h
            join normalized as n on n.row_id = h.{ROW_ID}
            join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
            left join core.models as c on c.model_id = n.corrected_model_id
            join core.models as m on m.model_id = coalesce(c.model_id, a.model_id)
            where a.model_id between ? and ? and not n.is_superseded
            order by a.model_id, h.variant_id, h.source_id, h.source_name, h.precision, h.has_chat_template, h.setting, h.run_id
            """,
            [first, last],
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


def _normalize(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Creates the temporary table `normalized`, the normalisation of each open score of history by its row there: `row_id`, the
    columns of _NORMALIZED, and `is_superseded`: a newer edition of the source has a score of the same name.

    Polars sees a part of the rows at a time, so that memory does not grow with the table.
    """
    by_subtask = _normalized_by_subtask(con, policy)
    con.execute(
        """
        create or replace temp table newest as
        select source_id, source_name, variant_id, max(run_id) as newest_run_id
        from history.scores
        join core.sources using (source_id)
        where valid_to is null and has_editions
        group by all
        """
    )
    [(last_row,)] = con.execute(f"select coalesce(max({ROW_ID}), -1) from history.scores").fetchall()
    for first in range(0, last_row + 1, _ROWS_AT_ONCE) or [0]:
        slim: pl.DataFrame = con.sql(
            f"""
            select
                h.{ROW_ID} as row_id, source_id, source_name, variant_id, precision, score_raw, score_unit, stderr_raw,
                score_norm_published_pct, n_shot, has_chat_template, run_id,
                -- The run of an edition is its date.
                run_id < coalesce(newest_run_id, run_id) as is_superseded
            from history.scores as h
            left join newest using (source_id, source_name, variant_id)
            where valid_to is null and h.{ROW_ID} between {first} and {first + _ROWS_AT_ONCE - 1}
            """
        ).pl()
        slim = slim.join(by_subtask, on=[*RUN_KEY, "variant_id"], how="left", nulls_equal=True, maintain_order="left")
        normalized = normalize_scores(_corrected(slim, policy.frame("corrections")), policy.benchmarks)
        con.register("part", normalized.select("row_id", "corrected_model_id", "is_superseded", *_NORMALIZED))
        con.execute(
            "insert into normalized from part" if first else "create or replace temp table normalized as from part"
        )
        con.unregister("part")
    con.execute("drop table newest")


def _normalized_by_subtask(con: duckdb.DuckDBPyConnection, policy: Policy) -> pl.DataFrame:
    """The columns of RUN_KEY, variant_id and score_norm_subtasks_pct of every run that is believed and has all subtasks."""
    tasks = policy.frame("harness_tasks")
    con.register("subtasks", tasks.filter(pl.col("n_choices").is_not_null()).select("task", "metric"))
    values: pl.DataFrame = con.sql(
        """
        select run_key, metric_key, score_raw
        from history.measurements
        where valid_to is null
            and metric_key in (select metric_key from history.metrics semi join subtasks using (task, metric))
        """
    ).pl()
    con.unregister("subtasks")
    metrics = con.sql("select metric_key, task, metric from history.metrics").pl()
    means = normalized_by_subtask(values.join(metrics, on="metric_key", maintain_order="left"), tasks, ["run_key"])
    con.register("means", means)
    of_runs: pl.DataFrame = con.sql(
        f"select {', '.join(RUN_KEY)}, variant_id, score_norm_subtasks_pct from means join history.runs using (run_key)"
    ).pl()
    con.unregister("means")
    return of_runs


def _corrected(scores: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """Scores with the corrections of policy applied, each only if the source still publishes the value that it expects.

    Adds `is_corrected` and `corrected_model_id` (null: the score belongs to the model of its name)."""
    younger = [name for name in _YOUNGER_CORRECTIONS if name not in corrections.columns]
    rows = (
        corrections.with_columns(pl.lit(None, pl.String).alias(name) for name in younger)
        .filter(pl.col("status") == "active")
        .select(
            *("source_id", "source_name", "variant_id", "precision"),
            pl.col("expected_score_raw").cast(pl.Float64).alias("score_raw"),
            pl.col("corrected_score_raw").cast(pl.Float64),
            *_YOUNGER_CORRECTIONS,
            pl.lit(True).alias("is_corrected"),
        )
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


def _open_rows(con: duckdb.DuckDBPyConnection, table: str, what: str = "*") -> pl.DataFrame:
    rows: pl.DataFrame = con.sql(f"select {what} from {table} where valid_to is null").pl()
    return rows


def _with_ids(frame: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    return frame.join(
        aliases.select("source_id", "source_name", "model_id"), on=["source_id", "source_name"], how="inner"
    )


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming", frame.select(list(frame_schema(table))))
    con.execute(f"insert into {table} select * from incoming")
    con.unregister("incoming")
