"""Which model each name means. The rules here are few and exact; everything else is a row of policy/model_aliases.csv."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.normalize.trust import COINED_NAMES, HUB_ANSWERS, NAMES_AS, OUR_NAMES, OWN_NAMES, rank

APART = {"source_id": pl.String(), "lower": pl.String(), "reason": pl.String()}


def resolve_names(
    statements: pl.DataFrame, scored: pl.DataFrame, aliases: pl.DataFrame, apart: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row per (source_id, source_name) with `model_id`, `method` and `reason`, the rows of core.model_aliases.

    `statements` are open rows of history.models, `scored` the (source_id, source_name) of open scores, `aliases` is
    policy/model_aliases.csv (source_id '*' means any; a source with the names of another has its rows and links too). A name
    means, in this order, what an alias row says, the repository that the source's newest table links it to (by its present name,
    if an alias row for any source has one), or itself; then the repository that the Hub answered with when asked for that
    (through all renames).
    `apart`, from joins.contradicted, lists what is not followed: a link of one source, or, with source_id '*', a name that the
    Hub answers with another repository; that answer is about the other one.
    Names that differ in letter case only are one model. A source's own name that leads nowhere is 'unresolved', and so is a
    coined name that no other source has: a model of its own until policy says which it is, never a guess.
    """
    names = (
        pl.concat([statements.select("source_id", "source_name"), scored.select("source_id", "source_name")])
        .unique()
        .sort("source_id", "source_name")
    )
    apart = pl.DataFrame(schema=APART) if apart is None else apart
    renamed = _renames(statements)
    ends = _ends(renamed, aliases)
    trusted = _ends(renamed.join(apart.filter(pl.col("source_id") == "*"), on="lower", how="anti"), aliases)
    moved = _alias_rows(aliases, any_source=True).rename({"lower": "linked_lower", "alias": "moved_to"})
    resolved = (
        names.with_columns(_lower("source_name"))
        .join(_shared(_alias_rows(aliases, any_source=False), "lower"), on=["source_id", "lower"], how="left")
        .join(_alias_rows(aliases, any_source=True), on="lower", how="left", suffix="_any")
        .with_columns(pl.coalesce("alias", "alias_any").alias("alias"))
        .join(_shared(_links(statements), "source_name"), on=["source_id", "source_name"], how="left")
        .join(apart, on=["source_id", "lower"], how="left")
        .with_columns(pl.when(pl.col("reason").is_null()).then("linked_to").alias("linked_to"))
        .with_columns(pl.col("linked_to").str.to_lowercase().alias("linked_lower"))
        .join(moved, on="linked_lower", how="left")
        .with_columns(pl.coalesce("alias", "moved_to", "linked_to", "source_name").alias("named"))
        .with_columns(pl.col("named").str.to_lowercase().alias("named_lower"))
        .join(ends, left_on="named_lower", right_on="lower", how="left")
        .join(trusted, left_on="named_lower", right_on="lower", how="left", suffix="_trusted")
        .with_columns(pl.when(_is_answer()).then("end").otherwise("end_trusted").alias("renamed_to"))
        .with_columns(pl.coalesce("renamed_to", "named").alias("candidate"))
        .join(apart.filter(pl.col("source_id") == "*").drop("source_id"), on="lower", how="left", suffix="_any")
        .with_columns(pl.coalesce("reason", pl.when(~_is_answer()).then("reason_any")).alias("reason"))
        .with_columns(pl.col("candidate").str.to_lowercase().alias("key"))
        .with_columns((~pl.col("source_id").is_in(COINED_NAMES)).any().over("key").alias("is_known"))
    )
    spelt = _spelling(resolved)
    method = (
        pl.when(pl.col("alias").is_not_null())
        .then(pl.lit("alias"))
        .when(pl.col("reason").is_not_null())
        .then(pl.lit("unresolved"))
        .when(pl.col("renamed_to").is_not_null())
        .then(pl.lit("hub_rename"))
        .when(pl.col("linked_to").is_not_null())
        .then(pl.lit("hub_link"))
        .when(pl.col("source_id").is_in(OWN_NAMES) & ~pl.col("source_name").str.contains("/"))
        .then(pl.lit("unresolved"))
        .when(pl.col("source_id").is_in(COINED_NAMES) & ~pl.col("is_known"))
        .then(pl.lit("unresolved"))
        .when(pl.col("source_name") != pl.col("model_id"))
        .then(pl.lit("hub_id_case"))
        .when(pl.col("source_id").is_in(OUR_NAMES))
        .then(pl.lit("reference"))
        .otherwise(pl.lit("hub_id"))
    )
    return (
        resolved.join(spelt, on="key", how="left")
        .with_columns(method.alias("method"))
        .select("source_id", "source_name", "model_id", "method", pl.when(method == "unresolved").then("reason"))
        .sort("source_id", "source_name")
    )


def _lower(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().alias("lower")


def _alias_rows(aliases: pl.DataFrame, *, any_source: bool) -> pl.DataFrame:
    rows = aliases.filter((pl.col("source_id") == "*") == any_source)
    keys = ["lower"] if any_source else ["source_id", "lower"]
    return rows.select("source_id", _lower("source_name"), pl.col("model_id").alias("alias")).select(*keys, "alias")


def _links(statements: pl.DataFrame) -> pl.DataFrame:
    """The repository that the newest table with a link for the name links it to."""
    return (
        statements.filter(pl.col("source_id").is_in(OWN_NAMES) & pl.col("hub_id").is_not_null())
        .sort("path", "hub_id", descending=[True, False])
        .unique(["source_id", "source_name"], keep="first", maintain_order=True)
        .select("source_id", "source_name", pl.col("hub_id").alias("linked_to"))
    )


def _shared(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Aliases or links, with those that a source shares with another source of the same names; its own come first."""
    lent = [
        rows.filter(pl.col("source_id") == lender).with_columns(source_id=pl.lit(to)) for to, lender in NAMES_AS.items()
    ]
    return pl.concat([rows, *lent]).unique(["source_id", name], keep="first", maintain_order=True)


def _renames(statements: pl.DataFrame) -> pl.DataFrame:
    """Answers of the Hub with another name than the one asked for, letter case aside."""
    return (
        statements.filter(_is_answer() & pl.col("hub_id").is_not_null())
        .select(_lower("source_name"), pl.col("hub_id").alias("renamed_to"))
        .filter(pl.col("lower") != pl.col("renamed_to").str.to_lowercase())
        .unique("lower", keep="first", maintain_order=True)
    )


def _ends(renamed: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """The end of the chain that begins at each name of the Hub: lower and end. Rows of policy for any source precede answers of
    the Hub. Names that lead to each other, asked on different days, all end at the first by the alphabet."""
    moves = dict(renamed.select("lower", "renamed_to").iter_rows())
    moves |= dict(_alias_rows(aliases, any_source=True).select("lower", "alias").iter_rows())
    ends = [(name, end) for name in moves if (end := _end(name, moves)).lower() != name]
    return pl.DataFrame(ends, schema={"lower": pl.String, "end": pl.String}, orient="row")


def _end(name: str, moves: dict[str, str]) -> str:
    passed: dict[str, str] = {}
    while name in moves:
        if name in passed:
            circle = list(passed)[list(passed).index(name) :]
            return min((passed[each] for each in circle), key=str.lower)
        passed[name] = moves[name]
        name = moves[name].lower()
    return list(passed.values())[-1]


def _is_answer() -> pl.Expr:
    return pl.col("source_id").is_in(HUB_ANSWERS)


def _spelling(resolved: pl.DataFrame) -> pl.DataFrame:
    """One spelling per model: the alias's or the Hub's own, else that of the first source in the order of trust for spelling,
    else the first by the alphabet."""
    spelling = pl.when(pl.any_horizontal(pl.col("alias", "moved_to", "renamed_to").is_not_null())).then(0)
    return (
        resolved.with_columns(spelling.otherwise(rank("spelling")).alias("rank"))
        .sort("key", "rank", "candidate")
        .group_by("key", maintain_order=True)
        .agg(pl.col("candidate").first().alias("model_id"))
    )
