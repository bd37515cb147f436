"""What a query of a past day needs: the relations that it names, and all that these are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from leaderboard_etl.contracts.schema import kept_views, tables, views
from leaderboard_etl.settings import resource

# The tables that each analysis fills; its inputs are in sql/inputs, by its name.
TABLES_OF = {
    "lags": ("mart.gap_lag", "mart.gap_lag_daily", "mart.gap_lag_summary"),
    "fits": ("mart.scaling_fit",),
    "bands": ("mart.scaling_band",),
    "capability": ("mart.capability_index", "mart.capability_items", "mart.capability_gap"),
    "parity": ("mart.parity", "mart.parity_sensitivity", "mart.parity_majority"),
    "density": ("mart.capability_density",),
    "density_frontier": ("mart.density_frontier",),
    "dense_equivalent": ("mart.dense_equivalent",),
    "size_to_reach": ("mart.size_to_reach",),
    "price_to_reach": ("mart.price_to_reach",),
    "self_report_gap": ("mart.self_report_gap",),
    "training": ("mart.tokens_per_parameter", "mart.scaling_laws"),
    "article_table": ("mart.article_table",),
}
# What stands in the tables that a run makes for them, the points of every chart and the days of the sides; and results of others.
_OF_THE_RUN = re.compile(r"\b(points|sides)\b")
_GIVEN = ("mart.model_scaling", "mart.lineage", "mart.populations", "mart.gap_sides", "core.comparable_groups")
_ALSO = {
    "density": ("mart.scaling_fit",),
    "density_frontier": ("mart.capability_density",),
    "self_report_gap": ("mart.lineage",),
}
# The claims of an article read all there is.
_EVERYTHING = "mart.paper_claims"
_NAMED = re.compile(r'"?\b(raw|history|core|mart|ops)\b"?(?:\s*\.\s*"?(\w+)"?(\s*\()?)?', re.IGNORECASE)
# Queries about the tables themselves.
_ABOUT_TABLES = re.compile(r"\bduckdb_\w+\s*\(|\binformation_schema\b|\bpragma\b|\bshow\b|\bpg_\w+", re.IGNORECASE)


def needed_by(query: str) -> frozenset[str] | None:
    """The tables and views that a query names and those that they are made from; null: everything, because it may name any."""
    waiting = _named_by(query)
    if waiting is None:
        return None
    needed: set[str] = set()
    while waiting:
        relation = waiting.pop()
        if relation == _EVERYTHING:
            return None
        if relation not in needed:
            needed.add(relation)
            waiting += _made_from(relation)
    return frozenset(needed)


def shown_by(query: str) -> frozenset[str]:
    """Of what a query needs, what is read when it is asked: the tables and views that it names, and those that these views read,
    but not what a kept view or an analysis was made from."""
    waiting = _named_by(query) or []
    shown: set[str] = set()
    while waiting:
        relation = waiting.pop()
        if relation not in shown:
            shown.add(relation)
            if relation in views() and relation not in kept_views():
                waiting += _named_in(views()[relation].sql, relation)
    return frozenset(shown)


def read_by(relation: str, needs: Set[str]) -> frozenset[str]:
    """Of what is needed, what is made from this table or view directly."""
    return frozenset(name for name in needs if relation in _made_from(name))


def _named_by(query: str) -> list[str] | None:
    """The tables and views that a query names; null: it may name any."""
    if _ABOUT_TABLES.search(query):
        return None
    there = {*tables(), *views()}
    named = []
    for schema, name, call in _NAMED.findall(query):
        relation = f"{schema}.{name}".lower()
        if relation in there:
            named.append(relation)
        elif not call:  # a schema alone, or something that it does not hold
            return None
    return named


def _made_from(relation: str) -> Iterator[str]:
    """The tables and views that a view reads, or the analysis that fills a table; of tables of history and core nothing."""
    if relation in views():
        yield from _named_in(views()[relation].sql, relation)
    for analysis, filled in TABLES_OF.items():
        if relation in filled:
            inputs = (resource("sql") / "inputs" / f"{analysis}.sql").read_text(encoding="utf-8")
            yield from _ALSO.get(analysis, ())
            yield from _named_in(inputs, relation)
            if _OF_THE_RUN.search(_code(inputs)):
                yield from _GIVEN


def _named_in(text: str, itself: str) -> Iterator[str]:
    there = {*tables(), *views()} - {itself}
    yield from (f"{schema}.{name}" for schema, name, _ in _NAMED.findall(_code(text)) if f"{schema}.{name}" in there)


def _code(text: str) -> str:
    """SQL without its comments."""
    return re.sub(r"--.*", "", text)
