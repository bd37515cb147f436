"""Which model a name of a source means, and what is known of the models: judged by policy from the open rows of history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import duckdb
import polars as pl

from leaderboard_etl.engine import ROW_ID, writing_out
from leaderboard_etl.memory import release_memory
from leaderboard_etl.normalize.evidence import parameter_evidence
from leaderboard_etl.normalize.identity import resolve_names
from leaderboard_etl.normalize.joins import contradicted, subjects
from leaderboard_etl.normalize.lineage import all_bases, bases
from leaderboard_etl.normalize.models import assemble_models
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.history import is_within
from leaderboard_etl.warehouse.measurements import measured_names
from leaderboard_etl.warehouse.ratings import rated_names

# Rows of the tables of names, models, what these were made from, and evidence of their sizes, by table.
Named = Mapping[str, pl.DataFrame]


class _Judged(NamedTuple):
    """Statements about models under one way of resolving names: what each was made from (the first base, and all of them),
    and the statements about its size."""

    statements: pl.DataFrame
    kin: pl.DataFrame
    parents: pl.DataFrame
    evidence: pl.DataFrame


def judge_names(con: duckdb.DuckDBPyConnection, policy: Policy, within: str) -> Named:
    """Judges names, all or those `within` a registered frame; writes nothing."""
    statements = open_rows(con, "history.models", within=within)
    stated_sizes = open_rows(con, "history.parameter_claims", within=within)
    stated_bases = open_rows(con, "history.model_bases", within=within)
    scored = pl.concat(
        [
            open_rows(con, f"history.{table}", "distinct source_id, source_name", within=within)
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
        not_language=policy.frame("not_language_models", younger=("model_id_pattern", "reason")),
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


def judged_while_writing(con: duckdb.DuckDBPyConnection, policy: Policy) -> Named:
    """All names, judged by one core in frames; the other compresses history meanwhile."""
    release_memory(con)
    with writing_out(con):
        return judge_names(con, policy, "")


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


def open_rows(con: duckdb.DuckDBPyConnection, table: str, what: str = "*", *, within: str = "") -> pl.DataFrame:
    in_order = f"order by {ROW_ID}" if what == "*" else ""
    scope = f"valid_to is null and {is_within(within)}"
    if within and what == "*":  # columns of wide rows are read where the condition holds, and not of all rows
        scope = f"{ROW_ID} in (select {ROW_ID} from {table} where {scope})"
    rows: pl.DataFrame = con.sql(f"select {what} from {table} where {scope} {in_order}").pl()
    return rows


def _with_ids(frame: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    return frame.join(
        aliases.select("source_id", "source_name", "model_id"), on=["source_id", "source_name"], how="inner"
    )
