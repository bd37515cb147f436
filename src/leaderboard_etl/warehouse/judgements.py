"""What a state judges of its sources' statements (who leads, sizes, licences, which model a name means), and how two differ.

A past judgement cannot be told from history: it also rests on the code and the policy of its day. So each run compares the state
that it replaces with the one that it publishes, and the ledger keeps what differs (ops.judgement_changes).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import polars as pl

from leaderboard_etl.raw.ledger import JudgementChange, Load
from leaderboard_etl.settings import resource

_KEY = ["kind", "subject"]
SCHEMA = {
    "kind": pl.String,
    "subject": pl.String,
    "said_text": pl.String,
    "said_value": pl.Float64,
    "source_id": pl.String,
    "source_url": pl.String,
}
# A leader is another model, whatever its score; a size is another number, whatever its method.
_IS_OTHER = (
    pl.when(pl.col("kind").str.starts_with("params"))
    .then(pl.col("said_value").ne_missing(pl.col("before_value")))
    .otherwise(pl.col("said_text").ne_missing(pl.col("before_text")))
)


def judgements(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What the state judges, by the queries of sql/judgements: one row per kind and subject, with the columns of SCHEMA.

    Raises duckdb.Error if other code made the state and it lacks what they read.
    """
    queries = (file.read_text(encoding="utf-8") for file in sorted((resource("sql") / "judgements").glob("*.sql")))
    frames: list[pl.DataFrame] = [con.sql(query).pl().cast(SCHEMA) for query in queries]
    return pl.concat(frames)


def with_recorded(before: pl.DataFrame, loads: Iterable[Load]) -> pl.DataFrame:
    """The judgements of a state after loads that it does not hold, by what these recorded."""
    recorded = [
        (each.kind, each.subject, each.after_text, each.after_value, each.source_id, each.source_url)
        for load in loads
        if load.is_applied
        for each in load.judgements or []
    ]
    later = pl.DataFrame(recorded, schema=SCHEMA, orient="row")
    return pl.concat([before, later]).unique(_KEY, keep="last", maintain_order=True)


def changed_judgements(before: pl.DataFrame, after: pl.DataFrame) -> list[JudgementChange]:
    """What differs between two states, sorted: of a model or a name only if both have it, because history tells which are new or
    gone; of a leader also where only one of them has any."""
    told = before.select(
        *_KEY,
        pl.col("said_text").alias("before_text"),
        pl.col("said_value").alias("before_value"),
        pl.lit(True).alias("was"),
    )
    both = after.with_columns(pl.lit(True).alias("is_now")).join(told, on=_KEY, how="full", coalesce=True)
    is_in_both = pl.col("was") & pl.col("is_now")
    changed = both.filter((is_in_both.fill_null(False) | (pl.col("kind") == "leader")) & _IS_OTHER)
    rows = changed.select(*_KEY, "before_text", "before_value", "said_text", "said_value", "source_id", "source_url")
    return [JudgementChange(*row) for row in rows.sort(_KEY).iter_rows()]
