"""core: the current state of history, judged by the policy in force: of all names, or again of those that news reaches.

The same code judges all names and some of them. So what a night changes is equal to what all would give, if no judgement rests on
another name than those that normalize/reach.py finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.engine import ROW_ID, writing_out
from leaderboard_etl.memory import release_memory
from leaderboard_etl.normalize.evidence import parameter_evidence
from leaderboard_etl.normalize.identity import resolve_names
from leaderboard_etl.normalize.joins import contradicted, subjects
from leaderboard_etl.normalize.lineage import all_bases, bases
from leaderboard_etl.normalize.models import assemble_models
from leaderboard_etl.normalize.settings import ranked_settings
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.sources.as_tables import described
from leaderboard_etl.warehouse.history import is_within, policy_texts
from leaderboard_etl.warehouse.measurements import measured_names
from leaderboard_etl.warehouse.prices import insert_prices
from leaderboard_etl.warehouse.ratings import insert_ratings, insert_series, rated_names
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
from leaderboard_etl.warehouse.scores import (
    corrected_names,
    date_no_later_than,
    first_scores,
    insert_scores,
    model_ranges,
    normalize_open_scores,
)
from leaderboard_etl.warehouse.submissions import insert_submissions

# Rows of the tables of names, models, what these were made from, and evidence of their sizes, by table.
_Named = Mapping[str, pl.DataFrame]


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
    _insert_named(con, _judged_while_writing(con, policy))
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
    _insert_named(con, _judge_names(con, policy, ""))
    _insert_judged(con, policy)


def _insert_judged(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the tables of what is said of the models in core.models."""
    normalize_open_scores(con, policy, "")
    insert_scores(con, model_ranges(con, "history.scores"))
    date_no_later_than(con, first_scores(con))
    con.execute("drop table normalized")
    insert_submissions(con)
    insert_ratings(con, policy)
    insert_prices(con, policy)


def update_core(con: duckdb.DuckDBPyConnection, since_load_id: int) -> None:
    """Brings core, as it was after a load, up to date with history, and keeps what it replaces. The policy must be the same."""
    policy = Policy(policy_texts(con))
    changed = changed_names(con, since_load_id)
    before = model_of_names(con)
    names = names_reached(con, changed, before, since_load_id, policy)
    con.register("reached", names)
    con.register("reached_models", before.join(names, on=NAME, how="semi").select("model_id").unique())
    keep_models(con, since_load_id, "reached_models")
    for table in OF_MODELS:
        con.execute(f"delete from core.{table} where model_id in (from reached_models)")
    _insert_named(con, _judge_names(con, policy, "reached"))
    _replace_settings(con, policy, since_load_id)
    normalize_open_scores(con, policy, "reached")
    date_no_later_than(con, first_scores(con))
    insert_submissions(con, "reached")
    insert_prices(con, policy, "reached")
    now = model_of_names(con)
    con.register("new_models", now.join(before, on="model_id", how="anti").select("model_id").unique())
    keep_new_models(con, since_load_id, "new_models")
    moved = now.join(before, on=before.columns, how="anti", nulls_equal=True).select(NAME)
    corrected = names.join(corrected_names(policy), on=NAME, how="semi")
    con.register("rescored", pl.concat([changed, moved, corrected]).unique())
    keep_names(con, since_load_id, "rescored")
    for table in OF_NAMES:
        con.execute(f"delete from core.{table} where (source_id, source_name) in (from rescored)")
    insert_scores(con, None)
    insert_ratings(con, policy, "rescored")
    con.execute("drop table normalized")
    forget_oldest(con)
    for name in ("reached", "reached_models", "new_models", "rescored"):
        con.unregister(name)


def _judge_names(con: duckdb.DuckDBPyConnection, policy: Policy, within: str) -> _Named:
    """Judges names, all or those `within` a registered frame; writes nothing."""
    statements = _open_rows(con, "history.models", within=within)
    stated_sizes = _open_rows(con, "history.parameter_claims", within=within)
    stated_bases = _open_rows(con, "history.model_bases", within=within)
    scored = pl.concat(
        [
            _open_rows(con, f"history.{table}", "distinct source_id, source_name", within=within)
            for table in ("scores", "submissions")
        ]
        + [measured_names(con, within), rated_names(con, within)]
    ).unique(maintain_order=True)
    aliases = resolve_names(statements, scored, policy.frame("model_aliases"))
    joined = subjects(aliases)
    if joined.height:
        alone = _judge(statements, stated_sizes, stated_bases, joined, policy)
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
    return {
        "core.model_aliases": aliases,
        "core.models": models.sort("model_id"),
        "core.model_bases": judged.parents,
        "core.parameter_evidence": judged.evidence.sort(
            "model_id", "kind", "method", "source_id", "source_name", "precision", "path"
        ),
    }


def _judged_while_writing(con: duckdb.DuckDBPyConnection, policy: Policy) -> _Named:
    """All names, judged by one core in frames; the other compresses history meanwhile."""
    release_memory(con)
    with writing_out(con):
        return _judge_names(con, policy, "")


def _insert_named(con: duckdb.DuckDBPyConnection, named: _Named) -> None:
    for table, frame in named.items():
        _insert(con, table, frame)


def insert_descriptions(con: duckdb.DuckDBPyConnection) -> None:
    """Fills the empty core.sources, core.citations and core.reporters from the descriptions of the sources."""
    for table, frame in described().items():
        _insert(con, table, frame)


def insert_rules(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the empty core.rules and core.settings. A load older than these rules is judged by those of today."""
    _insert(con, "core.rules", _of_its_day(policy, "rules").sort("rule"))
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
    return _open_rows(con, "history.scores", "distinct setting").sort("setting")["setting"]


def _of_its_day(policy: Policy, name: str) -> pl.DataFrame:
    return (policy if name in policy.texts else read_policy()).frame(name)


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


def _open_rows(con: duckdb.DuckDBPyConnection, table: str, what: str = "*", *, within: str = "") -> pl.DataFrame:
    in_order = f"order by {ROW_ID}" if what == "*" else ""
    rows: pl.DataFrame = con.sql(
        f"select {what} from {table} where valid_to is null and {is_within(within)} {in_order}"
    ).pl()
    return rows


def _with_ids(frame: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    return frame.join(
        aliases.select("source_id", "source_name", "model_id"), on=["source_id", "source_name"], how="inner"
    )


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming", frame.select(list(frame_schema(table))))
    con.execute(f"insert into {table} select * from incoming")
    con.unregister("incoming")
