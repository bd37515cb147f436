"""Which names must be judged again when statements about some of them changed.

A judgement rests on what is stated under the same name, whatever its case, under the names that a link, a redirect, an alias or
a shared display name joins with it, and about the models that it was made from. So these names are judged again: the changed
ones, all that rest on them, and their ancestors, on which these rest. Without any other name they are judged as they are among
all names. It does no harm to reach too far.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from leaderboard_etl.normalize.lineage import bare_name, is_tuned_name, untuned_names
from leaderboard_etl.policy import Policy

_LINK = {"key": pl.String(), "other": pl.String()}


def reach(changed: pl.Series, statements: pl.DataFrame, stated_bases: pl.DataFrame, policy: Policy) -> pl.Series:
    """All names to judge again if statements about the names `changed` did, in lower case.

    `statements` has source_name, hub_id, display_name and base_model_text of the open rows of history.models, and of those that
    were closed since the last judgement; `stated_bases` has source_name and base_model_text of those of history.model_bases.
    """
    same = _links(
        [statements.select("source_name", name) for name in ("hub_id", "display_name")]
        + [policy.frame("model_aliases").select("source_name", "model_id")]
        # The names whose scores policy gives to another model.
        + [policy.frame("corrections", added=("corrected_model_id",)).select("source_name", "corrected_model_id")]
    )
    names = pl.concat(
        [changed.rename("key").to_frame(), statements.select(_key("source_name")), same.select("key")]
    ).unique()
    # Few names are tuned or packed, and each pattern reads all.
    tuned = names.filter(is_tuned_name("key"))
    derived = [names.select("key", bare_name("key").alias("other")).filter(pl.col("key") != pl.col("other"))]
    derived += [tuned.select("key", name.alias("other")) for name in untuned_names("key")]
    up = _links(
        [frame.select("source_name", "base_model_text") for frame in (statements, stated_bases)]
        + [policy.frame("base_models", younger=("model_id", "base_model_id")).select("model_id", "base_model_id")]
        + derived
    )
    same = pl.concat([same, _turned(same)])
    start = changed.str.to_lowercase().rename("key").to_frame().unique()
    below = _spread(start, pl.concat([same, _turned(up)]))
    return _spread(below, pl.concat([same, up]))["key"]


def _spread(start: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The keys that links lead to from the keys of `start`, in any number of steps, and these themselves."""
    found = new = start
    while new.height:
        further = links.join(new, on="key", how="semi").select(pl.col("other").alias("key")).unique()
        new = further.join(found, on="key", how="anti")
        found = pl.concat([found, new])
    return found


def _links(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Pairs of names, in lower case, of frames with two columns each."""
    pairs = [frame.select(_key(frame.columns[0]), _key(frame.columns[1], "other")) for frame in frames]
    return (
        pl.concat([pl.DataFrame(schema=_LINK), *pairs]).drop_nulls().filter(pl.col("key") != pl.col("other")).unique()
    )


def _turned(links: pl.DataFrame) -> pl.DataFrame:
    return links.select(pl.col("other").alias("key"), pl.col("key").alias("other"))


def _key(column: str, name: str = "key") -> pl.Expr:
    return pl.col(column).str.to_lowercase().alias(name)
