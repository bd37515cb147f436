"""The names that news reaches: what must be judged again when some rows of history were opened or closed."""

from __future__ import annotations

import duckdb
import polars as pl

from leaderboard_etl.normalize.reach import reach
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.history import is_within

# What a name is told by.
NAME = ["source_id", "source_name"]
# The tables of history that say something about a model under a name, but for subtask scores, whose runs have the name.
_NAMING = tuple(
    f"history.{name}"
    for name in (
        "models",
        "parameter_claims",
        "model_bases",
        "scores",
        "submissions",
        "ratings",
        "prices",
    )
)


def reached_names(
    con: duckdb.DuckDBPyConnection, since_load_id: int, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The names that the loads after one reach, as (source_id, source_name), and the models that core has of these, as model_id.
    The policy must be the same since then."""
    names = names_reached(con, changed_names(con, since_load_id), since_load_id, policy)
    con.register("reached_now", names)
    models = model_of_names(con, "reached_now").select("model_id").unique()
    con.unregister("reached_now")
    return names, models


def names_reached(
    con: duckdb.DuckDBPyConnection, changed: pl.DataFrame, since_load_id: int, policy: Policy
) -> pl.DataFrame:
    """The same names, if those that the loads `changed` are known."""
    reached = reach(
        changed["source_name"],
        _names_stated(con, "history.models", "hub_id, display_name, base_model_text", since_load_id),
        _names_stated(con, "history.model_bases", "base_model_text", since_load_id),
        policy,
    )
    con.register("reached_keys", reached.to_frame())
    # Of letters outside ASCII the engine may know another lower case than Polars.
    known: pl.DataFrame = con.sql(
        """
        select source_id, source_name
        from core.model_aliases
        where lower(source_name) in (from reached_keys) or strlen(source_name) <> length(source_name)
        """
    ).pl()
    con.unregister("reached_keys")
    names = pl.concat([known, changed]).unique()
    return names.filter(pl.col("source_name").str.to_lowercase().is_in(reached.implode()))


def changed_names(con: duckdb.DuckDBPyConnection, since_load_id: int) -> pl.DataFrame:
    """(source_id, source_name) of every row that was opened or closed after a load."""
    is_since = "(load_id > $since or closed_load_id > $since)"
    queries = [f"select source_id, source_name from {relation} where {is_since}" for relation in _NAMING]
    # The rows are many, and their runs few.
    measured = f"select run_key from history.measurements where {is_since}"
    queries.append(f"select source_id, source_name from history.runs where run_key in ({measured})")
    names: pl.DataFrame = con.sql(" union ".join(queries), params={"since": since_load_id}).pl()
    return names


def _names_stated(con: duckdb.DuckDBPyConnection, table: str, columns: str, since_load_id: int) -> pl.DataFrame:
    """Names with other columns of the open rows of a table, and of those that were closed after a load."""
    names: pl.DataFrame = con.sql(
        f"select source_name, {columns} from {table} where valid_to is null or closed_load_id > $since",
        params={"since": since_load_id},
    ).pl()
    return names


def model_of_names(con: duckdb.DuckDBPyConnection, within: str) -> pl.DataFrame:
    """Every name of the models of the names `within` a registered frame, with its model, and with what rows of core repeat of
    that."""
    names: pl.DataFrame = con.sql(
        f"""
        with asked as (

            select distinct model_id from core.model_aliases where {is_within(within)}

        )

        select source_id, source_name, model_id, tuning, openness
        from core.model_aliases
        join core.models using (model_id)
        where model_id in (from asked)
        """
    ).pl()
    return names
