"""What a state judges of its sources' statements (who leads, sizes, licences, which model a name means), and how two differ.

A past judgement cannot be told from history: it also rests on the code and the policy of its day. So each run compares the state
that it replaces with the one that it publishes, and the ledger keeps what differs (ops.judgement_changes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from leaderboard_etl.raw.ledger import JudgementChange, Load
from leaderboard_etl.settings import resource

_KEY = ["kind", "subject"]
SCHEMA = pl.Schema({"kind": pl.String, "subject": pl.String, "said_text": pl.String, "said_value": pl.Float64})
_SOURCE = ["source_id", "source_url"]
# A leader is another model, whatever its score; a size is another number, whatever its method.
_IS_OTHER = (
    pl.when(pl.col("kind").str.starts_with("params"))
    .then(pl.col("said_value").ne_missing(pl.col("before_value")))
    .otherwise(pl.col("said_text").ne_missing(pl.col("before_text")))
)


def judgements(con: duckdb.DuckDBPyConnection, models: pl.DataFrame | None) -> pl.DataFrame:
    """What the state judges, by the queries of sql/judgements: one row per kind and subject, with the columns of SCHEMA.

    Of some models, by model_id, and of the names that mean them; null: of all. Of leaders always all, because a score of any
    model may unseat one. Raises duckdb.Error if other code made the state and it lacks what they read.
    """
    with _asked(con, models):
        frames: list[pl.DataFrame] = [
            con.sql(f"select {', '.join(SCHEMA)} from ({query})").pl() for query in _queries()
        ]
    return pl.concat(frame.cast(SCHEMA) for frame in frames)


def with_recorded(before: pl.DataFrame, loads: Iterable[Load]) -> pl.DataFrame:
    """The judgements of a state after loads that it does not hold, by what these recorded."""
    recorded = [
        (each.kind, each.subject, each.after_text, each.after_value)
        for load in loads
        if load.is_applied
        for each in load.judgements or []
    ]
    if not recorded:
        return before
    later = pl.DataFrame(recorded, schema=SCHEMA, orient="row")
    return pl.concat([before, later]).unique(_KEY, keep="last", maintain_order=True)


def changed_judgements(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What differs between two states, sorted: `kind`, `subject`, `before_text`, `before_value`, `said_text`, `said_value`. Of a
    model or a name only if both have it, because history tells which are new or gone; of a leader also where only one of them
    has any."""
    # Nearly all are equal: few are left to be told apart.
    said_before, said_after = before.hash_rows(), after.hash_rows()
    before, after = (
        before.filter(~said_before.is_in(said_after.implode())),
        after.filter(~said_after.is_in(said_before.implode())),
    )
    told = before.select(
        *_KEY,
        pl.col("said_text").alias("before_text"),
        pl.col("said_value").alias("before_value"),
        pl.lit(True).alias("was"),
    )
    both = after.with_columns(pl.lit(True).alias("is_now")).join(told, on=_KEY, how="full", coalesce=True)
    is_in_both = pl.col("was") & pl.col("is_now")
    changed = both.filter((is_in_both.fill_null(False) | (pl.col("kind") == "leader")) & _IS_OTHER)
    return changed.select(*_KEY, "before_text", "before_value", "said_text", "said_value").sort(_KEY)


def with_sources(con: duckdb.DuckDBPyConnection, changed: pl.DataFrame) -> list[JudgementChange]:
    """The same, each with the source of what is judged now; `con` is open at the later state."""
    if changed.is_empty():
        return []
    # Literals reach the tables; links are made of the few that are asked for.
    subjects = ", ".join("'" + subject.replace("'", "''") + "'" for subject in changed["subject"].unique())
    with _asked(con, None):
        frames: list[pl.DataFrame] = [
            con.sql(f"select {', '.join([*_KEY, *_SOURCE])} from ({query}) where subject in ({subjects})").pl()
            for query in _queries()
        ]
    sources = pl.concat(frame.cast(pl.String) for frame in frames)
    rows = changed.join(sources, on=_KEY, how="left", maintain_order="left")
    return [JudgementChange(*row) for row in rows.iter_rows()]


@contextmanager
def _asked(con: duckdb.DuckDBPyConnection, models: pl.DataFrame | None) -> Iterator[None]:
    """Within the block the queries read which models are asked for."""
    every = "select model_id from core.models union select model_id from core.model_aliases"
    con.register("asked_models", con.sql(every).pl() if models is None else models.select("model_id").unique())
    try:
        yield
    finally:
        con.unregister("asked_models")


def _queries() -> Iterator[str]:
    for file in sorted((resource("sql") / "judgements").glob("*.sql")):
        yield file.read_text(encoding="utf-8")
